"""The counters: how many strings are where, and whether every accepted one is accounted for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from core.retries import parse_retry_state
from core.rollback import Rollback, read_rollback


class Pause(msgspec.Struct, frozen=True):
    """Since when draining has been paused (ms since 1970), and which operator paused it, why."""

    at_ms: int
    operator: str
    reason: str


_decode_pause = msgspec.json.Decoder(Pause).decode


class Counts(NamedTuple):
    """State of the journal; ``oldest_s`` is None when nothing waits, ``unavailable_since`` (s) when PostgreSQL answers.

    ``appended`` counts all strings ever appended; ``set_back`` is the note of a rollback. ``waiting`` includes the
    strings that are set aside because they failed alone; ``aside_reason`` is why the one that is tried next failed.
    ``stored`` counts the strings of a repeated request again, ``inserted`` only new rows. ``paused`` is None while
    workers drain the journal. ``pending`` counts entries.
    """

    waiting: int
    stored: int
    failed: int
    oldest_s: float | None
    workers: int
    unavailable_since: float | None
    appended: int
    set_back: Rollback | None
    discarded: int
    retried: int
    balance_base: int | None
    entries: int
    set_aside: int
    aside_reason: str | None
    inserted: int
    paused: Pause | None
    pending: int

    @property
    def imbalance(self) -> int:
        """Appended strings less those that the other counters know."""
        return self.appended - self.stored - self.failed - self.discarded - self.retried - self.waiting

    @property
    def unaccounted(self) -> int:
        """Appended strings that the counters do not account for; 0 while the promise's invariant holds.

        Every appended string is stored, waiting, failed or discarded, or was retried and so appended again. Where the
        counters balance but contradict the stream, what waits is unaccounted for.
        """
        # None: no worker has kept the balance yet
        out = 0 if self.balance_base is None else self.imbalance - self.balance_base
        holds = self.waiting >= self.entries if self.entries else not self.waiting
        return out if out or holds else max(self.waiting, self.entries)


_SUMS = (
    "waiting",
    "stored",
    "failed",
    "appended",
    "discarded",
    "retried",
    "entries",
    "set_aside",
    "inserted",
    "pending",
)


def added_up(shards: Sequence[Counts]) -> Counts:
    """Return the counts of one shard or more as those of one.

    Of what is a note, or a reason, it is that of the first shard that has one. Workers are the fewest of a shard.
    """
    if len(shards) == 1:
        return shards[0]
    # a shard whose balance is not kept yet counts as balanced
    bases = [shard.balance_base if shard.balance_base is not None else shard.imbalance for shard in shards]
    return shards[0]._replace(
        **{field: sum(getattr(shard, field) for shard in shards) for field in _SUMS},
        oldest_s=max((shard.oldest_s for shard in shards if shard.oldest_s is not None), default=None),
        workers=min(shard.workers for shard in shards),
        unavailable_since=min((at for shard in shards if (at := shard.unavailable_since)), default=None),
        balance_base=sum(bases),
        set_back=next((shard.set_back for shard in shards if shard.set_back), None),
        aside_reason=next((shard.aside_reason for shard in shards if shard.aside_reason), None),
        paused=next((shard.paused for shard in shards if shard.paused), None),
    )


def parse_counts(reply: Sequence[Any]) -> Counts:
    """Return the reply of ``counts.lua``, which has the values of all fields in their order."""
    return Counts(**{name: _READ.get(name, int)(value) for name, value in zip(Counts._fields, reply, strict=True)})


def read_pause(note: bytes | None) -> Pause | None:
    """Return the pause that a note tells of; whatever there is pauses draining, also what cannot be read."""
    if not note:
        return None
    try:
        return _decode_pause(note)
    except msgspec.DecodeError:
        return Pause(0, "unknown", "the note of it cannot be read")


_READ: Mapping[str, Callable[[Any], Any]] = {
    "oldest_s": lambda age_ms: age_ms / 1000 if age_ms >= 0 else None,
    "unavailable_since": lambda mark: int(mark.split()[0]) / 1000 if mark else None,
    "set_back": read_rollback,
    "balance_base": lambda base: int(base) if base else None,
    "aside_reason": lambda note: parse_retry_state(note).reason if note else None,
    "paused": read_pause,
}
