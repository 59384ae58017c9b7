"""Waits until the schema has what this code needs: ``DATABASE_URL=postgresql://… python -m database.wait``.

New code may start only when the migrations named ``pre`` are applied; any role that may read the version can check.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from functools import partial

import psycopg2

from database.connection import SchemaMissing, connect, run
from database.migrate import Migration, migrations
from database.settings import database_url


def check(url: str, known: list[Migration]) -> None:
    """Return if the schema has every migration that must be applied before this code runs.

    Raises SchemaMissing, UnfitDatabase, and psycopg2.Error where PostgreSQL refuses or does not answer.
    """
    try:
        with (
            closing(connect(url, "ix-wait", statement_timeout=10, lock_timeout=5)) as session,
            session.cursor() as cursor,
        ):
            cursor.execute("SELECT version FROM schema_migrations")
            applied = {version for (version,) in cursor.fetchall()}
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.InsufficientPrivilege):
        applied = set()  # no migration is applied, or not yet the one that lets this role look
    for migration in known:
        if not migration.post and migration.version not in applied:
            raise SchemaMissing(f"{migration.name} is not applied: run python -m database.migrate")


def main() -> None:
    """Wait; exit with 1 and the reason when the time is up."""
    parser = argparse.ArgumentParser(prog="python -m database.wait", description="Wait for the schema.")
    parser.add_argument("--timeout", type=float, default=300, metavar="S", help="seconds to wait at most (300)")
    arguments = parser.parse_args()
    run("wait", partial(check, database_url("DATABASE_URL"), migrations()), arguments.timeout)


if __name__ == "__main__":
    main()
