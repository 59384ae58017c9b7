"""Strings as the API appends them, for what is filled without it: the only place here that knows their form."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from uuid import uuid4

from api.ids import bulk_first_id, key_hash, request_digest, submission_id
from benchmarks.load import SHORTEST_TEXT
from core.append import Unit
from core.entries import VERSION, Fields, Strings, encode_text
from core.ids import packed
from core.submission import Submission


def submissions(count: int, first: int = 0) -> list[Submission]:
    """Return this many strings of 17 characters, received now; ``first`` numbers the first one."""
    now = time.time_ns() // 1000
    return [Submission(submission_id(text, None, None), text, now) for text in _texts(count, first)]


def singles(count: int, first: int = 0) -> list[Unit]:
    """Return the units of as many requests with one string each."""
    return [Unit(each.id, [each.text], each.received_at) for each in submissions(count, first)]


def keyed(count: int, first: int = 0) -> list[Unit]:
    """Return the like for requests that each have an Idempotency-Key of 36 characters."""
    return [_keyed(text, str(uuid4())) for text in _texts(count, first)]


def part_of_bulk(count: int, first: int = 0) -> list[Unit]:
    """Return one unit with this many strings of a bulk."""
    texts = _texts(count, first)
    return [Unit(bulk_first_id(texts, None, None), texts, time.time_ns() // 1000)]


def written(rows: Sequence[Submission]) -> Strings:
    """Return single strings as a worker reads them from the journal."""
    ids = b"".join(packed(row.id) for row in rows)
    times = " ".join([str(rows[0].received_at), *(str(row.received_at - rows[0].received_at) for row in rows[1:])])
    return Strings(Fields(VERSION, ids, times.encode(), encode_text([row.text for row in rows])))


def numbers(count: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield groups of at most this size: how many are in each, and the number of the first."""
    for first in range(0, count, size):
        yield min(size, count - first), first


def _texts(count: int, first: int) -> list[str]:
    return [f"{number:0{SHORTEST_TEXT}d}" for number in range(first, first + count)]


def _keyed(text: str, key: str) -> Unit:
    id_ = submission_id(text, key, None)
    return Unit(id_, [text], time.time_ns() // 1000, key_hash(key), request_digest(id_))
