"""Draining: the journal's strings, batch by batch, into PostgreSQL. Next on a string's way is ``worker/store.py``."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from core.claims import Claims, Entry, Turn
from core.clocks import DRAIN_BUDGET
from core.errors import JournalAway
from worker.poison import isolate
from worker.store import Outage, Poison, Store

log = structlog.get_logger()

MAX_DELIVERIES = 3
"""Deliveries that may end in a worker's death before the entry is split, or its only string buried."""


def drain(claims: Claims, store: Store, wake: Callable[[], None]) -> int:
    """Store what waits, for about 3 s at most; return how many rows were stored.

    ``wake`` is called when there is more than one process can take at once. Nothing is raised when Redis or PostgreSQL
    is away: what was claimed is given back, or returns when its lease has run out.
    """
    rows = 0
    try:
        turn = claims.start()
        until = time.monotonic() + DRAIN_BUDGET
        while turn is not Turn.REST and time.monotonic() < until:
            batch = claims.claim()
            if batch.full:
                wake()
            if not batch.entries and turn is Turn.GO:
                break
            stored = _settle(batch.entries, claims, store)
            if stored is None:
                break
            rows += stored
            if turn is Turn.PROBE:
                claims.database_back()
                log.info("PostgreSQL answers again")
                turn = Turn.GO
                wake()
    except JournalAway:
        log.warning("Redis does not answer; what was claimed returns when its lease has run out")
    return rows


def _settle(entries: list[Entry], claims: Claims, store: Store) -> int | None:
    """Store a batch and take it off the journal; None when PostgreSQL is away and the batch was given back."""
    if len(entries) == 1 and entries[0].deliveries > MAX_DELIVERIES:
        _set_apart(entries[0], claims)
        return 0
    try:
        if not entries:
            store.ping()
            return 0
        rows = store.insert([submission for entry in entries for submission in entry.submissions])
        claims.complete(entries)  # only now: the commit has returned
    except Poison:
        return _settle_poisoned(entries, claims, store)
    except Outage as outage:
        _give_back(entries, claims, outage)
        return None
    return rows


def _settle_poisoned(entries: list[Entry], claims: Claims, store: Store) -> int | None:
    try:
        return isolate(entries, claims, store)
    except Outage as outage:
        _give_back(entries, claims, outage)
        return None


def _give_back(entries: list[Entry], claims: Claims, outage: Outage) -> None:
    log.warning("PostgreSQL is away", reason=str(outage))
    claims.release(entries)
    claims.database_away()


def _set_apart(entry: Entry, claims: Claims) -> None:
    """Split an entry that has killed its worker again and again; bury a single string that has."""
    if len(entry.submissions) > 1:
        log.warning("entry split", entry=entry.id, deliveries=entry.deliveries)
        claims.split(entry)
        return
    log.error("string buried", id=entry.submissions[0].id, deliveries=entry.deliveries)
    reason = f"The worker died {entry.deliveries - 1} times while it stored this string alone."
    claims.bury(entry, {entry.submissions[0].id: reason})
    claims.complete([entry], {entry.submissions[0].id})
