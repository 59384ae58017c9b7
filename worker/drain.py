"""The drain: moves strings from the journal into PostgreSQL, batch by batch. Read ``worker/settle.py`` next."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from core.consumer import Consumer, Entry, Turn
from core.errors import JournalUnavailable, Paused
from core.outage_log import OutageLog
from core.timeouts import DRAIN_BUDGET
from worker.failures import Outage, Unanswered
from worker.metrics import note_settled
from worker.settle import Settling, Size
from worker.store import Store
from worker.tally import Tally
from worker.tracing import Tracing

log = structlog.get_logger()

LINGER = 0.1
"""Seconds for which a drain that stored something polls an empty journal: that takes fewer wake-ups."""
STEP, LONG_STEP, MANY = 0.008, 0.025, 100
"""Seconds that it lets pass between two claims unless more waits than one takes. After a batch of many strings more
time passes, because larger batches cost less a string; at such a rate that counts for more than a few milliseconds."""
HANDOVER = 0.1
"""Seconds before its time is up at which a drain calls for the next, so that no string waits for that one to begin."""
ASIDE_SHARE = 0.75
"""Seconds of a drain's budget that are kept for strings that were set aside."""
SLOW, REST = 0.25, 4.0
"""Where settling strings that were set aside takes longer than this (s), they rest for this multiple of that time."""


class Busy:
    """Whether one of the drains that run side by side has something to do; threads may share it."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._lock, self._storing, self._until = threading.Lock(), 0, float("-inf")

    def linger(self) -> None:
        """Expect more for a moment."""
        self._until = time.monotonic() + LINGER

    @contextmanager
    def storing(self) -> Iterator[None]:
        """Say so within the block."""
        with self._lock:
            self._storing += 1
        try:
            yield
        finally:
            with self._lock:
                self._storing -= 1

    def __bool__(self) -> bool:
        """Whether there is something to do, or was a moment ago."""
        return self._storing > 0 or time.monotonic() < self._until


class Drain:
    """The drains of one process and shard; it remembers how much PostgreSQL takes at a time."""

    def __init__(
        self,
        consumer: Consumer,
        store: Store,
        wake: Callable[[], None],
        tracing: Tracing | None = None,
        busy: Busy | None = None,
    ) -> None:
        """Use these; ``wake`` is called when there is more than one process can drain alone.

        ``busy`` is shared with the drains of other shards, which end together.
        """
        self._consumer, self._store, self._wake = consumer, store, wake
        self._tracing, self._busy = tracing or Tracing(), Busy() if busy is None else busy
        self._among_others = busy is not None
        self._size, self._aside_size = Size(), Size()
        self._outage = OutageLog("PostgreSQL stores nothing", server=store.server)
        self._tally = Tally()
        self._doubted = False
        """Whether PostgreSQL is marked unavailable, and a probe could not tell whether it is."""

    def run(self) -> Tally:
        """Store what waits, for roughly 3 s at most; return what became of it.

        An outage of Redis or PostgreSQL raises nothing: claimed entries were released, or their leases expire. Nor does
        a pause, which begins when what was claimed is settled.
        """
        self._tally, began = Tally(), time.monotonic()
        try:
            try:
                self._run()
            except Outage as outage:
                self._outage.met(str(outage))
                self._consumer.mark_database_unavailable()  # no wake-up: the timer retries often enough
            except Unanswered as error:
                log.warning("batch timed out in PostgreSQL", reason=str(error))
                self._consumer.finish()
        except (Paused, JournalUnavailable):
            pass  # both are logged elsewhere; what was claimed returns when its lease expires
        self._tally.seconds = time.monotonic() - began
        return self._tally

    def _run(self) -> None:
        until = time.monotonic() + DRAIN_BUDGET
        turn = self._consumer.start()
        if turn is Turn.REST:
            return
        self._doubted = turn is Turn.PROBE
        if self._doubted and self._store.probe() is None:
            self._end_outage()
        if self._among_others:
            self._busy.linger()
        self._drain_journal(until - ASIDE_SHARE)
        if self._doubted:  # nothing waits that could tell
            self._end_outage()
        while time.monotonic() < until and self._try_aside():
            pass

    def _drain_journal(self, until: float) -> None:
        """Drain until the journal stays empty for a moment, or the time is up; then another drain was called for."""
        finished = woke = False
        while (now := time.monotonic()) < until:
            if not woke and now > until - HANDOVER:
                woke = True
                self._wake()
            batch = self._consumer.claim(self._size.strings, self._size.bytes)
            if batch.entries:
                if batch.full:
                    self._wake()
                with self._busy.storing():
                    self._store_entries(batch.entries, self._size)
                if self._tally.stored:
                    self._busy.linger()
            elif finished:
                return
            elif not self._busy:
                self._consumer.finish()
                finished = True
                continue
            if not batch.full and all(entry.deliveries == 1 for entry in batch.entries):  # others are claimed alone
                many = sum(len(entry.strings) for entry in batch.entries) >= MANY
                time.sleep(LONG_STEP if many else STEP)
        if not woke:
            self._consumer.finish()
            self._wake()

    def _try_aside(self) -> bool:
        """Retry strings that failed alone; return whether any were due."""
        entries = self._consumer.claim_aside(self._aside_size.strings, self._aside_size.bytes)
        if not entries:
            return False
        started = time.monotonic()
        try:
            self._store_entries(entries, self._aside_size)
        finally:
            took = time.monotonic() - started
            self._consumer.end_aside(REST * took if took > SLOW else 0)
        return True

    def _store_entries(self, entries: list[Entry], size: Size) -> None:
        settling, began = Settling(self._consumer, self._store, size), time.monotonic()
        done = settling.tally
        with self._tracing.batch(entries, done):
            try:
                settling.settle(entries)
            finally:
                done.seconds = time.monotonic() - began
                self._tally.add(done)
                note_settled(done)
                if done:  # else an outage, or a slow statement, has a line
                    counts = {"stored": done.stored, "skipped": done.skipped, "failed": done.failed}
                    batch = {"entries": len(entries), "first": entries[0].id, "last": entries[-1].id}
                    log.info("batch settled", **batch, **counts, ms=done.ms)
        if done.stored:
            self._outage.over()
            if self._doubted:
                self._end_outage()

    def _end_outage(self) -> None:
        self._doubted = False
        self._consumer.mark_database_available()
        self._outage.over()
