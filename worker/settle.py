"""Settle a batch: store what can be stored; bisect to find what fails."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog

from core.consumer import BATCH_BYTES, BATCH_STRINGS, Consumer, Entry
from core.outage_log import OutageLog
from core.retries import Failure, RetryState, next_retry_state
from core.timeouts import SETTLE_BUDGET
from worker.failures import Outage, Refused, TooSlow, Unanswered
from worker.store import Store
from worker.tally import Tally

log = structlog.get_logger()
_slow = OutageLog("batch is too slow in PostgreSQL")

MAX_DELIVERIES = 2
"""Deliveries without a completion after which an entry is split or, if it is a single string, set aside. Most fail for
another reason than the entry: the worker is killed, or Redis is unavailable."""
LOST = Failure("worker lost", "storing it alone ended the worker, or was never completed")
FRAME = 64
"""Bytes by which a batch grows at least."""
DOUBTED = 20
"""Strings that fail alone before it is an outage, where the probe's row failed as well and no string was stored."""
GROWTH = 10
"""A batch may exceed the last that succeeded by a tenth: one that is too large costs a timeout."""


class Size:
    """How much one process stores at a time: half as much after each timeout, a tenth more after each success."""

    def __init__(self) -> None:
        """Start at the limits."""
        self.strings, self.bytes = BATCH_STRINGS, BATCH_BYTES

    def shrink(self, entries: Sequence[Entry]) -> None:
        """Halve: these took too long."""
        self.strings = max(1, min(self.strings, _count(entries)) // 2)
        self.bytes = max(1, min(self.bytes, _bytes(entries)) // 2)

    def grow(self) -> None:
        """Add a tenth: a batch was stored in time."""
        self.strings = min(BATCH_STRINGS, self.strings + max(1, self.strings // GROWTH))
        self.bytes = min(BATCH_BYTES, self.bytes + max(FRAME, self.bytes // GROWTH))


class Settling:
    """One claimed batch: each of its entries ends completed, split, set aside, dead-lettered or released."""

    def __init__(self, consumer: Consumer, store: Store, size: Size) -> None:
        """Start the clock: the lease leaves a budget of 8 s."""
        self._consumer, self._store, self._size = consumer, store, size
        self._until = time.monotonic() + SETTLE_BUDGET
        self._open: dict[str, Entry] = {}
        self._failed: list[tuple[Entry, Failure]] = []
        self._probed = self._shrunk = False
        self._doubt: Failure | None = None
        """How the probe failed, when strings may still be storable."""
        self.tally = Tally()

    def settle(self, entries: Sequence[Entry]) -> None:
        """Settle the entries, and count what became of them in ``tally``; what there is no time for is released.

        Raises Outage or Unanswered; what is not settled was released.
        """
        self._open = {entry.id: entry for entry in entries}
        try:
            if len(entries) == 1 and _is_suspect(entries[0]):
                self._set_apart(entries[0])
            else:
                self._insert(entries)
        finally:
            if not self._outage():
                self._set_aside()
            self._release()
        if outage := self._outage():
            raise Outage(outage.reason)

    def _insert(self, entries: Sequence[Entry]) -> None:
        if self._is_over():
            return
        count = _count(entries)
        try:
            rows = self._store.insert([entry.strings for entry in entries])
        except Unanswered as error:
            self._probed = False  # an earlier probe may be from before the server hung
            self._probe()
            self._shrink(entries)
            if count == 1:
                self._failed.append((entries[0], Failure("no answer", str(error), counts=False)))
            raise
        except Refused as refused:
            if isinstance(refused, TooSlow):
                _slow.met(refused.failure.reason, strings=count, server=self._store.server)
                self._shrink(entries)
            self._halve(entries, refused.failure)
            return
        self.tally.stored += rows
        self.tally.skipped += count - rows
        self._consumer.complete(entries, rows)  # only now: the commit has returned
        self._close(entries)
        if 2 * count >= self._size.strings or 2 * _bytes(entries) >= self._size.bytes:
            self._size.grow()

    def _halve(self, entries: Sequence[Entry], failure: Failure) -> None:
        if self._is_over():
            return
        self._probe()
        if len(entries) > 1:
            middle = len(entries) // 2
            halves = [entries[:middle], entries[middle:]]
            for half in random.sample(halves, 2) if self._doubt else halves:
                self._insert(half)
        elif len(entries[0].strings) > 1:
            self._split(entries[0])
        else:
            self._fail(entries[0], failure)

    def _probe(self) -> None:
        """Raise Outage where nothing can be stored, or is answered: then the batch is not at fault."""
        if not self._probed and time.monotonic() < self._until:
            self._doubt = self._store.probe()
            self._probed = True

    def _fail(self, entry: Entry, failure: Failure) -> None:
        """Note that a string failed alone, unless it is stored: an erased one may bring the text that is refused."""
        with suppress(Refused):
            if time.monotonic() < self._until and self._is_stored(entry):
                return
        self._failed.append((entry, failure))

    def _split(self, entry: Entry) -> None:
        lost = {"deliveries": entry.deliveries} if entry.deliveries > 1 else {}
        log.warning("entry split", entry=entry.id, strings=len(entry.strings), **lost)
        self._consumer.split(entry)
        self._close([entry])

    def _is_over(self) -> bool:
        """Return whether to stop: the time is up, or enough strings failed for it to be an outage."""
        if time.monotonic() > self._until:
            self._shrink(list(self._open.values()))
            return True
        return bool(self._doubt) and not self.tally.stored and len(self._failed) >= DOUBTED

    def _shrink(self, entries: Sequence[Entry]) -> None:
        if not self._shrunk:
            self._size.shrink(entries)
        self._shrunk = True

    def _outage(self) -> Failure | None:
        """Return how the probe's row failed, where the strings are not at fault: none of them was stored."""
        at_fault = self.tally.stored or all(failure.final for _, failure in self._failed)
        return None if at_fault else self._doubt

    def _set_aside(self) -> None:
        """Set strings aside that failed alone; dead-letter those that did too often."""
        aside: list[tuple[Entry, RetryState]] = []
        for entry, failure in self._failed:
            state = next_retry_state(failure, entry.retry_state, others_stored=entry.others_stored)
            if state is None:
                log.error("string dead-lettered", id=entry.strings.ids[0], reason=failure.reason)
                self._consumer.dead_letter(entry, failure.reason)
            else:
                aside.append((entry, state))
            self._close([entry])
        self._consumer.set_aside(aside)
        self.tally.failed += len(self._failed)
        new = [(entry, state) for entry, state in aside if state.tries == 1]
        if new:
            ids, reason = [entry.strings.ids[0] for entry, _ in new[:10]], new[0][1].reason
            log.warning("strings set aside", count=len(new), ids=ids, reason=reason)

    def _release(self) -> None:
        """Release what is not settled, or split what is more than is stored at a time now."""
        for entry in [entry for entry in self._open.values() if len(entry.strings) > self._size.strings]:
            self._split(entry)
        self._consumer.release([entry for entry in self._open.values() if not entry.aside])
        self._consumer.set_aside([(entry, None) for entry in self._open.values() if entry.aside])

    def _set_apart(self, entry: Entry) -> None:
        """Split an entry that no delivery completed; set a single string aside, unless it is stored."""
        if len(entry.strings) > 1:
            self._split(entry)
            return
        try:
            if not self._is_stored(entry):
                self._failed.append((entry, LOST))
        except Refused as refused:  # the role lacks a right, or an index is corrupt
            self._halve([entry], refused.failure)

    def _is_stored(self, entry: Entry) -> bool:
        """Return whether the entry's only string is stored already; then it is completed. Raises as ``holds`` does."""
        stored = self._store.holds(entry.strings.ids[0])
        if stored:
            self._consumer.complete([entry], 0)
            self.tally.skipped += 1
            self._close([entry])
        return stored

    def _close(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._open.pop(entry.id, None)


def _is_suspect(entry: Entry) -> bool:
    """Return whether an entry seems to kill its workers; one that was set aside does from its second delivery."""
    return entry.deliveries > (1 if entry.aside else MAX_DELIVERIES)


def _count(entries: Sequence[Entry]) -> int:
    return sum(len(entry.strings) for entry in entries)


def _bytes(entries: Sequence[Entry]) -> int:
    """Return how many bytes their texts take in the journal."""
    return sum(entry.strings.size for entry in entries)
