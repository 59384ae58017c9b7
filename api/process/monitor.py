"""Pipeline health, sampled every second; drives ``/pipeline`` and admission control."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from api.process.journal_monitor import PERIOD, JournalMonitor, Since
from api.process.reader import Reader
from core.counts import Counts, added_up
from core.errors import DatabaseUnavailable
from core.loops import repeat
from core.outage_log import OutageLog
from core.rollback import Rollback
from core.timeouts import WORKER_SILENT_AFTER

RECENT_PERIOD, RECENT_PERIODS = 5.0, 60
"""Seconds of each period whose stored strings are counted, and the number of periods that are kept."""
FIRST_LOOK = 1.0
"""Seconds that ``/pipeline`` waits until a process that has just started has sampled the database."""


class Monitor:
    """Samples each shard of the journal, and PostgreSQL, in threads of their own; what is unavailable more often."""

    def __init__(self, shards: Sequence[JournalMonitor], reader: Reader) -> None:
        """Use these; the threads start with the first request, in the process that serves."""
        self.shards = shards
        self._reader = reader
        self._start, self._noting = threading.Lock(), threading.Lock()
        self._started = False
        self._database_seen = threading.Event()
        self._period_began: tuple[float, int] | None = None
        self.stored_recently: deque[int] = deque(maxlen=RECENT_PERIODS)
        """Rows inserted in each of the last periods of five seconds, oldest first."""
        self._no_worker = OutageLog("no worker", "a worker runs again")
        self.journal = Since()
        self.database = Since()
        self.workers = Since()

    @property
    def accepting(self) -> bool:
        """Whether submissions are accepted at present, by one shard at least."""
        return any(shard.accepting for shard in self.shards)

    @property
    def silent(self) -> list[int]:
        """The numbers of the shards that do not answer."""
        return [number for number, shard in enumerate(self.shards) if shard.up is False]

    @property
    def refusing(self) -> list[int]:
        """The numbers of the shards that accept no strings at present."""
        return [number for number, shard in enumerate(self.shards) if not shard.accepting]

    @property
    def counts(self) -> Counts | None:
        """The sums over all shards that answer; None if none does."""
        known = [counts for shard in self.shards if (counts := shard.counts)]
        return added_up(known) if known else None

    @property
    def set_back(self) -> Rollback | None:
        """A rollback that was seen of a shard."""
        return next((seen for shard in self.shards if (seen := shard.set_back)), None)

    def ensure_started(self) -> None:
        """Start sampling; on return each shard has been sampled once."""
        if self._started:
            return
        with self._start:
            if not self._started:
                for number, shard in enumerate(self.shards):
                    self.look_at_journal(shard)
                    _repeat(partial(self.look_at_journal, shard), shard.period, f"journal monitor {number}")
                _repeat(self.look_at_database, lambda: PERIOD, "database monitor")
                self._started = True

    def wait_for_first_look(self) -> None:
        """Start sampling; on return PostgreSQL has been sampled too, unless that takes more than a second."""
        self.ensure_started()
        self._database_seen.wait(FIRST_LOOK)

    def check(self) -> None:
        """Raise JournalUnavailable or ApiProblem (volatile, full) where every shard refuses submissions at present."""
        self.ensure_started()
        refusals = [shard.refusal() for shard in self.shards]
        if all(refusals) and refusals[0]:
            raise refusals[0]

    def check_shard(self, number: int) -> None:
        """Raise what ``check`` raises where this shard refuses submissions at present."""
        if refusal := self.shards[number].refusal():
            raise refusal

    def appended_elsewhere(self, number: int) -> int:
        """Return how many strings were ever appended to other shards than this."""
        others = (shard.last_counts for other, shard in enumerate(self.shards) if other != number)
        return sum(counts.appended for counts in others if counts)

    def look_at_journal(self, shard: JournalMonitor) -> None:
        """Sample a shard."""
        shard.look()
        with self._noting:
            self.journal.note(up=not any(shard.away for shard in self.shards))
            if counts := self.counts:
                self._note_workers(counts)
                self._note_stored()

    def look_at_database(self) -> None:
        """Sample PostgreSQL; the workers' mark that it is unavailable counts as well."""
        counts = self.counts
        if counts and counts.unavailable_since:
            self.database.note(up=False, at=datetime.fromtimestamp(counts.unavailable_since, UTC))
        else:
            self.database.note(up=self._database_answers())
        self._database_seen.set()

    def rate(self) -> float | None:
        """Return the rows inserted per second over the last ten seconds; None before it is known."""
        rates = [shard.rate() for shard in self.shards if shard.counts]
        return None if None in rates or not rates else sum(rate or 0.0 for rate in rates)

    def drain_seconds(self) -> float | None:
        """Return how long (s) the slowest shard's backlog takes to drain at the present rate; None if unknown."""
        seconds = [shard.drain_seconds() for shard in self.shards if shard.counts]
        return None if None in seconds or not seconds else max(each or 0.0 for each in seconds)

    def _database_answers(self) -> bool | None:
        if not self._reader.reads:
            return None  # what is stored, only the workers know
        try:
            self._reader.ping()
        except DatabaseUnavailable:
            return False
        return True

    def _note_workers(self, counts: Counts) -> None:
        if counts.workers:
            self._no_worker.over()
        elif counts.waiting or self.workers.up or self._no_worker.down:  # not each time that the API starts first
            self._no_worker.met(f"no heartbeat for {WORKER_SILENT_AFTER:.0f} s", waiting=counts.waiting)
        self.workers.note(up=counts.workers > 0)

    def _note_stored(self) -> None:
        known = [counts.inserted for shard in self.shards if (counts := shard.last_counts)]
        if len(known) < len(self.shards):
            return  # what a shard stored before would count as stored just now
        now, inserted = time.monotonic(), sum(known)
        began = self._period_began or (now, inserted)
        if now - began[0] >= RECENT_PERIOD:
            self.stored_recently.append(max(0, inserted - began[1]))
            began = (now, inserted)
        self._period_began = began


def _repeat(look: Callable[[], None], period: Callable[[], float], name: str) -> None:
    def look_and_wait() -> None:
        look()
        time.sleep(period())

    repeat(look_and_wait, name)
