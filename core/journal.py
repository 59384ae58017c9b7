"""The journal: a Redis stream in which accepted strings wait until they are stored.

One entry carries a group of strings, so that a round trip, an fsync and a delivery are paid per group. The API
appends; the worker's side of it (claim, complete, …) is in ``core.consumer``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from redis import Redis
from redis.commands.core import Script
from redis.exceptions import ResponseError

from core.connection import journal_errors, without_repeats, write_again
from core.counts import Counts
from core.errors import JournalFull, JournalUnavailable
from core.keys import GROUP, KEYS, Keys
from core.retries import parse_retry_state
from core.rollback import Rollback, RollbackDetector, parse_rollback
from core.submission import Submission, decode, encode
from core.timeouts import WORKER_SILENT_AFTER

ENTRY_VERSION = 1
"""The format that this code writes, and the newest that it reads. A field added at the end of a submission, with a
default, changes nothing for older code and needs no new version; anything else does, and old ones stay readable."""
MAX_GROUP_STRINGS = 500
MAX_GROUP_BYTES = 1024 * 1024
KEY_REMEMBERED_S = 60
WAKEUP_EXPIRES_MS = 10_000  # a lost wake-up costs at most the worker's own timer, a second


@dataclass(frozen=True, slots=True)
class Unit:
    """What one request brought: its strings, and the key they came under.

    ``key_hash`` names the idempotency key, ``digest`` the request that it belongs to; both empty without a key.
    A unit is at most a group: 500 strings or 1 MiB.
    """

    submissions: Sequence[Submission]
    key_hash: str = ""
    digest: str = ""


class Record(NamedTuple):
    """The status record of a string that is queued or failed: where it is, and since when (µs since 1970)."""

    entry: str
    position: int
    received_at: int

    @property
    def failed(self) -> bool:
        """Whether the string is a dead letter; else it is queued."""
        return self.entry == "failed"


class Appended(NamedTuple):
    """What an append did: whether to publish a wake-up, and for each unit its earlier records or a refusal.

    ``units`` holds for each unit None when its key belongs to another request, else for each of its strings the
    record of an earlier submission of the same string that is still queued or failed, or None for a new one.
    ``appended`` counts all strings that were ever appended, with these.
    """

    wake: bool
    units: list[list[Record | None] | None]
    appended: int


def load_script(redis: Redis, name: str) -> Script:
    """Return the Lua script of that name; it is sent to Redis once and called by its hash from then on."""
    return redis.register_script((Path(__file__).parent / "lua" / f"{name}.lua").read_text(encoding="utf-8"))


def parse_record(value: bytes | None) -> Record | None:
    """Return the status record as read from Redis."""
    if value is None:
        return None
    entry, position, received_at = value.decode().split(" ")
    return Record(entry, int(position), int(received_at))


class Journal:
    """The API's side: append strings, look up what became of them, see how the journal is doing.

    Every method raises JournalUnavailable when Redis does not answer in time.
    """

    def __init__(self, redis: Redis, keys: Keys = KEYS) -> None:
        """Use this client; its time-outs bound every call."""
        self._redis, self._keys = redis, keys
        self._append = load_script(without_repeats(redis), "append")
        self._counts = load_script(redis, "counts")
        self._rollbacks = RollbackDetector()

    def append(self, units: Sequence[Unit]) -> Appended:
        """Write all units as one entry; on return it is on disk.

        Raises JournalFull, with nothing written, or JournalUnavailable, when it may have been written all the same.
        """
        k = self._keys
        keys = [k.journal, k.waiting, k.wakeup, k.appended]
        keys += [k.idempotency(unit.key_hash) for unit in units if unit.digest]
        arguments: list[Any] = [ENTRY_VERSION, KEY_REMEMBERED_S, WAKEUP_EXPIRES_MS, len(units)]
        for unit in units:
            arguments += (unit.digest, len(unit.submissions))
        for unit in units:
            for submission in unit.submissions:
                keys.append(self._keys.status(submission.id))
                arguments += (encode(submission), submission.received_at)
        mark = self._rollbacks.mark
        with journal_errors():
            wake, conflicts, records, added, appended = write_again(partial(self._append, keys, arguments))
        self._rollbacks.note(mark, appended - added, appended)
        return Appended(bool(wake), _by_unit(units, set(conflicts), records), appended)

    def records(self, ids: Sequence[str]) -> list[Record | None]:
        """Return the status record of each string; None for one that is stored, or was never here."""
        with journal_errors():
            return [parse_record(value) for value in self._redis.mget(map(self._keys.status, ids))]

    def queued_string(self, record: Record) -> tuple[Submission | None, int] | None:
        """Return a queued string and how often its storing was tried; None when it is no longer queued.

        The string itself is None where newer code wrote the entry.
        """
        with journal_errors():
            found = self._redis.xrange(self._keys.journal, record.entry, record.entry)
            if not found:
                return None
            attempts = self._deliveries(record.entry)
            note = self._redis.hget(self._keys.set_aside_notes, record.entry)
        if note:
            attempts += parse_retry_state(note).tries
        fields = found[0][1]
        readable = int(fields[b"v"]) <= ENTRY_VERSION
        return decode(fields[b"items"])[record.position] if readable else None, attempts

    def dead_letters(self, ids: Sequence[str]) -> list[bytes | None]:
        """Return the dead letter of each string, as JSON."""
        with journal_errors():
            return self._redis.hmget(self._keys.failed, ids) if ids else []

    def counts(self) -> Counts:
        """Return how the journal is doing."""
        k = self._keys
        keys = [k.journal, k.waiting, k.stored, k.failed, k.workers, k.database_away]
        keys += [k.appended, k.set_back, k.discarded, k.retried, k.balance_base]
        keys += [k.set_aside, k.set_aside_notes]
        mark = self._rollbacks.mark
        with journal_errors():
            found = self._counts(keys, [int(WORKER_SILENT_AFTER * 1000)])
        waiting, stored, failed, age, workers, unavailable, appended, set_back, *books, note = found
        self._rollbacks.note(mark, appended, appended)
        discarded, retried, balance_base, entries, set_aside = books
        return Counts(
            waiting=waiting,
            stored=stored,
            failed=failed,
            oldest_s=age / 1000 if age >= 0 else None,
            workers=workers,
            unavailable_since=int(unavailable.split()[0]) / 1000 if unavailable else None,
            appended=appended,
            set_back=parse_rollback(set_back) if set_back else None,
            discarded=discarded,
            retried=retried,
            balance_base=int(balance_base) if balance_base else None,
            entries=entries,
            set_aside=set_aside,
            aside_reason=parse_retry_state(note).reason if note else None,
        )

    def report_rollback(self) -> Rollback | None:
        """Return what this process saw of the journal set back since it last told, and leave the note for everybody.

        A note that stands already stays. What cannot be noted (Redis is full, or away again) is told the next time.
        """
        seen = self._rollbacks.untold
        if seen:
            with suppress(JournalUnavailable, JournalFull), journal_errors():
                self._redis.set(self._keys.set_back, str(seen), nx=True)
                self._rollbacks.untold = None
        return seen

    def has_room(self) -> bool:
        """Return whether Redis has memory for a write; raises JournalUnavailable where it refuses it otherwise."""
        try:
            with journal_errors():
                self._redis.set(self._keys.writable, "1")
        except JournalFull:
            return False
        return True

    def drop_connections(self) -> None:
        """Close the idle connections: after an outage they may be dead, and each would cost a call its time-out."""
        for client in (self._redis, self._append.registered_client):
            client.connection_pool.disconnect(inuse_connections=False)

    def _deliveries(self, entry: str) -> int:
        try:
            pending = self._redis.xpending_range(self._keys.journal, GROUP, entry, entry, 1)
        except ResponseError as error:
            if "NOGROUP" in str(error):  # no worker has ever been here
                return 0
            raise
        return pending[0]["times_delivered"] if pending else 0


def _by_unit(
    units: Sequence[Unit], conflicts: set[int], records: list[bytes | None]
) -> list[list[Record | None] | None]:
    parsed = iter(map(parse_record, records)) if records else None
    outcome: list[list[Record | None] | None] = []
    for number, unit in enumerate(units, 1):
        found = [next(parsed) if parsed else None for _ in unit.submissions]
        outcome.append(None if number in conflicts else found)
    return outcome
