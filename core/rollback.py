"""The high water: how far the counter of appended strings, which only ever grows, has been seen to be.

Nobody can undo that Redis comes back without what it had acknowledged, on an emptied volume or with an older copy of
its files. But the counter stands beside the journal and came back with it, so it is lower than somebody has seen it.
"""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

import structlog

log = structlog.get_logger()


class Rollback(NamedTuple):
    """When the journal was seen set back (ms since 1970), and its counter of appended strings before and after."""

    at_ms: int
    before: int
    after: int

    def __str__(self) -> str:
        """Return the note that stands in Redis."""
        return f"{self.at_ms} {self.before} {self.after}"


class Mark(NamedTuple):
    """How high the counter was seen; ``turn`` counts how often it has fallen."""

    turn: int
    counter: int


def parse_rollback(note: bytes) -> Rollback:
    """Return the note as read from Redis."""
    return Rollback(*map(int, note.split()))


class RollbackDetector:
    """The highest that one process has seen the counter; threads may share it.

    Take the ``mark`` before a call is sent, and ``note`` what the call found. Redis ran the call after whatever the
    mark tells of, so a lower counter means that the journal was set back, in whichever order answers are noted.
    """

    def __init__(self) -> None:
        """Have seen nothing."""
        self._lock = threading.Lock()
        self.mark = Mark(0, 0)
        self.untold: Rollback | None = None
        """What was seen of which no note was left yet."""

    def note(self, mark: Mark, found: int, left: int) -> None:
        """Note the counter as a call found it and as it left it; that it has fallen is logged once."""
        with self._lock:
            if mark.turn != self.mark.turn:
                return  # sent before the fall: the answer may be from before it, too
            if found >= mark.counter:
                self.mark = max(self.mark, Mark(mark.turn, left))
                return
            self.mark = Mark(mark.turn + 1, left)
            fall = Rollback(time.time_ns() // 1_000_000, mark.counter, found)
            self.untold = self.untold or fall
        log.error("journal set back", before=fall.before, after=fall.after, missing_at_most=fall.before - fall.after)
