"""Retrying strings that failed alone: when each is tried again, and when it becomes a dead letter."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

MAX_FAILURES = 6
"""Failures of one kind, with other strings stored in between, after which a string is a dead letter."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds until a string that was set aside is tried again: after its first failure, and at most."""


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
    """How a string that was set aside failed so far.

    ``tries`` counts all failures; ``failures`` those of the kind of the last one that came while others were stored.
    """

    kind: str
    reason: str
    tries: int = 1
    failures: int = 1

    @property
    def pause(self) -> float:
        """Seconds until the next try, without jitter."""
        return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self.tries - 1, 10)))


_decode = msgspec.json.Decoder(RetryState).decode


def parse_retry_state(value: bytes) -> RetryState:
    """Return the retry state in a note as read from Redis."""
    return _decode(value.partition(b" ")[2])


def rows_before(value: bytes) -> int:
    """Return the number of rows that had been inserted at the last failure, from a note as read from Redis."""
    return int(value.partition(b" ")[0])


def next_retry_state(failure: Failure, earlier: RetryState | None, *, others_stored: bool) -> RetryState | None:
    """Return the retry state of a string that has failed again; None when it is to become a dead letter.

    ``others_stored`` tells whether rows were inserted since its previous failure. While none are, the failure says
    nothing about the string: the fault is the database's.
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
