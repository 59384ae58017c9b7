"""Brings the schema up to date: ``DATABASE_OWNER_URL=postgresql://… python -m database.migrate``.

Migrations are plain SQL files, ``NNNN_pre_NAME.sql`` (before new code rolls out) or ``NNNN_post_NAME.sql`` (after: with
``--post``). They are applied in order, each in a transaction of its own, under an advisory lock: repeated or concurrent
runs apply each once. A database that is newer than this code is refused.

A file whose first line is ``-- no transaction`` holds a statement that cannot run in one, such as CREATE INDEX
CONCURRENTLY. It is applied again after an interruption, so it must be safe to repeat.
"""

from __future__ import annotations

import argparse
import random
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class in spite of its name

from core.errors import DummiesError
from database.connection import LOCK_TIMEOUT, connect, run
from database.deadline import Session
from database.settings import database_url

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x69786475  # "ixdu": any number, as long as all runs agree
LONGEST_STATEMENT = 3600
"""Seconds that a statement outside a transaction may take: building an index waits for running transactions."""


class Migration(NamedTuple):
    """One file of SQL."""

    version: int
    name: str
    sql: str

    @property
    def post(self) -> bool:
        """Whether it must wait until no older code runs."""
        return self.name[4:].startswith("_post_")

    @property
    def in_transaction(self) -> bool:
        """Whether it is applied as a whole or not at all."""
        return not self.sql.startswith("-- no transaction\n")


class NewerDatabaseError(DummiesError):
    """The database was migrated by newer code."""


def migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """Return the folder's migrations in order."""
    files = sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [Migration(int(file.name[:4]), file.stem, file.read_text(encoding="utf-8")) for file in files]


def migrate(url: str, known: list[Migration], *, post: bool = True) -> list[str]:
    """Apply what is missing: with ``post`` all of it, else up to the last ``pre`` migration.

    Return the names of what was applied. Raises NewerDatabaseError, UnfitDatabase, and psycopg2.Error where PostgreSQL
    refuses or does not answer.
    """
    with closing(connect(url, "ix-migrate-lock")) as lock, closing(connect(url, "ix-migrate")) as session:
        _lock(lock)
        missing = _missing(_applied(session), known, post=post)
        for migration in missing:
            if not migration.in_transaction:
                _apply_alone(url, migration)
            _apply(session, migration)
        return [migration.name for migration in missing]


def pending(url: str, known: list[Migration], *, post: bool = True) -> list[str]:
    """Return the names of what ``migrate`` would apply, and change nothing. Raises as it does."""
    with closing(connect(url, "ix-migrate")) as session, session.cursor() as cursor:
        cursor.execute("SELECT to_regclass('schema_migrations') IS NOT NULL")
        applied = _versions(cursor) if cursor.fetchone() == (True,) else set()
        return [migration.name for migration in _missing(applied, known, post=post)]


def _missing(applied: set[int], known: list[Migration], *, post: bool) -> list[Migration]:
    newest = max((migration.version for migration in known), default=0)
    if max(applied, default=0) > newest:
        raise NewerDatabaseError(
            f"The database is at version {max(applied)}, this code knows {newest}: use newer code."
        )
    missing = [migration for migration in known if migration.version not in applied]
    while missing and missing[-1].post and not post:
        missing.pop()
    return missing


def _lock(session: Session) -> None:
    """Lock until the transaction ends: a session's lock would stay in a transaction pooler.

    The session has no other use, and it polls for the lock instead of waiting in a statement: either would hold up
    CREATE INDEX CONCURRENTLY. Raises psycopg2.errors.LockNotAvailable.
    """
    session.set_session(isolation_level="READ COMMITTED", autocommit=False)
    deadline = time.monotonic() + LOCK_TIMEOUT
    with session.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if cursor.fetchone() == (True,):
                break
            session.rollback()
            if time.monotonic() > deadline:
                raise psycopg2.errors.LockNotAvailable("another migration has been running for too long")
            time.sleep(random.uniform(0.1, 0.3))  # noqa: S311
        cursor.execute(
            "SELECT set_config(name, '0', true) FROM pg_settings"
            " WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')"
        )


def _apply_alone(url: str, migration: Migration) -> None:
    session = connect(url, "ix-migrate", LONGEST_STATEMENT, LONGEST_STATEMENT)
    with closing(session), session.cursor() as cursor:
        cursor.execute(migration.sql)


def _apply(session: Session, migration: Migration) -> None:
    with session, session.cursor() as cursor:
        if migration.in_transaction:
            cursor.execute(migration.sql)
        cursor.execute(
            "INSERT INTO schema_migrations (version, name) VALUES (%s, %s)", [migration.version, migration.name]
        )


def _applied(session: Session) -> set[int]:
    with session, session.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations ("
            "version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        return _versions(cursor)


def _versions(cursor: Cursor) -> set[int]:
    cursor.execute("SELECT version FROM schema_migrations")
    return {version for (version,) in cursor.fetchall()}


def main() -> None:
    """Migrate the database that DATABASE_OWNER_URL names."""
    parser = argparse.ArgumentParser(prog="python -m database.migrate", description="Bring the schema up to date.")
    parser.add_argument("--wait", type=float, default=0, metavar="S", help="seconds to wait for the server (0)")
    parser.add_argument("--post", action="store_true", help="also apply what must wait until no older code runs")
    parser.add_argument("--dry-run", action="store_true", help="list what would be applied, and change nothing")
    arguments = parser.parse_args()
    action, done = (pending, "would apply") if arguments.dry_run else (migrate, "applied")
    names = run(
        "migrate",
        partial(action, database_url("DATABASE_OWNER_URL"), migrations(), post=arguments.post),
        arguments.wait,
    )
    print("\n".join(f"{done} {name}" for name in names) or "the schema is up to date")


if __name__ == "__main__":
    main()
