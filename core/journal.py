"""The journal: a Redis stream in which accepted strings wait until they are stored.

One entry carries many strings, which share a round trip, an fsync and a delivery: those of several requests for one
string, or a part of a bulk. The API appends; the consumer's side (claim, complete, …) is in ``core.consumer``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from redis import Redis
from redis.exceptions import ResponseError

from core.append import Call, Done, Record, Unit, parse_record
from core.connection import journal_errors, without_repeats, write_again
from core.counts import Counts, parse_counts
from core.entries import Fields, Strings
from core.errors import JournalFull, JournalUnavailable
from core.ids import packed
from core.keys import GROUP, KEYS, Keys
from core.retries import parse_retry_state
from core.rollback import DETECTED_WITHIN_MS, Rollback, RollbackDetector
from core.scripts import ALONE, Replication, load_durable, load_script
from core.submission import DeadLetter, Refusal, Submission, read_dead_letter, read_refusal
from core.timeouts import WORKER_SILENT_AFTER

MAX_GROUP_STRINGS = 500
MAX_GROUP_BYTES = 1024 * 1024
ATTEMPTS = 5
"""Calls for some units: where something of an entry is known, the next one appends the rest of it."""
DEAD_LETTERS_READ = 16
"""Dead letters whose JSON is read at a time: 6 MiB, if they are of 64 KiB of characters that take six bytes each."""


class Appended(NamedTuple):
    """What an append did.

    ``wake`` tells whether to publish a wake-up, ``refused`` which units (by index) were not appended because their key
    belongs to another request. ``earlier`` has, by the id of a unit's first string, a record of strings that were
    queued or failed already, and were not appended again. ``appended`` counts all strings ever appended, these
    included.
    """

    wake: bool
    refused: set[int]
    earlier: dict[str, Record]
    appended: int


class Queued(NamedTuple):
    """A queued string, None where newer code wrote its entry, and how often storing it was attempted."""

    submission: Submission | None
    attempts: int


class Journal:
    """The API's side: append strings, look up their status, read the counters.

    Every method raises JournalUnavailable when Redis does not answer in time.
    """

    def __init__(self, redis: Redis, keys: Keys = KEYS, replication: Replication = ALONE) -> None:
        """Use this client; its timeouts bound every call."""
        self._redis, self._keys = redis, keys
        self._once = without_repeats(redis)
        self._append = load_durable(self._once, "append", keys, replication)
        self._replicated = replication.replicas > 0
        self._find = load_script(redis, "find")
        self._counts = load_script(redis, "counts")
        self._note_rollback = load_script(redis, "note_rollback")
        self._rollbacks = RollbackDetector()

    def append(self, units: Sequence[Unit]) -> Appended:
        """Write all units, which are on disk on return.

        Raises JournalFull, with nothing written, or JournalUnavailable, when they may have been written.
        """
        left = list({(unit.first_id, len(unit.texts)): unit for unit in reversed(units)}.values())[::-1]
        wake, added, refused, earlier = False, 0, set[str](), dict[str, Record]()
        for _ in range(ATTEMPTS):
            try:
                done = self._append_once(Call(left, self._keys))
            except JournalFull as error:
                if added:
                    raise JournalUnavailable from error
                raise
            wake, added, left = wake or done.wake, added + done.added, done.left
            refused |= done.refused
            earlier = done.earlier | earlier
            if not left:
                indexes = {index for index, unit in enumerate(units) if unit.first_id in refused}
                if refused - {units[index].first_id for index in indexes}:
                    break  # what is missing of a bulk was refused, though the rest of it is there
                return Appended(wake, indexes, earlier, done.appended)
        raise JournalUnavailable

    def _append_once(self, call: Call) -> Done:
        mark = self._rollbacks.mark
        with journal_errors():
            done = call.read(write_again(partial(self._append, call.keys, call.arguments)))
        self._rollbacks.note(mark, done.appended - done.added, done.appended)
        return done

    @journal_errors()
    def records(self, ids: Sequence[str]) -> list[Record | None]:
        """Return the status record of each string; None for one that is stored, or was never accepted."""
        packed_ids = list(map(packed, ids))
        found = self._find(list(map(self._keys.record, packed_ids)), packed_ids)
        return [None if value is None else parse_record(value) for value in found]

    @journal_errors()
    def queued_string(self, id_: str, record: Record) -> Queued | None:
        """Return the string with this id, to which a record points; None when it is no longer queued."""
        found = self._redis.xrange(self._keys.journal, record.entry, record.entry)
        if not found:
            return None
        pending = pending_entries(self._redis, self._keys, record.entry, record.entry)
        note = self._redis.hget(self._keys.set_aside_notes, record.entry)
        attempts = sum(each["times_delivered"] for each in pending) + (parse_retry_state(note).tries if note else 0)
        try:
            strings = Strings(Fields.of(found[0][1]))
        except ValueError:
            return Queued(None, attempts)
        return Queued(strings.submissions[strings.ids.index(id_)], attempts)

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
        # what no replica has yet may be lost with this server, and was never acknowledged
        seen = mark.counter if self._replicated else counts.appended
        self._rollbacks.note(mark, counts.appended, min(seen, counts.appended))
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
        for client in (self._redis, self._once):
            client.connection_pool.disconnect(inuse_connections=False)


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
