"""What is kept of strings that failed alone: a note while one is tried again, and the dead letter it may become."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

MAX_FAILURES = 6
"""Failures of one kind, with other strings stored in between, after which a string is a dead letter."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds until a string that was set aside is tried again: after the first failure, and after many."""


class Failure(NamedTuple):
    """How storing a string alone failed.

    ``kind`` is the SQLSTATE, or the type of the error that has none; ``reason`` says it in words. It is ``final`` where
    PostgreSQL refuses the text itself, and ``counts`` where it may be the string's doing.
    """

    kind: str
    reason: str
    final: bool = False
    counts: bool = True


class RetryState(msgspec.Struct, frozen=True):
    """What is known of a string that was set aside.

    ``tries`` failed in all; ``failures`` of them were of the kind of the last one, and came while others were stored.
    """

    kind: str
    reason: str
    tries: int = 1
    failures: int = 1

    @property
    def pause(self) -> float:
        """Seconds until the next try, without jitter."""
        return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self.tries - 1, 10)))


class DeadLetter(msgspec.Struct, frozen=True):
    """A string that PostgreSQL refused, with the reason; times in µs since 1970."""

    id: str
    text: str
    received_at: int
    reason: str
    attempts: int


_decode = msgspec.json.Decoder(RetryState).decode


def parse_retry_state(value: bytes) -> RetryState:
    """Return the note as read from Redis, where the rows inserted until then stand before it."""
    return _decode(value.partition(b" ")[2])


def rows_before(value: bytes) -> int:
    """Return how many rows had been inserted when a string failed last, from its note as read from Redis."""
    return int(value.partition(b" ")[0])


def next_retry_state(failure: Failure, earlier: RetryState | None, *, others_stored: bool) -> RetryState | None:
    """Return the note of a string that has failed once more, None when it is to be a dead letter.

    ``others_stored`` tells whether rows were inserted since it failed the time before. While none are, the failure says
    nothing about the string: the database is not well.
    """
    if failure.final:
        return None
    if earlier is None or earlier.kind != failure.kind:
        return RetryState(
            failure.kind, failure.reason, 1 if earlier is None else earlier.tries + 1, int(failure.counts)
        )
    failures = earlier.failures + (1 if failure.counts and others_stored else 0)
    if failures >= MAX_FAILURES:
        return None
    return RetryState(failure.kind, failure.reason, earlier.tries + 1, failures)
