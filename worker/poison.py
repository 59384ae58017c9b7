"""Poison: a batch that PostgreSQL refuses is halved until the bad strings stand alone."""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog

from core.claims import Claims, Entry
from core.clocks import BISECT_BUDGET, LEASE
from core.submission import Submission
from worker.store import Poison, Store

log = structlog.get_logger()


class _OutOfTime(Exception):
    pass


class _Isolation:
    """One batch being taken apart, within a budget and with a lease that is renewed on the way."""

    def __init__(self, entries: list[Entry], claims: Claims, store: Store) -> None:
        self.entries, self.claims, self.store = entries, claims, store
        self.until = time.monotonic() + BISECT_BUDGET
        self.renew_at = 0.0

    def bisect(self, submissions: Sequence[Submission], reasons: dict[str, str]) -> int:
        """Store the good ones, note the reason of each bad one, return how many rows were stored."""
        self.tick()
        try:
            return self.store.insert(submissions)
        except Poison as poison:
            if len(submissions) == 1:
                reasons[submissions[0].id] = str(poison)
                return 0
        middle = len(submissions) // 2
        return self.bisect(submissions[:middle], reasons) + self.bisect(submissions[middle:], reasons)

    def tick(self) -> None:
        now = time.monotonic()
        if now > self.until:
            raise _OutOfTime
        if now > self.renew_at:
            self.claims.renew(self.entries)
            self.renew_at = now + LEASE / 3


def isolate(entries: list[Entry], claims: Claims, store: Store) -> int:
    """Store the good strings of a refused batch and bury the bad ones; return how many rows were stored.

    Works entry by entry and takes each settled one out of ``entries``. When the budget is spent, the entry in hand is
    split, so that the next try gets further, and the rest is given back. Raises Outage with ``entries`` unsettled.
    """
    isolation = _Isolation(entries, claims, store)
    rows = 0
    while entries:
        entry, reasons = entries[0], dict[str, str]()
        try:
            rows += isolation.bisect(entry.submissions, reasons)
        except _OutOfTime:
            claims.split(entry)
            claims.release(entries[1:])
            log.warning("out of time", entry=entry.id, given_back=len(entries) - 1)
            return rows
        if reasons:
            log.error("strings buried", entry=entry.id, ids=list(reasons)[:10], count=len(reasons))
            claims.bury(entry, reasons)
        claims.complete([entry], reasons.keys())
        entries.pop(0)
    return rows
