"""Brings the schema up to date: ``DATABASE_OWNER_URL=postgresql://… python -m database.migrate``.

Migrations are plain SQL files, ``NNNN_pre_NAME.sql`` (before new code rolls out) or ``NNNN_post_NAME.sql`` (after: with
``--post``). They are applied in order, each in a transaction of its own, under an advisory lock: running it twice, or
from two places at once, applies each once. A database that is newer than this code is refused.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2

from core.session import UnfitDatabase
from database.connection import connect, patiently
from database.settings import database_url

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x69786475  # "ixdu": any number, as long as all runs agree


class Migration(NamedTuple):
    """One file of SQL."""

    version: int
    name: str
    sql: str

    @property
    def post(self) -> bool:
        """Whether it may be applied only when no older code runs any more."""
        return self.name[4:].startswith("_post_")


class NewerDatabaseError(Exception):
    """The database was migrated by newer code."""


def migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """Return the folder's migrations in order."""
    files = sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [Migration(int(file.name[:4]), file.stem, file.read_text(encoding="utf-8")) for file in files]


def migrate(url: str, known: list[Migration], *, post: bool = True) -> list[str]:
    """Apply what is missing: with ``post`` to the last, else to the last one that comes before new code.

    Return the names of what was applied. Raises NewerDatabaseError, UnfitDatabase, and psycopg2.Error where PostgreSQL
    refuses or does not answer.
    """
    connection = connect(url, "ix-migrate")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # until the connection closes
        with connection, connection.cursor() as cursor:
            applied = _applied(cursor)
        newest = max((migration.version for migration in known), default=0)
        if max(applied, default=0) > newest:
            raise NewerDatabaseError(
                f"The database is at version {max(applied)}, this code knows {newest}: use newer code."
            )
        missing = [migration for migration in known if migration.version not in applied]
        while missing and missing[-1].post and not post:
            missing.pop()
        for migration in missing:
            with connection, connection.cursor() as cursor:
                cursor.execute(migration.sql)
                cursor.execute(
                    "INSERT INTO schema_migrations (version, name) VALUES (%s, %s)", [migration.version, migration.name]
                )
        return [migration.name for migration in missing]
    finally:
        connection.close()


def _applied(cursor: Any) -> set[int]:
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations ("
        "version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    cursor.execute("SELECT version FROM schema_migrations")
    return {version for (version,) in cursor.fetchall()}


def main() -> None:
    """Migrate the database that DATABASE_OWNER_URL names."""
    parser = argparse.ArgumentParser(prog="python -m database.migrate", description="Bring the schema up to date.")
    parser.add_argument("--wait", type=float, default=0, metavar="S", help="seconds to wait for the server (0)")
    parser.add_argument("--post", action="store_true", help="also what may only be done when no older code runs")
    arguments = parser.parse_args()
    try:
        action = partial(migrate, database_url("DATABASE_OWNER_URL"), migrations(), post=arguments.post)
        applied = patiently(action, arguments.wait)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    except (NewerDatabaseError, UnfitDatabase, psycopg2.Error) as error:
        sys.exit(f"migrate: {' '.join(str(error).split())}")
    print("\n".join(f"applied {name}" for name in applied) or "the schema is up to date")


if __name__ == "__main__":
    main()
