"""What a worker watches the journal for: work to do, and entries that no process holds any more."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from redis import Redis

from core.connection import journal_errors
from core.consumer import LEASE_MS, LONGEST_PAUSE_MS
from core.counts import Pause, read_pause
from core.journal import pending_entries
from core.keys import ASIDE_CONSUMER, CONSUMER, GROUP, KEYS, Keys
from core.scripts import load_script
from core.timeouts import ABANDONED_AFTER, WORKER_SILENT_AFTER

LOOKED_AT = 1_000
"""The most entries of a consumer that are looked at."""
FORGOTTEN_AFTER_MS = 2 * (LONGEST_PAUSE_MS + LEASE_MS)
"""An entry set aside and not tried for this long was forgotten, unless there is an outage."""


class Heartbeat(NamedTuple):
    """What a heartbeat met: entries that are not set aside, the mark of PostgreSQL's outage, a pause of draining."""

    entries: int
    database_unavailable: bool
    paused: Pause | None


class Held(NamedTuple):
    """An entry that some worker holds, and how often it was delivered."""

    id: str
    deliveries: int


class Watch:
    """One worker's view of the journal. Every method raises JournalUnavailable when Redis does not answer in time."""

    def __init__(self, redis: Redis, keys: Keys = KEYS) -> None:
        """Use this client; its timeouts bound every call."""
        self._redis, self._keys = redis, keys
        self._heartbeat = load_script(redis, "heartbeat")
        self._held_since: dict[Held, float] = {}

    @journal_errors()
    def heartbeat(self, worker: str) -> Heartbeat:
        """Record a heartbeat; return the state that it met."""
        k = self._keys
        keys = [k.workers, k.journal, k.database_away, k.set_aside, k.balance_base]
        keys += [k.appended, k.waiting, k.stored, k.failed, k.discarded, k.retried, k.paused]
        arguments = [worker, int(WORKER_SILENT_AFTER * 1000), max(LEASE_MS, LONGEST_PAUSE_MS)]
        entries, unavailable, paused = self._heartbeat(keys, arguments)
        return Heartbeat(entries, bool(unavailable), read_pause(paused))

    @journal_errors()
    def expire_abandoned(self) -> Sequence[str]:
        """End the leases of entries that were held without a break for longer than a task may take; return their ids.

        By Redis' clock alone a lease would last longer by as much as that clock was set back. This process' own clock
        decides, from one call to the next.
        """
        now = time.monotonic()
        held = [
            Held(each["message_id"].decode(), each["times_delivered"])
            for each in self._pending(CONSUMER)
            if each["time_since_delivered"] < LEASE_MS
        ]
        self._held_since = {each: self._held_since.get(each, now) for each in held}
        abandoned = [each.id for each, since in self._held_since.items() if now - since > ABANDONED_AFTER]
        abandoned += self._forgotten()
        if abandoned:
            self._redis.xclaim(self._keys.journal, GROUP, CONSUMER, 0, abandoned, idle=LEASE_MS, justid=True)
        return abandoned

    def _forgotten(self) -> list[str]:
        """Return entries that are set aside but missing from the set that says when they are due: it was deleted."""
        return [
            each["message_id"].decode()
            for each in self._pending(ASIDE_CONSUMER)
            if each["time_since_delivered"] > FORGOTTEN_AFTER_MS
            and self._redis.zscore(self._keys.set_aside, each["message_id"]) is None
        ]

    def _pending(self, consumer: str) -> list[dict[str, Any]]:
        return pending_entries(self._redis, self._keys, count=LOOKED_AT, consumer=consumer)
