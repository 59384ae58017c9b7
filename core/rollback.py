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

DETECTED_WITHIN_MS = 10_000
"""Each process detects a rollback within this time, twice what is promised; a later one is another rollback."""


class Rollback(NamedTuple):
    """When a rollback was detected (ms since 1970), and the counter of appended strings before and after it."""

    at_ms: int
    before: int
    after: int


def read_rollback(note: bytes | None) -> Rollback | None:
    """Return a rollback from its note in Redis."""
    return Rollback(*map(int, note.split())) if note else None


class Mark(NamedTuple):
    """The highest counter seen; ``falls`` counts how often it has fallen."""

    falls: int
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
        self._last: Rollback | None = None

    def reported(self, rollback: Rollback) -> None:
        """Forget a rollback of which a note was left; what was seen of it meanwhile is still to be reported."""
        with self._lock:
            if self.unreported == rollback:
                self.unreported = None

    def note(self, mark: Mark, found: int, left: int) -> None:
        """Note the counter as a call found it and as it left it; a fall is logged once."""
        with self._lock:
            if mark.falls != self.mark.falls:
                self._note_late(mark, found)
                return
            if found >= mark.counter:
                self.mark = max(self.mark, Mark(mark.falls, left))
                return
            self.mark = Mark(mark.falls + 1, left)
            fall = self._last = Rollback(time.time_ns() // 1_000_000, mark.counter, found)
            self.unreported = self.unreported or fall
        log.error("journal rolled back", before=fall.before, after=fall.after, missing_at_most=fall.before - fall.after)

    def _note_late(self, mark: Mark, found: int) -> None:
        """Note the reply to a call sent before the fall: one that found less than its mark ran after it."""
        if self._last and mark.falls == self.mark.falls - 1 and found < min(mark.counter, self._last.after):
            self._last = self.unreported = self._last._replace(after=found)
