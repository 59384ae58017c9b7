"""Faults of PostgreSQL: stopped, cut, locked, read-only, full of connections, without its table."""

from __future__ import annotations

import signal
import time
from contextlib import suppress

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in spite of its name

from core.keys import KEYS
from faults.harm import Harm, Seen, comes, keep_doing

MOST_CONNECTIONS = 200


def stop_postgres(number: signal.Signals, harm: Harm) -> Seen:
    """Stop PostgreSQL by a signal; start it again after the time."""
    harm.world.postgres.stop(number)
    time.sleep(harm.seconds)
    harm.world.postgres.start()
    return True


def terminate_backends(harm: Harm) -> Seen:
    """Terminate every connection to PostgreSQL, again and again."""
    terminate = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'ix-%%'"
    return keep_doing(harm.seconds, lambda: harm.world.query(terminate)[0][0])


def read_only(harm: Harm) -> Seen:
    """Let PostgreSQL take no writes (25006), as a standby or a server in maintenance does."""
    harm.world.query("ALTER SYSTEM SET default_transaction_read_only = on")
    harm.world.query("SELECT pg_reload_conf()")
    try:
        seen = comes(lambda: harm.world.client.exists(KEYS.database_away))
        time.sleep(harm.seconds)
    finally:
        harm.world.query("ALTER SYSTEM RESET default_transaction_read_only")
        harm.world.query("SELECT pg_reload_conf()")
    return seen


def lock_table(harm: Harm) -> Seen:
    """Hold an ACCESS EXCLUSIVE lock on the table."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with harm.world.connected() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE dummies IN ACCESS EXCLUSIVE MODE")
        seen = comes(lambda: harm.world.query(waiting)[0][0])
        time.sleep(harm.seconds)
        cursor.execute("COMMIT")
    return seen


def exhaust_connections(harm: Harm) -> Seen:
    """Take all of PostgreSQL's connections, and cut those of the tiers so that they must reconnect."""
    taken: list[Connection] = []
    writer = harm.world.postgres.owner_url
    terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'ix-%%'"
    with harm.world.connected() as cursor:
        cursor.execute("ALTER ROLE dummy_writer CONNECTION LIMIT 0")
        cursor.execute(terminate)
        with suppress(psycopg2.OperationalError):
            while len(taken) < MOST_CONNECTIONS:
                taken.append(psycopg2.connect(writer, connect_timeout=5))
        seen = comes(lambda: harm.world.client.exists(KEYS.database_away))
        time.sleep(harm.seconds)
        for connection in taken:
            connection.close()
        cursor.execute("ALTER ROLE dummy_writer CONNECTION LIMIT -1")
    return seen and bool(taken)


def rename_table(harm: Harm) -> Seen:
    """Rename the table for a while."""
    harm.world.query("ALTER TABLE dummies RENAME TO elsewhere")
    try:
        seen = comes(lambda: harm.world.client.exists(KEYS.database_away))
        time.sleep(harm.seconds)
    finally:
        harm.world.query("ALTER TABLE elsewhere RENAME TO dummies")
    return seen
