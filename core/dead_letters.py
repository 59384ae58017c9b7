"""Dead letters: strings that PostgreSQL refused, until an operator retries or discards them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
from redis import Redis

from core.append import WAKEUP_EXPIRES_MS
from core.connection import journal_errors, without_repeats
from core.entries import VERSION, encode_text
from core.ids import packed
from core.keys import KEYS, Keys
from core.scripts import ALONE, Replication, load_durable
from core.shards import shard_of
from core.submission import DeadLetter, decode_dead_letter

LOOKS, FIRST_LOOK = 20, 8
"""The most steps through the dead letters that a page takes: a search may find little, and must end. The first one is
small, because all may be long."""
PIECE_BYTES = 1024 * 1024
"""Roughly the most that is read in one step, and the most that a page holds before it ends."""

OPERATOR_ACTION = "operator action"
"""The audit line in the log: which operator did what to how many dead letters, and why."""
ACTION_BEGINS = "operator action begins"
"""The line before it. Without the second line the outcome is unknown."""


class Page(NamedTuple):
    """Some dead letters, where to continue (0: nowhere), and how many there are in all."""

    letters: list[DeadLetter]
    cursor: int
    total: int


class Found(NamedTuple):
    """A dead letter and its JSON as it was read: it is retried or discarded only if it is still the same."""

    json: bytes
    letter: DeadLetter


class PutBack(NamedTuple):
    """How many were put back, whether to publish a wake-up, and the number of strings ever appended (0: none was)."""

    done: int
    wake: bool
    appended: int


class Retried(NamedTuple):
    """A dead letter that was put back, whether to publish a wake-up, and the number of strings ever appended."""

    letter: DeadLetter
    wake: bool
    appended: int


class DeadLetters:
    """Lists the dead letters of a shard, puts them back and discards them.

    Every method raises JournalUnavailable when Redis does not answer in time.
    """

    def __init__(self, redis: Redis, keys: Keys = KEYS, replication: Replication = ALONE) -> None:
        """Use this client; its timeouts bound every call."""
        self._redis, self.keys = redis, keys
        self.once = without_repeats(redis)
        self._retry = load_durable(self.once, "retry", keys, replication)
        self._discard = load_durable(self.once, "discard", keys, replication)

    @journal_errors()
    def count(self) -> int:
        """Return how many there are."""
        return int(self._redis.hlen(self.keys.failed))

    @journal_errors()
    def waiting(self) -> int:
        """Return how many strings wait in the shard's journal."""
        return int(self._redis.get(self.keys.waiting) or 0)

    @journal_errors()
    def page(self, limit: int, cursor: int, search: str) -> Page:
        """Return roughly ``limit`` dead letters whose text or reason contains ``search``, fewer where they are long.

        Following the cursor from 0 until it is 0 again finds at least once each that is there throughout.
        """
        letters: dict[str, DeadLetter] = {}
        total = self._redis.hlen(self.keys.failed)
        size, count = 0, min(limit, FIRST_LOOK)
        for _ in range(LOOKS):
            cursor, found = self._redis.hscan(self.keys.failed, cursor, count=count)
            for json, letter in readable(found.values()):
                if contains(letter, search):
                    letters[letter.id] = letter
                    size += len(json)
            if cursor == 0 or len(letters) >= limit or size > PIECE_BYTES:
                break
            count = min(limit - len(letters), next_count(count, found.values()))
        return Page(list(letters.values()), cursor, total)

    def retry(self, submission_id: str) -> Retried | None:
        """Put a dead letter back into the journal under its id; None if this id has no readable dead letter.

        Raises JournalFull.
        """
        found = self._find(submission_id)
        done, wake, appended = self.put_back(found)
        return Retried(found[0].letter, wake, appended) if done else None

    def discard(self, submission_id: str) -> DeadLetter | None:
        """Remove a dead letter for good and return it; None if this id has no readable dead letter."""
        found = self._find(submission_id)
        return found[0].letter if self.remove(found) else None

    @journal_errors()
    def put_back(self, found: Sequence[Found]) -> PutBack:
        """Put back those that have not changed, all or none of them. Raises JournalFull, with nothing changed."""
        k = self.keys
        keys = [k.journal, k.waiting, k.wakeup, k.appended, k.failed, k.retried]
        arguments: list[Any] = [VERSION, WAKEUP_EXPIRES_MS]
        for json, letter in found:
            packed_id = packed(letter.id)
            keys.append(k.record(packed_id))
            arguments += (letter.id, json, packed_id, letter.received_at, encode_text(letter.text))
        done, wake, appended = self._retry(keys, arguments)
        return PutBack(done, bool(wake), appended)

    @journal_errors()
    def remove(self, found: Sequence[Found]) -> list[str]:
        """Remove those that have not changed, and return their ids."""
        keys: list[str] = [self.keys.failed, self.keys.discarded]
        arguments: list[Any] = []
        for json, letter in found:
            packed_id = packed(letter.id)
            keys.append(self.keys.record(packed_id))
            arguments += (letter.id, json, packed_id)
        return [removed.decode() for removed in self._discard(keys, arguments)]

    @journal_errors()
    def _find(self, submission_id: str) -> list[Found]:
        json = self._redis.hget(self.keys.failed, submission_id)
        return readable([json]) if json else []


class AllDeadLetters:
    """Those of all shards; the methods are those of one shard's."""

    def __init__(self, each: Sequence[DeadLetters]) -> None:
        """Use these."""
        self.each = each

    def page(self, limit: int, cursor: int, search: str) -> Page:
        """Return some of one shard; the remainder of the cursor, divided by the number of shards, says of which."""
        number, cursor = cursor % len(self.each), cursor // len(self.each)
        total = sum(shard.count() for shard in self.each)
        while True:
            letters, cursor, _ = self.each[number].page(limit, cursor, search)
            number += not cursor
            if number == len(self.each):
                return Page(letters, 0, total)
            if letters or cursor:
                return Page(letters, cursor * len(self.each) + number, total)

    def retry(self, submission_id: str) -> Retried | None:
        """Put back the one with this id."""
        return next((done for shard in self._likely(submission_id) if (done := shard.retry(submission_id))), None)

    def discard(self, submission_id: str) -> DeadLetter | None:
        """Remove the one with this id."""
        return next((done for shard in self._likely(submission_id) if (done := shard.discard(submission_id))), None)

    def _likely(self, submission_id: str) -> list[DeadLetters]:
        """Return all, beginning with the one that the id names: it may have failed when there were fewer shards."""
        number = shard_of(submission_id, len(self.each))
        return [*self.each[number:], *self.each[:number]]


def next_count(count: int, values: Collection[bytes]) -> int:
    """Return how many to read next after these: twice as many, unless they would take more than 1 MiB."""
    fitting = len(values) * PIECE_BYTES // max(1, sum(map(len, values)))
    return min(2 * count, max(1, fitting)) if values else count


def contains(letter: DeadLetter, search: str) -> bool:
    """Return whether its text or its reason contains ``search``, which every one does if that is empty."""
    return search in letter.text or search in letter.reason


def readable(values: Iterable[bytes]) -> list[Found]:
    """Return these dead letters, without those that cannot be read because other code wrote them."""
    found = []
    for json in values:
        with suppress(msgspec.MsgspecError):
            found.append(Found(json, decode_dead_letter(json)))
    return found
