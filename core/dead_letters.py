"""Dead letters: strings that PostgreSQL refused, until a person has them retried or discards them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
from redis import Redis

from core.connection import journal_errors, without_repeats
from core.journal import ENTRY_VERSION, WAKEUP_EXPIRES_MS, load_script
from core.keys import KEYS, Keys
from core.retries import DeadLetter
from core.submission import Submission, encode

LOOKS = 20
"""The most steps through the dead letters that a page takes: a search may find little, and must end."""
_decode = msgspec.json.Decoder(DeadLetter).decode


class Page(NamedTuple):
    """Some dead letters, where to go on (0: nowhere), and how many there are in all."""

    letters: list[DeadLetter]
    cursor: int
    total: int


class Found(NamedTuple):
    """A dead letter, and its JSON as it was read: what is decided about it holds only while it is still the same."""

    json: bytes
    letter: DeadLetter


class PutBack(NamedTuple):
    """How many were put back, whether to publish a wake-up, and how many strings were ever appended (where any was)."""

    done: int
    wake: bool
    appended: int


class DeadLetters:
    """Lists dead letters, puts them back and discards them.

    Every method raises JournalUnavailable when Redis does not answer in time.
    """

    def __init__(self, redis: Redis, keys: Keys = KEYS) -> None:
        """Use this client; its time-outs bound every call."""
        self._redis, self._keys = redis, keys
        once = without_repeats(redis)
        self._retry = load_script(once, "retry")
        self._discard = load_script(once, "discard")

    def page(self, limit: int, cursor: int, search: str) -> Page:
        """Return about so many dead letters whose text or reason contains what is searched for.

        Those that are there throughout are found once at least, by following the cursor from 0 until it is 0 again.
        """
        letters: dict[str, DeadLetter] = {}
        with journal_errors():
            total = self._redis.hlen(self._keys.failed)
            for _ in range(LOOKS):
                cursor, found = self._redis.hscan(self._keys.failed, cursor, count=limit)
                for _, letter in readable(found.values()):
                    if search in letter.text or search in letter.reason:
                        letters[letter.id] = letter
                if cursor == 0 or len(letters) >= limit:
                    break
        return Page(list(letters.values()), cursor, total)

    def retry(self, submission_id: str) -> tuple[DeadLetter, bool, int] | None:
        """Put a dead letter back into the journal under its id; None when the string is no dead letter.

        Return it, whether to publish a wake-up, and how many strings were ever appended. Raises JournalFull.
        """
        found = self._find(submission_id)
        done, wake, appended = self.put_back(found)
        return (found[0].letter, wake, appended) if done else None

    def discard(self, submission_id: str) -> DeadLetter | None:
        """Remove a dead letter for good and return it; None when the string is no dead letter."""
        found = self._find(submission_id)
        return found[0].letter if self.remove(found) else None

    def put_back(self, found: Sequence[Found]) -> PutBack:
        """Put back those that have not changed, all or none of them. Raises JournalFull, with nothing changed."""
        if not found:
            return PutBack(0, wake=False, appended=0)
        k = self._keys
        keys = [k.journal, k.waiting, k.wakeup, k.appended, k.failed, k.retried]
        arguments: list[Any] = [ENTRY_VERSION, WAKEUP_EXPIRES_MS]
        for json, letter in found:
            keys.append(self._keys.status(letter.id))
            item = encode(Submission(letter.id, letter.text, letter.received_at))
            arguments += (letter.id, json, item, letter.received_at)
        with journal_errors():
            done, wake, appended = self._retry(keys, arguments)
        return PutBack(done, bool(wake), appended)

    def remove(self, found: Sequence[Found]) -> list[str]:
        """Remove those that have not changed, and return their ids."""
        if not found:
            return []
        k = self._keys
        keys = [k.failed, k.discarded, *(k.status(letter.id) for _, letter in found)]
        arguments = [part for json, letter in found for part in (letter.id, json)]
        with journal_errors():
            return [removed.decode() for removed in self._discard(keys, arguments)]

    def _find(self, submission_id: str) -> list[Found]:
        with journal_errors():
            json = self._redis.hget(self._keys.failed, submission_id)
        return [Found(json, _decode(json))] if json else []


def readable(values: Iterable[bytes]) -> list[Found]:
    """Return the dead letters among these without those that cannot be read: other code has written them."""
    found = []
    for json in values:
        with suppress(msgspec.MsgspecError):
            found.append(Found(json, _decode(json)))
    return found
