"""What operators do to the journal as a whole: pause and resume draining, clear the notes of what they looked into."""

from __future__ import annotations

from redis import Redis

from core.connection import journal_errors
from core.consumer import LEASE_MS
from core.counts import Pause, read_pause
from core.journal import pending_entries
from core.keys import KEYS, Keys
from core.rollback import Rollback, read_rollback
from core.submission import encode

LOOKED_AT = 1_000
"""Claimed entries that are read at a time."""


class Maintenance:
    """The state that operators set. Every method raises JournalUnavailable when Redis does not answer in time."""

    def __init__(self, redis: Redis, keys: Keys = KEYS) -> None:
        """Use this client; its timeouts bound every call."""
        self._redis, self._keys = redis, keys

    @journal_errors()
    def paused(self) -> Pause | None:
        """Return the pause that is in force."""
        note = self._redis.get(self._keys.paused)
        return read_pause(note)

    @journal_errors()
    def pause(self, operator: str, reason: str) -> Pause | None:
        """Pause draining; return an earlier pause, which then stays as it is. Raises JournalFull."""
        seconds, microseconds = self._redis.time()
        note = encode(Pause(seconds * 1000 + microseconds // 1000, operator, reason))
        while not self._redis.set(self._keys.paused, note, nx=True):
            if earlier := self.paused():
                return earlier
        return None

    @journal_errors()
    def resume(self) -> Pause | None:
        """Resume draining; return the pause that ended."""
        note = self._redis.getdel(self._keys.paused)
        return read_pause(note)

    @journal_errors()
    def held(self) -> int:
        """Return how many entries workers hold at present; those of a dead worker count until their leases expire."""
        held, first = 0, "-"
        while pending := pending_entries(self._redis, self._keys, first, count=LOOKED_AT):
            # what is released or set aside counts no delivery
            held += sum(each["times_delivered"] > 0 and each["time_since_delivered"] < LEASE_MS for each in pending)
            first = f"({pending[-1]['message_id'].decode()}"
        return held

    @journal_errors()
    def rollback(self) -> Rollback | None:
        """Return the note of a rollback."""
        return read_rollback(self._redis.get(self._keys.set_back))

    @journal_errors()
    def clear_rollback(self) -> Rollback | None:
        """Remove the note of a rollback, and return it."""
        return read_rollback(self._redis.getdel(self._keys.set_back))

    @journal_errors()
    def balance_base(self) -> int | None:
        """Return the difference from which the balance is kept."""
        base = self._redis.get(self._keys.balance_base)
        return None if base is None else int(base)

    @journal_errors()
    def clear_imbalance(self) -> int | None:
        """Forget that difference, and return it: the next heartbeat of a worker notes the present one."""
        base = self._redis.getdel(self._keys.balance_base)
        return None if base is None else int(base)
