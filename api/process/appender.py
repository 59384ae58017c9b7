"""Group commit: everything that waits in this process goes to the journal in one call.

Request threads hand their units over and wait; one thread writes all that has gathered while the previous call was
under way. So a round trip and an fsync serve many requests, and a lone request does not wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import structlog

from api.process.metrics import note_group
from core.append import Record, Unit
from core.errors import DummiesError, JournalUnavailable, KeyReused
from core.journal import MAX_GROUP_BYTES, MAX_GROUP_STRINGS, Appended, Journal
from core.loops import repeat

log = structlog.get_logger()

PATIENCE = 2.5
"""Seconds a request waits for its append before it answers 503."""
GATHERING = 0.002
"""Seconds in which a group grows when the last one had more than one unit: under such a load a call and an fsync then
serve twice as many. A lone client never waits for it."""


@dataclass(slots=True)
class Ticket:
    """What became of a request's units so far.

    One thread writes them, in order and none after a failure; so when the first one fails, nothing of the request was
    kept, nor will be. ``earlier`` has, by id, the records of strings that were queued or failed already; ``appended``
    is roughly the number of strings ever appended, up to the last one.
    """

    earlier: dict[str, Record] | None = None
    appended: int = 0
    kept: bool = False
    abandoned: bool = False
    error: DummiesError | None = None

    @property
    def over(self) -> bool:
        """Whether no more of its units are to be written."""
        return self.abandoned or self.error is not None

    def check(self) -> None:
        """Raise what a unit failed with; JournalUnavailable where another unit of the request is on disk."""
        if self.error is not None:
            raise JournalUnavailable if self.kept else self.error


class _Waiting:
    """A unit on its way, with the lock that its request waits for."""

    __slots__ = ("done", "size", "ticket", "unit")

    def __init__(self, unit: Unit, ticket: Ticket) -> None:
        self.unit = unit
        self.ticket = ticket
        self.size = unit.size
        self.done = threading.Lock()
        self.done.acquire()


class Appender:
    """Appends units on behalf of request threads; ``on_wake`` is called when a wake-up is to be published."""

    def __init__(self, journal: Journal, on_wake: Callable[[], None]) -> None:
        """Use this journal; the thread starts with the first unit, in the process that serves."""
        self._journal = journal
        self._on_wake = on_wake
        self._queue: SimpleQueue[_Waiting] = SimpleQueue()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None
        self._left_over: _Waiting | None = None
        """The first unit that did not fit the last group."""
        self._thick = False
        """Whether the last group was larger than one unit."""

    def append(self, units: Sequence[Unit]) -> Ticket:
        """Append the units of one request, which are on disk on return; return what became of them.

        Raises KeyReused or JournalFull when none of the units was written, or JournalUnavailable (within 2.5 s) when
        some or all of them may have been; repeating the request under the same key is safe.
        """
        self._ensure_thread()
        ticket = Ticket()
        waiting = [_Waiting(unit, ticket) for unit in units]
        for item in waiting:
            self._queue.put(item)
        deadline = time.monotonic() + PATIENCE
        for item in waiting:
            if not item.done.acquire(timeout=max(0.0, deadline - time.monotonic())):
                ticket.abandoned = True
                raise JournalUnavailable
            ticket.check()
        return ticket

    def _ensure_thread(self) -> None:
        if self._thread is None:
            with self._start:
                if self._thread is None:
                    self._thread = repeat(self._append_next, "appender")

    def _append_next(self) -> None:
        first = self._left_over or self._queue.get()
        if self._thick and self._left_over is None:
            time.sleep(GATHERING)
        group, self._left_over = self._gather(first)
        self._thick = len(group) > 1
        if group:
            self._write(group)

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], _Waiting | None]:
        """Return all that waits, up to a group's limits, and the first unit that does not fit."""
        group: list[_Waiting] = []
        strings = size = 0
        item = first
        while True:
            if not item.ticket.over:
                strings += len(item.unit.texts)
                size += item.size
                if group and (strings > MAX_GROUP_STRINGS or size > MAX_GROUP_BYTES):
                    return group, item
                group.append(item)
            try:
                item = self._queue.get_nowait()
            except Empty:
                return group, None

    def _write(self, group: list[_Waiting]) -> None:
        began, kept = time.monotonic(), 0
        try:
            try:
                appended = self._journal.append([item.unit for item in group])
            finally:
                took = time.monotonic() - began
        except DummiesError as error:
            _fail(group, error)
        except Exception:
            log.exception("append failed")
            _fail(group, JournalUnavailable())
        else:
            kept = _note(group, appended)
            if appended.wake:
                self._on_wake()
        for item in group:
            item.done.release()
        note_group(sum(len(item.unit.texts) for item in group), kept, took)


def _note(group: list[_Waiting], appended: Appended) -> int:
    """Tell those who wait; return how many strings the journal has."""
    kept = 0
    for index, item in enumerate(group):
        if index in appended.refused:
            item.ticket.error = KeyReused()
        else:
            kept += len(item.unit.texts)
            item.ticket.kept = True
            item.ticket.appended = appended.appended
            if appended.earlier:
                item.ticket.earlier = (item.ticket.earlier or {}) | appended.earlier
    return kept


def _fail(group: list[_Waiting], error: DummiesError) -> None:
    for item in group:
        item.ticket.error = error
