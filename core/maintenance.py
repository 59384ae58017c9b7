"""What operators do to the journal as a whole: pause and resume draining, clear the notes of what they looked into."""

from __future__ import annotations

from collections.abc import Sequence

from core.connection import Shard, journal_errors
from core.consumer import LEASE_MS
from core.counts import Pause, read_pause
from core.journal import pending_entries
from core.rollback import Rollback, read_rollback
from core.submission import encode

LOOKED_AT = 1_000
"""Claimed entries that are read at a time."""


class Maintenance:
    """The state that operators set, of all shards. Where one does not answer, the same call does the rest later.

    Every method raises JournalUnavailable when Redis does not answer in time.
    """

    def __init__(self, shards: Sequence[Shard]) -> None:
        """Use these; their clients' timeouts bound every call."""
        self._shards = shards

    @journal_errors()
    def paused(self) -> Pause | None:
        """Return the pause that is in force, if only in one shard."""
        notes = (redis.get(keys.paused) for redis, keys in self._shards)
        return next((read_pause(note) for note in notes if note), None)

    @journal_errors()
    def pause(self, operator: str, reason: str) -> Pause | None:
        """Pause draining; return an earlier pause where all shards had one, which stays. Raises JournalFull."""
        earlier = [_pause(shard, operator, reason) for shard in self._shards]
        return earlier[0] if all(earlier) else None

    @journal_errors()
    def resume(self) -> Pause | None:
        """Resume draining; return the pause that ended."""
        return next((read_pause(note) for note in self._taken("paused") if note), None)

    @journal_errors()
    def held(self) -> int:
        """Return how many entries workers hold at present; those of a dead worker count until their leases expire."""
        return sum(_held(shard) for shard in self._shards)

    @journal_errors()
    def rollbacks(self) -> list[Rollback]:
        """Return the notes of rollbacks, at most one of each shard."""
        return _read([redis.get(keys.set_back) for redis, keys in self._shards])

    @journal_errors()
    def clear_rollbacks(self) -> list[Rollback]:
        """Remove and return them."""
        return _read(self._taken("set_back"))

    @journal_errors()
    def balance_base(self) -> int | None:
        """Return the difference from which the balance is kept."""
        return _sum([redis.get(keys.balance_base) for redis, keys in self._shards])

    @journal_errors()
    def clear_imbalance(self) -> int | None:
        """Forget that difference, and return it: the next heartbeat of a worker notes the present one."""
        return _sum(self._taken("balance_base"))

    def _taken(self, name: str) -> list[bytes | None]:
        """Remove each shard's key of this name, and return what they held."""
        return [redis.getdel(getattr(keys, name)) for redis, keys in self._shards]


def _pause(shard: Shard, operator: str, reason: str) -> Pause | None:
    redis, keys = shard
    seconds, microseconds = redis.time()
    note = encode(Pause(seconds * 1000 + microseconds // 1000, operator, reason))
    while not redis.set(keys.paused, note, nx=True):
        if earlier := redis.get(keys.paused):
            return read_pause(earlier)
    return None


def _held(shard: Shard) -> int:
    held, first = 0, "-"
    while pending := pending_entries(*shard, first, count=LOOKED_AT):
        # what is released or set aside counts no delivery
        held += sum(each["times_delivered"] > 0 and each["time_since_delivered"] < LEASE_MS for each in pending)
        first = f"({pending[-1]['message_id'].decode()}"
    return held


def _sum(notes: Sequence[bytes | None]) -> int | None:
    return sum(int(note or 0) for note in notes) if any(notes) else None


def _read(notes: Sequence[bytes | None]) -> list[Rollback]:
    return [seen for note in notes if (seen := read_rollback(note))]
