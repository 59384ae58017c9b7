"""What a worker watches the journal for: whether there is work, and entries that no process holds any more."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from redis import Redis
from redis.exceptions import ResponseError

from core.connection import journal_errors
from core.consumer import LEASE_MS, LONGEST_PAUSE_MS
from core.journal import load_script
from core.keys import ASIDE_CONSUMER, CONSUMER, GROUP, KEYS, Keys
from core.timeouts import ABANDONED_AFTER, LEASE, WORKER_SILENT_AFTER

LOOKED_AT = 1_000
"""The most held entries that are looked at."""
FORGOTTEN_AFTER = 2 * (LONGEST_PAUSE_MS + LEASE_MS) / 1000
"""Seconds without a try after which an entry that is set aside may have been forgotten, or an outage goes on."""


class Held(NamedTuple):
    """An entry that some worker holds, and how often it was delivered."""

    id: str
    deliveries: int


class Watch:
    """One worker's view of the journal. Every method raises JournalUnavailable when Redis does not answer in time."""

    def __init__(self, redis: Redis, keys: Keys = KEYS) -> None:
        """Use this client; its time-outs bound every call."""
        self._redis, self._keys = redis, keys
        self._heartbeat = load_script(redis, "heartbeat")
        self._held_since: dict[Held, float] = {}

    def heartbeat(self, worker: str) -> tuple[int, bool]:
        """Say that this worker is there; return the entries to be drained and whether PostgreSQL is unavailable."""
        k = self._keys
        keys = [k.workers, k.journal, k.database_away, k.set_aside, k.balance_base]
        keys += [k.appended, k.waiting, k.stored, k.failed, k.discarded, k.retried]
        arguments = [worker, int(WORKER_SILENT_AFTER * 1000), max(LEASE_MS, LONGEST_PAUSE_MS)]
        with journal_errors():
            entries, away = self._heartbeat(keys, arguments)
        return entries, bool(away)

    def expire_abandoned(self) -> Sequence[str]:
        """End the leases of entries that were held, without a break, for longer than a task may take; return their ids.

        By Redis' clock alone a lease would last for as long as that clock was put back. Time is taken by our own clock,
        from one call to the next.
        """
        now = time.monotonic()
        held = [Held(*each[:2]) for each in self._pending(CONSUMER) if each[2] < LEASE]
        self._held_since = {each: self._held_since.get(each, now) for each in held}
        abandoned = [each.id for each, since in self._held_since.items() if now - since > ABANDONED_AFTER]
        abandoned += self._forgotten()
        if abandoned:
            with journal_errors():
                self._redis.xclaim(self._keys.journal, GROUP, CONSUMER, 0, abandoned, idle=LEASE_MS, justid=True)
        return abandoned

    def _forgotten(self) -> list[str]:
        """Return entries that were set aside and are not in the set that says when they are due: it was deleted."""
        late = [each[0] for each in self._pending(ASIDE_CONSUMER) if each[2] > FORGOTTEN_AFTER]
        with journal_errors():
            return [entry for entry in late if self._redis.zscore(self._keys.set_aside, entry) is None]

    def _pending(self, consumer: str) -> list[tuple[str, int, float]]:
        """Return the entries of a consumer: id, deliveries, and seconds since the last one by Redis' clock."""
        with journal_errors():
            try:
                found = self._redis.xpending_range(
                    self._keys.journal, GROUP, "-", "+", LOOKED_AT, consumername=consumer
                )
            except ResponseError as error:
                if "NOGROUP" in str(error):  # no worker has claimed anything yet
                    return []
                raise
        return [
            (each["message_id"].decode(), each["times_delivered"], each["time_since_delivered"] / 1000)
            for each in found
        ]
