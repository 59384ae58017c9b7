"""Groups of dead letters: those with the same reason are counted, retried and discarded together.

HSCAN walks through the dead letters, a piece at a time. One script decides each piece, and takes only those that have
not changed since they were read. So a run may end anywhere, and the next one does the rest.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import NamedTuple

import structlog
from redis import Redis

from core.connection import journal_errors
from core.dead_letters import ACTION_BEGINS, OPERATOR_ACTION, DeadLetters, Found, contains, next_count, readable
from core.errors import JournalFull
from core.submission import DeadLetter

log = structlog.get_logger()

PIECE = 300
"""The most dead letters in a piece, roughly; the first piece is one dead letter."""
MOST_REASONS = 100
"""Reasons after which counting stops: there may be as many as there are dead letters."""
MOST_WAITING = 50_000
"""Strings in the journal above which a run of retries pauses: what workers store in roughly a second."""
PAUSE, PATIENCE = (0.25, 0.5), 10.0
"""Seconds between two checks whether there is room again, and how long a run waits for it."""
NO_ROOM = "There is no room for retries: {:,} strings wait already, or Redis is full."
LOGGED = 200
"""Characters of a reason that are logged."""
REST, LONGEST_REST = 1.0, 0.5
"""How long a run rests after each piece: as a multiple of the time that the piece took, and at most (s)."""

_Take = Callable[[DeadLetters, list[Found]], int | None]


class ReasonCounts(NamedTuple):
    """Dead letters by reason, how many were looked at, the cursor to continue from (0: the end), and the total."""

    reasons: Mapping[str, int]
    looked_at: int
    cursor: int
    total: int


class Progress(NamedTuple):
    """How far a run is: dead letters at its beginning, looked at, done, skipped.

    ``skipped`` counts those that changed or disappeared meanwhile, or cannot be read.
    """

    total: int
    looked_at: int = 0
    done: int = 0
    skipped: int = 0

    @property
    def left(self) -> int:
        """How many of those at the beginning have not been looked at."""
        return max(0, self.total - self.looked_at)


class Piece(NamedTuple):
    """Some dead letters of a shard: how many were looked at, those that are wanted, how many cannot be read here."""

    shard: DeadLetters
    looked_at: int
    wanted: list[Found]
    unreadable: int


class DeadLetterGroups:
    """Counts, retries and discards the dead letters of whole groups, shard by shard."""

    def __init__(self, shards: Sequence[DeadLetters], most_waiting: int = MOST_WAITING) -> None:
        """Use those of these shards. Runs of retries pause while ``most_waiting`` strings wait in a shard."""
        self._shards = shards
        self._most_waiting = most_waiting

    def count(self, cursor: int = 0, budget: float = float("inf")) -> ReasonCounts:
        """Count the dead letters of each reason, for roughly ``budget`` seconds, from an earlier count's cursor on.

        Raises JournalUnavailable.
        """
        reasons = Counter[str]()
        looked_at, reached, until = 0, 0, time.monotonic() + budget
        total = sum(shard.count() for shard in self._shards)
        with closing(self._walk(cursor)) as pieces:
            for reached, _, values in pieces:  # noqa: B007 - where it ended is returned
                looked_at += len(values)
                reasons.update(letter.reason for _, letter in readable(values))
                if len(reasons) >= MOST_REASONS or time.monotonic() > until:
                    break
        return ReasonCounts(reasons, looked_at, reached, total)

    def pieces(self, reasons: Collection[str] | None = None, search: str = "") -> Generator[Piece]:
        """Yield the dead letters that ``retry`` would put back, and change nothing. One may come twice.

        Raises JournalUnavailable.
        """
        with closing(self._walk()) as pieces:
            for _, shard, values in pieces:
                found = readable(values)
                wanted = [each for each in found if _wanted(reasons, search, each.letter)]
                yield Piece(shard, len(values), wanted, len(values) - len(found))

    def retry(
        self, reasons: Collection[str] | None, wake: Callable[[], None], operator: str, search: str = ""
    ) -> Generator[Progress]:
        """Put back all dead letters with one of these reasons (None: all), and yield the progress after each piece.

        Those without ``search`` in their text or reason are left. ``wake`` is called when a wake-up is to be published.
        A string that fails again during the run may be missed. The log keeps which operator did it. Raises
        JournalFull when there was no room for 10 s, or JournalUnavailable: what was yielded is done, and perhaps one
        more piece.
        """
        audit = {"operator": operator, "action": "retry group", **_told(reasons, search)}
        return self._run(audit, self.pieces(reasons, search), partial(self._retry_piece, wake))

    def discard(
        self, reasons: Collection[str] | None, why: str, operator: str, search: str = ""
    ) -> Generator[Progress]:
        """Remove those that ``retry`` would put back, for good, and yield the progress as ``retry`` does.

        The log keeps why, which operator did it, and their ids. Raises JournalUnavailable.
        """
        audit = {"operator": operator, "action": "discard group", "reason": why, **_told(reasons, search)}
        return self._run(audit, self.pieces(reasons, search), partial(self._discard_piece, why))

    def _run(self, audit: Mapping[str, object], pieces: Generator[Piece], take: _Take) -> Generator[Progress]:
        """Yield the total, then the progress after each piece and in each pause; log its beginning and its end."""
        with journal_errors(), closing(pieces):
            progress = Progress(sum(shard.count() for shard in self._shards))
            log.warning(ACTION_BEGINS, **audit)
            try:
                yield progress
                for shard, looked_at, wanted, unreadable in pieces:
                    began = time.monotonic()
                    while (done := take(shard, wanted)) is None:
                        if time.monotonic() > began + PATIENCE:
                            raise JournalFull(NO_ROOM.format(self._most_waiting))
                        yield progress
                        time.sleep(random.uniform(*PAUSE))  # noqa: S311
                    progress = progress._replace(
                        looked_at=progress.looked_at + looked_at,
                        done=progress.done + done,
                        skipped=progress.skipped + len(wanted) - done + unreadable,
                    )
                    yield progress
                    time.sleep(min(LONGEST_REST, REST * (time.monotonic() - began)))
            finally:
                counts = {"count": progress.done, "skipped": progress.skipped, "left": progress.left}
                log.warning(OPERATOR_ACTION, **audit, **counts)

    def _walk(self, cursor: int = 0) -> Generator[tuple[int, DeadLetters, list[bytes]]]:
        """Yield pieces of each shard's, with the cursor to continue from; its remainder says in which shard."""
        first, cursor = cursor % len(self._shards), cursor // len(self._shards)
        for number, shard in enumerate(self._shards[first:], first):
            with journal_errors(), shard.once.client() as walker:
                for reached, values in _walk(walker, shard.keys.failed, cursor):
                    here = reached * len(self._shards) + number if reached else (number + 1) % len(self._shards)
                    yield here, shard, values
            cursor = 0

    def _retry_piece(self, wake: Callable[[], None], shard: DeadLetters, found: list[Found]) -> int | None:
        """Put these back and return how many; None while there is no room for them."""
        if not found:
            return 0
        if shard.waiting() >= self._most_waiting:
            return None
        try:
            put_back = shard.put_back(found)
        except JournalFull:
            return None
        if put_back.wake:
            wake()
        return put_back.done

    def _discard_piece(self, why: str, shard: DeadLetters, found: list[Found]) -> int:
        removed = shard.remove(found) if found else []
        if removed:
            log.info("dead letters discarded", ids=removed, reason=why)
        return len(removed)


def _told(reasons: Collection[str] | None, search: str) -> dict[str, object]:
    """Return what the log says about which dead letters are meant."""
    because = "anything" if reasons is None else [reason[:LOGGED] for reason in reasons]
    return {"refused_because": because, "containing": search}


def _wanted(reasons: Collection[str] | None, search: str, letter: DeadLetter) -> bool:
    return (reasons is None or letter.reason in reasons) and contains(letter, search)


def _walk(redis: Redis, key: str, cursor: int = 0) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the dead letters piece by piece, each with the cursor to continue from (0: the end).

    Those that are there throughout come once, rarely twice; the walk ends whatever is added meanwhile. The client must
    have a single connection: a restarted Redis has another order, in which the cursor means nothing.
    """
    count = 1
    while True:
        cursor, found = redis.hscan(key, cursor, count=count)
        values = list(found.values())
        yield cursor, values
        if cursor == 0:
            return
        count = min(PIECE, next_count(count, values))
