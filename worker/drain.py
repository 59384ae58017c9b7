"""Draining: the journal's strings, batch by batch, into PostgreSQL. Next on a string's way is ``worker/store.py``."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from core.claims import Batch, Claims, Entry, Turn
from core.clocks import DRAIN_BUDGET
from core.errors import JournalAway
from worker.poison import isolate
from worker.store import Outage, Poison, Store

log = structlog.get_logger()

LINGER, LINGER_STEP = 0.1, 0.025
"""A drain that stored something looks again every 25 ms until 100 ms were idle: under a steady load that costs fewer
wake-ups, and makes larger batches, than a wake-up for each handful."""

MAX_DELIVERIES, MAX_LONE_DELIVERIES = 3, 6
"""Deliveries that may come to nothing before an entry is split, and before its only string is buried. Most do for what
happens around them: a worker is killed for another reason, or Redis is away when the rows are stored."""


def drain(claims: Claims, store: Store, wake: Callable[[], None]) -> int:
    """Store what waits, for about 3 s at most; return how many rows were stored.

    ``wake`` is called when there is more than one process can take at once. Nothing is raised when Redis or PostgreSQL
    is away: what was claimed is given back, or returns when its lease has run out.
    """
    drain_ = _Drain(claims, store, wake)
    try:
        drain_.run()
    except JournalAway:
        log.warning("Redis does not answer; what was claimed returns when its lease has run out")
    return drain_.rows


class _Drain:
    def __init__(self, claims: Claims, store: Store, wake: Callable[[], None]) -> None:
        self.claims, self.store, self.wake = claims, store, wake
        self.rows = 0
        self.turn = Turn.GO

    def run(self) -> None:
        """Drain until the journal is empty and stays so for a moment, PostgreSQL is away, or the time is up.

        After an outage no drain is woken: the timer's tries are enough.
        """
        self.turn = self.claims.start()
        if self.turn is Turn.REST:
            return
        now = time.monotonic()
        until, idle_from, last_look = now + DRAIN_BUDGET, now, False
        while time.monotonic() < until:
            batch = self.claims.claim()
            if batch.entries or self.turn is Turn.PROBE:
                if not self.store_batch(batch):
                    return
                idle_from = time.monotonic()
            elif last_look:
                return
            elif not self.rows or time.monotonic() > idle_from + LINGER:
                self.claims.finish()
                last_look = True
            else:
                time.sleep(LINGER_STEP)
        self.claims.finish()
        self.wake()

    def store_batch(self, batch: Batch) -> bool:
        """Settle a batch; return whether PostgreSQL answered."""
        if batch.full:
            self.wake()
        stored = _settle(batch.entries, self.claims, self.store)
        if stored is None:
            return False
        self.rows += stored
        if self.turn is Turn.PROBE:
            self.turn = Turn.GO
            self.claims.database_back()
            log.info("PostgreSQL answers again")
        return True


def _settle(entries: list[Entry], claims: Claims, store: Store) -> int | None:
    """Store a batch and take it off the journal; None when PostgreSQL is away and the batch was given back."""
    try:
        if len(entries) == 1 and _is_suspect(entries[0]):
            _set_apart(entries[0], claims, store)
            return 0
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


def _is_suspect(entry: Entry) -> bool:
    """Tell whether an entry seems to kill whoever handles it."""
    return entry.deliveries > (MAX_DELIVERIES if len(entry.submissions) > 1 else MAX_LONE_DELIVERIES)


def _set_apart(entry: Entry, claims: Claims, store: Store) -> None:
    """Split an entry that has killed its worker again and again; bury a single string that has, unless it is stored."""
    if len(entry.submissions) > 1:
        log.warning("entry split", entry=entry.id, deliveries=entry.deliveries)
        claims.split(entry)
        return
    if store.holds(entry.submissions[0].id):
        claims.complete([entry])
        return
    log.error("string buried", id=entry.submissions[0].id, deliveries=entry.deliveries)
    reason = f"Storing this string alone came to nothing {entry.deliveries - 1} times: it may kill the worker."
    claims.bury(entry, {entry.submissions[0].id: reason})
    claims.complete([entry], {entry.submissions[0].id})
