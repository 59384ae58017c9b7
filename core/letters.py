"""Dead letters: strings that PostgreSQL refused, until a person has them tried again or discards them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from redis import Redis

from core import names
from core.connection import journal_errors, without_repeats
from core.journal import ENTRY_VERSION, WAKEUP_EXPIRES_MS, load_script
from core.notes import DeadLetter
from core.submission import Submission, encode

LOOKS = 20
"""The most steps through the dead letters that a page takes: a search may find little, and must end."""
_decode = msgspec.json.Decoder(DeadLetter).decode


class Page(NamedTuple):
    """Some dead letters, where to go on (0: nowhere), and how many there are in all."""

    letters: list[DeadLetter]
    cursor: int
    total: int


class Letters:
    """Lists dead letters, puts them back and discards them.

    Every method raises JournalAway when Redis does not answer in time.
    """

    def __init__(self, redis: Redis) -> None:
        """Use this client; its time-outs bound every call."""
        self._redis = redis
        once = without_repeats(redis)
        self._retry = load_script(once, "retry")
        self._discard = load_script(once, "discard")

    def page(self, limit: int, cursor: int, search: str) -> Page:
        """Return about so many dead letters whose text or reason contains what is searched for.

        Those that are there throughout are found once at least, by following the cursor from 0 until it is 0 again.
        """
        letters: dict[str, DeadLetter] = {}
        with journal_errors():
            total = self._redis.hlen(names.FAILED)
            for _ in range(LOOKS):
                cursor, found = self._redis.hscan(names.FAILED, cursor, count=limit)
                for letter in map(_decode, found.values()):
                    if search in letter.text or search in letter.reason:
                        letters[letter.id] = letter
                if cursor == 0 or len(letters) >= limit:
                    break
        return Page(list(letters.values()), cursor, total)

    def retry(self, submission_id: str) -> tuple[DeadLetter, bool, int] | None:
        """Put a dead letter back into the journal under its id; None when the string is no dead letter.

        Return it, whether to publish a wake-up, and how many strings were ever appended. Raises JournalFull.
        """
        with journal_errors():
            value = self._redis.hget(names.FAILED, submission_id)
            if value is None:
                return None
            letter = _decode(value)
            item = encode(Submission(letter.id, letter.text, letter.received_at))
            keys = [names.JOURNAL, names.WAITING, names.WAKEUP, names.APPENDED, names.FAILED]
            keys.append(names.status_key(submission_id))
            arguments = [ENTRY_VERSION, WAKEUP_EXPIRES_MS, submission_id, value, item, letter.received_at]
            done, wake, appended = self._retry(keys, arguments)
        return (letter, bool(wake), appended) if done else None

    def discard(self, submission_id: str) -> DeadLetter | None:
        """Remove a dead letter for good and return it; None when the string is no dead letter."""
        with journal_errors():
            value = self._redis.hget(names.FAILED, submission_id)
            if value is None:
                return None
            done = self._discard([names.FAILED, names.status_key(submission_id)], [submission_id, value])
        return _decode(value) if done else None
