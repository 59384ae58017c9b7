"""Faults of PostgreSQL that concern what is stored: rows refused or slow, other settings, other numbers."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.keys import KEYS
from core.submission import Submission
from core.timeouts import GRACE_PERIOD, STATEMENT_TIMEOUT
from faults.harm import Harm, Seen, comes
from faults.world import World

ALL, SOME, SLOW = "true", "hashtext(NEW.text) & 15 = 0", "split_part(NEW.text, ' ', 1) ~ '-slow$'"
"""Which rows a trigger acts upon; those that are refused now and then are not poison."""
TRIGGER = """
CREATE SEQUENCE planted;
CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF {rows} THEN PERFORM nextval('public.planted'); {act}; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER planted BEFORE INSERT ON dummies FOR EACH ROW EXECUTE FUNCTION planted()
"""
RIGHTS = (
    (
        "INSERT ON dummies FROM dummy_writer",
        f"INSERT ({', '.join(Submission.__struct_fields__)}) ON dummies TO dummy_writer",
    ),
    ("SELECT ON dummies FROM dummy_writer", "SELECT (id) ON dummies TO dummy_writer"),
    ("USAGE ON SCHEMA public FROM PUBLIC", "USAGE ON SCHEMA public TO PUBLIC"),
)
"""What is revoked, and what is granted afterwards."""
ROLE_SETTINGS = {
    "client_encoding": "EUC_KR",
    "synchronous_commit": "off",
    "search_path": "pg_temp",
    "default_transaction_isolation": "serializable",
}
ENVIRONMENT = {"PGCLIENTENCODING": "SQL_ASCII", "PGOPTIONS": "-c synchronous_commit=off", "PGTZ": "Asia/Seoul"}
ROW_TAKES = 0.03
ACTIVE = "FROM pg_stat_activity WHERE application_name = 'ix-worker' AND state = 'active'"
LONG = f"SELECT count(*) {ACTIVE} AND clock_timestamp() - query_start > '{STATEMENT_TIMEOUT * 0.9} s'"
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE starts_with(application_name, 'ix-')"
SINCE = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ix-worker' AND backend_start > %s"


def refuse_all(harm: Harm) -> Seen:
    """Refuse every row with an error that no one listed."""
    with _trigger(harm.world, ALL, _raise("P0001")) as acted:
        return _lasts(harm, acted)


def refuse_some(sqlstate: str, harm: Harm) -> Seen:
    """Refuse some rows for a while, though their texts are fit to be stored."""
    with _trigger(harm.world, SOME, _raise(sqlstate)):
        return _lasts(harm, lambda: harm.world.client.zcard(KEYS.set_aside))


def slow_down(harm: Harm) -> Seen:
    """Make every row slow, so that a batch takes longer than a statement may."""
    with _trigger(harm.world, ALL, f"PERFORM pg_sleep({ROW_TAKES})"):
        return _lasts(harm, lambda: harm.world.query(LONG)[0][0])


def slow_string(harm: Harm) -> Seen:
    """Send a string that takes longer than a statement may, for as long as this lasts."""
    with _trigger(harm.world, SLOW, f"PERFORM pg_sleep({2 * STATEMENT_TIMEOUT})") as acted:
        sent = comes(lambda: harm.world.clients.send_one("slow") == "acknowledged")
        return _lasts(harm, lambda: acted() and harm.world.query(LONG)[0][0]) and sent


def revoke_rights(harm: Harm) -> Seen:
    """Revoke one of the worker's rights."""
    taken, given = harm.random.choice(RIGHTS)
    harm.world.query(f"REVOKE {taken}")
    try:
        return _lasts(harm, lambda: harm.world.client.exists(KEYS.database_away))
    finally:
        harm.world.query(f"GRANT {given}")


def restart_sequence(harm: Harm) -> Seen:
    """Have the rows' numbers begin again, as after a cut-over to a logical replica."""
    harm.world.query("ALTER TABLE dummies ALTER COLUMN seq RESTART WITH 1")
    try:
        return _lasts(harm, lambda: harm.world.client.exists(KEYS.database_away))
    finally:
        harm.world.query("SELECT setval(pg_get_serial_sequence('dummies', 'seq'), max(seq)) FROM dummies")


def set_role(harm: Harm) -> Seen:
    """Give the tiers' roles settings that would break storing; then crash PostgreSQL."""
    for role in ("dummy_writer", "dummy_reader"):
        for name, value in ROLE_SETTINGS.items():
            harm.world.query(f"ALTER ROLE {role} SET {name} = '{value}'")
    try:
        [[cut_at]] = harm.world.query("SELECT clock_timestamp()")
        harm.world.query(CUT)
        return _lasts(harm, lambda: harm.world.query(SINCE, cut_at)[0][0])
    finally:
        for role in ("dummy_writer", "dummy_reader"):
            harm.world.query(f"ALTER ROLE {role} RESET ALL")
        harm.world.postgres.stop(signal.SIGQUIT)  # what was stored without waiting for the disk is lost
        harm.world.postgres.start()


def change_environment(harm: Harm) -> Seen:
    """Run a third worker, whose environment sets its sessions' settings."""
    worker = harm.world.start_worker(ENVIRONMENT)
    seen = _lasts(harm, lambda: "succeeded" in harm.world.log_of(worker))
    worker.terminate(GRACE_PERIOD)
    return seen


def _lasts(harm: Harm, condition: Callable[[], Any]) -> Seen:
    """Wait until a condition holds, then for as long as the harm is to last."""
    seen = comes(condition)
    time.sleep(harm.seconds)
    return seen


def _raise(sqlstate: str) -> str:
    return f"RAISE EXCEPTION 'planted' USING ERRCODE = '{sqlstate}'"


@contextmanager
def _trigger(world: World, rows: str, act: str) -> Iterator[Callable[[], bool]]:
    """Have a trigger act upon rows that are inserted; yield what tells whether it did."""
    world.query(TRIGGER.format(rows=rows, act=act))
    try:
        yield lambda: bool(world.query("SELECT is_called FROM planted")[0][0])
    finally:
        world.query("DROP TRIGGER planted ON dummies; DROP FUNCTION planted; DROP SEQUENCE planted")
