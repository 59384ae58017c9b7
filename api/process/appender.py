"""Group commit: everything that waits in this process goes to the journal in one call.

Request threads hand their units over and wait; one thread writes all that has gathered while the previous call was
under way. So a round trip and an fsync serve many requests, and a lone request does not wait. Clients that got their
response with the last group mostly send again soon, so the next one waits for as many, though not for long.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
"""Seconds since the last group in which the next one may grow: under load a call and an fsync then serve more units.
What comes after a longer pause is written immediately, so a lone client never waits for it."""


@dataclass(slots=True)
class Ticket:
    """What became of a request's units so far.

    One thread writes them, in order and none after a failure; so when the first one fails, nothing of the request was
    kept, nor will be. ``earlier`` is a record of the last unit's strings where they were queued or failed already;
    ``appended`` is roughly the number of strings ever appended, up to the last one.
    """

    earlier: Record | None = None
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


_Waiting = tuple[Unit, Ticket]
"""A unit on its way, and what becomes of it."""


class _Group:
    """Units that one append writes, and the lock that their requests wait for.

    Each request passes the lock on to the next. So they go on one after the other, instead of all waking to find that
    Python runs only one of them.
    """

    __slots__ = ("done", "size", "strings", "waiting")

    def __init__(self) -> None:
        self.waiting: list[_Waiting] = []
        self.strings = self.size = 0
        self.done = threading.Lock()
        self.done.acquire()

    def take(self, unit: Unit, ticket: Ticket) -> bool:
        """Add a unit if it fits; return whether it did."""
        strings = self.strings + len(unit.texts)
        size = self.size + unit.size
        if self.waiting and (strings > MAX_GROUP_STRINGS or size > MAX_GROUP_BYTES):
            return False
        self.strings, self.size = strings, size
        self.waiting.append((unit, ticket))
        return True


class Appender:
    """Appends units on behalf of request threads; ``on_wake`` is called when a wake-up is to be published."""

    def __init__(self, journal: Journal, on_wake: Callable[[], None]) -> None:
        """Use this journal; the thread starts with the first unit, in the process that serves."""
        self._journal = journal
        self._on_wake = on_wake
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None
        self._groups: deque[_Group] = deque()
        """The groups that wait, of which only the last one grows."""
        self._grown = threading.Condition(threading.Lock())
        """Held while the groups change; notified when the first one is large enough."""
        self._enough = 1
        """The units with which a group is large enough."""

    def append(self, units: Sequence[Unit]) -> Ticket:
        """Append the units of one request, which are on disk on return; return what became of them.

        Raises KeyReused or JournalFull when none of the units was written, or JournalUnavailable (within 2.5 s) when
        some or all of them may have been; repeating the request under the same key is safe.
        """
        self._ensure_thread()
        ticket = Ticket()
        deadline = time.monotonic() + PATIENCE
        for group in self._join(units, ticket):
            if not group.done.acquire(timeout=max(0.0, deadline - time.monotonic())):
                ticket.abandoned = True
                raise JournalUnavailable
            group.done.release()
            ticket.check()
        return ticket

    def _ensure_thread(self) -> None:
        if self._thread is None:
            with self._start:
                if self._thread is None:
                    self._thread = repeat(self._append_next, "appender")

    def _join(self, units: Sequence[Unit], ticket: Ticket) -> list[_Group]:
        """Have the units wait; return the group of each."""
        groups = []
        with self._grown:
            for unit in units:
                if not (self._groups and self._groups[-1].take(unit, ticket)):
                    self._groups.append(_Group())
                    self._groups[-1].take(unit, ticket)
                groups.append(self._groups[-1])
            if self._is_large_enough():
                self._grown.notify()
        return groups

    def _is_large_enough(self) -> bool:
        return len(self._groups) > 1 or (len(self._groups) == 1 and len(self._groups[0].waiting) >= self._enough)

    def _append_next(self) -> None:
        group = self._next()
        try:
            if left := [(unit, ticket) for unit, ticket in group.waiting if not ticket.over]:
                self._write(left)
            with (
                self._grown
            ):  # as many as are under way: those that get their response now, and those that wait already
                self._enough = len(group.waiting) + sum(len(each.waiting) for each in self._groups)
        finally:
            group.done.release()

    def _next(self) -> _Group:
        """Return the next group, once it is large enough, or has not grown so large in time."""
        with self._grown:
            if not self._grown.wait_for(self._is_large_enough, GATHERING):
                self._enough = 1
                self._grown.wait_for(self._is_large_enough)
            return self._groups.popleft()

    def _write(self, group: list[_Waiting]) -> None:
        began, kept = time.monotonic(), 0
        try:
            try:
                appended = self._journal.append([unit for unit, _ in group])
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
        note_group(sum(len(unit.texts) for unit, _ in group), kept, took)


def _note(group: list[_Waiting], appended: Appended) -> int:
    """Tell those who wait; return how many strings the journal has."""
    kept = 0
    for index, (unit, ticket) in enumerate(group):
        if index in appended.refused:
            ticket.error = KeyReused()
        else:
            kept += len(unit.texts)
            ticket.kept = True
            ticket.appended = appended.appended
            ticket.earlier = appended.earlier.get(unit.first_id)
    return kept


def _fail(group: list[_Waiting], error: DummiesError) -> None:
    for _, ticket in group:
        ticket.error = error
