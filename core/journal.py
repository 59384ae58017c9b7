"""The journal: a Redis stream in which accepted strings wait until they are stored.

One entry carries a group of strings, which share a round trip, an fsync and a delivery. The API appends; the
consumer's side (claim, complete, …) is in ``core.consumer``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from redis import Redis
from redis.commands.core import Script
from redis.exceptions import ResponseError

from core.connection import journal_errors, without_repeats, write_again
from core.counts import Counts, parse_counts
from core.errors import JournalFull, JournalUnavailable
from core.keys import GROUP, KEYS, Keys
from core.retries import parse_retry_state
from core.rollback import DETECTED_WITHIN_MS, Rollback, RollbackDetector
from core.submission import DeadLetter, Refusal, Submission, decode, encode, read_dead_letter, read_refusal
from core.timeouts import WORKER_SILENT_AFTER

ENTRY_VERSION = 1
"""The format that this code writes, and the newest that it reads. A field added at the end of a submission, with a
default, does not disturb older code and needs no new version. Any other change does; old versions stay readable."""
MAX_GROUP_STRINGS = 500
MAX_GROUP_BYTES = 1024 * 1024
MOST_TRACES = 128
"""Traced requests that an entry and a batch's span tell of. Each part of an entry that is split has all of them."""
DEAD_LETTERS_READ = 16
"""Dead letters whose JSON is read at a time: 6 MiB, if they are of 64 KiB of characters that take six bytes each."""
KEY_REMEMBERED_S = 60
WAKEUP_EXPIRES_MS = 10_000  # a lost wake-up costs at most the worker's own timer, a second


@dataclass(frozen=True, slots=True)
class Unit:
    """The strings of one request, or a part of them that fits a group: 500 strings or 1 MiB.

    ``key_hash`` names the idempotency key, ``digest`` the request that it belongs to; both are empty without a key.
    ``trace`` is the request's context in W3C's form, empty unless the request is traced.
    """

    submissions: Sequence[Submission]
    key_hash: str = ""
    digest: str = ""
    trace: str = ""


class Record(NamedTuple):
    """The status record of a queued or failed string: where it is, and when it was received (µs since 1970)."""

    entry: str
    position: int
    received_at: int

    @property
    def failed(self) -> bool:
        """Whether the string is a dead letter; otherwise it is queued."""
        return self.entry == "failed"


class Appended(NamedTuple):
    """What an append did.

    ``wake`` tells whether to publish a wake-up, ``refused`` which units (by index) were not appended because their key
    belongs to another request. ``earlier`` has, by id, the records of strings that were queued or failed already, and
    were not appended again. ``appended`` counts all strings ever appended, these included.
    """

    wake: bool
    refused: set[int]
    earlier: dict[str, Record]
    appended: int


class Queued(NamedTuple):
    """A queued string, None where newer code wrote its entry, and how often storing it was attempted."""

    submission: Submission | None
    attempts: int


def load_script(redis: Redis, name: str) -> Script:
    """Return the Lua script of that name; it is sent to Redis once, and called by its hash afterwards."""
    return redis.register_script((Path(__file__).parent / "lua" / f"{name}.lua").read_text(encoding="utf-8"))


def parse_record(value: bytes) -> Record:
    """Return the status record as read from Redis."""
    entry, position, received_at = value.decode().split(" ")
    return Record(entry, int(position), int(received_at))


class Journal:
    """The API's side: append strings, look up their status, read the counters.

    Every method raises JournalUnavailable when Redis does not answer in time.
    """

    def __init__(self, redis: Redis, keys: Keys = KEYS) -> None:
        """Use this client; its timeouts bound every call."""
        self._redis, self._keys = redis, keys
        self._append = load_script(without_repeats(redis), "append")
        self._counts = load_script(redis, "counts")
        self._note_rollback = load_script(redis, "note_rollback")
        self._rollbacks = RollbackDetector()

    def append(self, units: Sequence[Unit]) -> Appended:
        """Write all units as one entry, which is on disk on return.

        Raises JournalFull, with nothing written, or JournalUnavailable, when it may have been written.
        """
        k = self._keys
        keys = [k.journal, k.waiting, k.wakeup, k.appended]
        keys += [k.idempotency(unit.key_hash) for unit in units if unit.digest]
        arguments: list[Any] = [ENTRY_VERSION, KEY_REMEMBERED_S, WAKEUP_EXPIRES_MS, len(units)]
        for unit in units:
            arguments += (unit.digest, len(unit.submissions))
        for unit in units:
            for submission in unit.submissions:
                keys.append(k.status(submission.id))
                arguments += (encode(submission), submission.received_at)
        arguments += _traces(units)
        mark = self._rollbacks.mark
        with journal_errors():
            wake, conflicts, records, added, appended = write_again(partial(self._append, keys, arguments))
        self._rollbacks.note(mark, appended - added, appended)
        ids = [submission.id for unit in units for submission in unit.submissions] if records else []
        earlier = {id_: parse_record(record) for id_, record in zip(ids, records, strict=True) if record}
        return Appended(bool(wake), {number - 1 for number in conflicts}, earlier, appended)

    @journal_errors()
    def records(self, ids: Sequence[str]) -> list[Record | None]:
        """Return the status record of each string; None for one that is stored, or was never accepted."""
        found = self._redis.mget(map(self._keys.status, ids))
        return [None if value is None else parse_record(value) for value in found]

    @journal_errors()
    def queued_string(self, record: Record) -> Queued | None:
        """Return the queued string that a record points to; None when it is no longer queued."""
        found = self._redis.xrange(self._keys.journal, record.entry, record.entry)
        if not found:
            return None
        pending = pending_entries(self._redis, self._keys, record.entry, record.entry)
        note = self._redis.hget(self._keys.set_aside_notes, record.entry)
        attempts = sum(each["times_delivered"] for each in pending) + (parse_retry_state(note).tries if note else 0)
        fields = found[0][1]
        readable = int(fields[b"v"]) <= ENTRY_VERSION
        return Queued(decode(fields[b"items"])[record.position] if readable else None, attempts)

    def dead_letters(self, ids: Sequence[str]) -> Iterator[DeadLetter | Refusal | None]:
        """Yield the dead letter of each string, or its reason alone if this code cannot read it; None without one."""
        return (read_dead_letter(json) if json else None for json in self._dead_letters(ids))

    def reasons(self, ids: Sequence[str]) -> Iterator[str | None]:
        """Yield why each string was refused; None for one that has no dead letter."""
        return (read_refusal(json).reason if json else None for json in self._dead_letters(ids))

    def _dead_letters(self, ids: Sequence[str]) -> Iterator[bytes | None]:
        for start in range(0, len(ids), DEAD_LETTERS_READ):
            with journal_errors():
                letters = self._redis.hmget(self._keys.failed, ids[start : start + DEAD_LETTERS_READ])
            yield from letters

    @journal_errors()
    def counts(self) -> Counts:
        """Read the counters and what else ``counts.lua`` returns of the journal."""
        k = self._keys
        keys = [k.journal, k.waiting, k.stored, k.failed, k.workers, k.database_away]
        keys += [k.appended, k.set_back, k.discarded, k.retried, k.balance_base]
        keys += [k.set_aside, k.set_aside_notes, k.inserted, k.paused]
        mark = self._rollbacks.mark
        counts = parse_counts(self._counts(keys, [int(WORKER_SILENT_AFTER * 1000), GROUP]))
        self._rollbacks.note(mark, counts.appended, counts.appended)
        return counts

    def report_rollback(self) -> Rollback | None:
        """Return the rollback that this process saw since the last report, and leave a note of it in Redis.

        The note of an earlier one stays. What cannot be noted (Redis is full or unavailable) is reported the next time.
        """
        seen = self._rollbacks.unreported
        if seen:
            with suppress(JournalUnavailable, JournalFull), journal_errors():
                self._note_rollback([self._keys.set_back], [*seen, DETECTED_WITHIN_MS])
                self._rollbacks.reported(seen)
        return seen

    def has_room(self) -> bool:
        """Return whether Redis has memory for a write; raises JournalUnavailable for any other refusal."""
        try:
            with journal_errors():
                self._redis.set(self._keys.writable, "1")
        except JournalFull:
            return False
        return True

    def drop_connections(self) -> None:
        """Close the idle connections: after an outage they may be dead, and each would cost a call its timeout."""
        for client in (self._redis, self._append.registered_client):
            client.connection_pool.disconnect(inuse_connections=False)


def _traces(units: Sequence[Unit]) -> list[Any]:
    """Return, of the first traced requests, the numbers of their first and last string, and their context."""
    found: list[Any] = []
    if any(unit.trace for unit in units):
        last = 0
        for unit in units:
            first, last = last + 1, last + len(unit.submissions)
            if unit.trace:
                found += (first, last, unit.trace)
    return found[: 3 * MOST_TRACES]


def pending_entries(
    redis: Redis, keys: Keys, first: str = "-", last: str = "+", count: int = 1, consumer: str | None = None
) -> list[dict[str, Any]]:
    """Return claimed entries as redis-py describes them, of one consumer or of all; raises RedisError."""
    try:
        return list(redis.xpending_range(keys.journal, GROUP, first, last, count, consumername=consumer))
    except ResponseError as error:
        if "NOGROUP" in str(error):  # no worker has claimed anything yet
            return []
        raise
