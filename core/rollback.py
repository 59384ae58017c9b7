"""Rollbacks of the journal: the counter of appended strings, which only ever grows, has fallen.

Redis may come back without what it had acknowledged, on an emptied volume or with an older copy of its files. That
cannot be undone, but it can be detected: the counter came back with the journal, lower than a process has seen it.
"""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

import structlog

log = structlog.get_logger()


class Rollback(NamedTuple):
    """When a rollback was detected (ms since 1970), and the counter of appended strings before and after it."""

    at_ms: int
    before: int
    after: int

    def __str__(self) -> str:
        """Return the note that is kept in Redis."""
        return f"{self.at_ms} {self.before} {self.after}"


class Mark(NamedTuple):
    """The highest counter seen; ``turn`` counts how often it has fallen."""

    turn: int
    counter: int


class RollbackDetector:
    """The highest counter that one process has seen; threads may share it.

    Take the ``mark`` before a call is sent, and ``note`` what the call found. Redis ran the call after everything that
    the mark covers, so a lower counter means a rollback, in whichever order replies are noted.
    """

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._lock = threading.Lock()
        self.mark = Mark(0, 0)
        self.unreported: Rollback | None = None
        """A rollback of which no note has been left yet."""

    def note(self, mark: Mark, found: int, left: int) -> None:
        """Note the counter as a call found it and as it left it; a fall is logged once."""
        with self._lock:
            if mark.turn != self.mark.turn:
                return  # sent before the fall: the reply may be from before it, too
            if found >= mark.counter:
                self.mark = max(self.mark, Mark(mark.turn, left))
                return
            self.mark = Mark(mark.turn + 1, left)
            fall = Rollback(time.time_ns() // 1_000_000, mark.counter, found)
            self.unreported = self.unreported or fall
        log.error("journal set back", before=fall.before, after=fall.after, missing_at_most=fall.before - fall.after)
