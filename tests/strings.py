"""Strings for tests: units as the API makes them, and what the journal has of them."""

from __future__ import annotations

from redis import Redis

from api.ids import bulk_first_id, key_hash, submission_id
from core.append import Unit
from core.entries import VERSION, Fields, Strings, encode_text
from core.ids import counted, index_of, packed
from core.keys import KEYS, Keys
from core.submission import Submission

RECEIVED_AT = 1_700_000_000_000_000
"""µs since 1970."""
REMEMBERED_KEYS = "dummies:keys:*"
"""Where Redis remembers idempotency keys."""


def new_id() -> str:
    """Return a new id of a string that is submitted alone."""
    return submission_id("", None, None)


def single(text: str = "a", received_at: int = RECEIVED_AT, key: str = "", digest: str = "", trace: str = "") -> Unit:
    """Return a request with one string, of a new id; all that have a key are the same request, without a digest."""
    return Unit(new_id(), [text], received_at, *_remembered(key, digest), trace)


def bulk(*texts: str, received_at: int = RECEIVED_AT, key: str = "", digest: str = "", trace: str = "") -> Unit:
    """Return a request for several strings, of new ids; key and digest as of ``single``."""
    return Unit(bulk_first_id(texts, None, None), texts, received_at, *_remembered(key, digest), trace)


def _remembered(key: str, digest: str) -> tuple[bytes, bytes]:
    return (key_hash(key), (digest or key).encode()) if key else (b"", b"")


def ids_of(unit: Unit) -> list[str]:
    """Return the id of each string of a unit."""
    return [unit.first_id] if index_of(packed(unit.first_id)) is None else counted(unit.first_id, len(unit.texts))


def submissions_of(unit: Unit) -> list[Submission]:
    """Return the strings of a unit one by one."""
    return [Submission(id_, text, unit.received_at) for id_, text in zip(ids_of(unit), unit.texts, strict=True)]


def entry_of(*submissions: Submission) -> Strings:
    """Return strings, none of a bulk, as the entry that holds them."""
    ids = b"".join(packed(each.id) for each in submissions)
    first = submissions[0].received_at
    at = " ".join(map(str, [first, *(each.received_at - first for each in submissions[1:])]))
    return Strings(Fields(VERSION, ids, at.encode(), encode_text([each.text for each in submissions])))


def new_entry(*texts: str) -> Strings:
    """Return strings of new ids as the entry that holds them."""
    return entry_of(*(Submission(new_id(), text, RECEIVED_AT) for text in texts))


def read_entry(fields: dict[bytes, bytes]) -> Strings:
    """Return the strings of an entry that was read from Redis."""
    return Strings(Fields.of(fields))


def queued(redis: Redis, keys: Keys = KEYS) -> list[Submission]:
    """Return the strings in the journal."""
    return [each for _, fields in redis.xrange(keys.journal) for each in read_entry(fields).submissions]


def key_of(id_: str) -> str:
    """Return the key that has the status record of a string."""
    return KEYS.record(packed(id_))


def records_in(redis: Redis) -> int:
    """Return how many strings have a status record."""
    singles = sum(map(redis.hlen, redis.keys("dummies:strings:*")))
    return singles + sum(
        int(each.split()[1]) for key in redis.keys("dummies:bulk:*") for each in redis.zrange(key, 0, -1)
    )
