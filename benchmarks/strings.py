"""Strings as the API appends them, for what is filled without it: the only place here that knows a unit's parts."""

from __future__ import annotations

import time
from collections.abc import Iterator

from api.ids import key_hash, request_digest, submission_id
from benchmarks.load import SHORTEST_TEXT
from core.journal import Unit
from core.submission import Submission


def submissions(count: int, first: int = 0) -> list[Submission]:
    """Return this many strings of 17 characters, received now; ``first`` numbers the first one."""
    now = time.time_ns() // 1000
    texts = (f"{number:0{SHORTEST_TEXT}d}" for number in range(first, first + count))
    return [Submission(submission_id(text, None, None), text, now) for text in texts]


def singles(count: int, first: int = 0) -> list[Unit]:
    """Return the units of as many requests with one string each."""
    return [Unit([submission]) for submission in submissions(count, first)]


def keyed(count: int, first: int = 0) -> list[Unit]:
    """Return the like for requests that each have an Idempotency-Key of 36 characters."""
    return [Unit([each], key_hash(each.id), request_digest([each.id])) for each in submissions(count, first)]


def part_of_bulk(count: int, first: int = 0) -> list[Unit]:
    """Return one unit with this many strings of a bulk."""
    return [Unit(submissions(count, first))]


def numbers(count: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield groups of at most this size: how many are in each, and the number of the first."""
    for first in range(0, count, size):
        yield min(size, count - first), first
