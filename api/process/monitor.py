"""Pipeline health, sampled every second; drives ``/pipeline`` and admission control."""

from __future__ import annotations

import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from redis import Redis

from api.http.problems import ApiProblem, journal_full, journal_volatile, too_few_replicas
from api.process.reader import Reader
from api.settings import ApiSettings
from core.connection import fullness, journal_errors, without_repeats
from core.counts import Counts
from core.durability import Durability, Info, read_info
from core.errors import CredentialsRefused, DatabaseUnavailable, DummiesError, JournalUnavailable
from core.journal import Journal
from core.loops import repeat
from core.outage_log import OutageLog
from core.rollback import Rollback
from core.timeouts import WORKER_SILENT_AFTER

PERIOD = 1.0
SHORT_PERIODS = (0.1, 0.3)
"""Seconds between two samples of an unavailable Redis, random: requests are refused until it is seen to be back."""
SHORT_TIMEOUT = 1.0
"""Seconds that an unavailable Redis has for its first reply: a sample that began before it was back ends soon."""
RATE_WINDOW = 10.0
STALE_AFTER = 5.0
RECENT_PERIOD, RECENT_PERIODS = 5.0, 60
"""Seconds of each period whose stored strings are counted, and the number of periods that are kept."""
FIRST_LOOK = 1.0
"""Seconds that ``/pipeline`` waits until a process that has just started has sampled the database."""
ROOM_TO_MAKE = 0.05
"""The part of the backlog that should be drained before a refused request is worth repeating."""

Sample = tuple[float, Counts]
"""Redis' counts, and when they were read (s, monotonic)."""


@dataclass
class Since:
    """Whether a part answers, and since when: known after a change, as processes start sampling at different times."""

    up: bool | None = None
    at: datetime | None = None

    def note(self, *, up: bool | None, at: datetime | None = None) -> None:
        """Note a sample, with the time (``at``) where it tells that; else only a change has one."""
        if up != self.up:
            self.up, self.at = up, at or (None if self.up is None else datetime.now(UTC))


class Monitor:
    """Samples Redis and PostgreSQL every second, each in a thread of its own; an unavailable Redis more often."""

    def __init__(self, journal: Journal, redis: Redis, reader: Reader, settings: ApiSettings) -> None:
        """Use these; the threads start with the first request, in the process that serves."""
        self._journal, self._redis, self._reader = journal, redis, reader
        self._impatient = without_repeats(redis, timeout=SHORT_TIMEOUT)
        self._settings = settings
        self._start = threading.Lock()
        self._started = False
        self._database_seen = threading.Event()
        self._samples: deque[Sample] = deque()
        self._seen_at = 0.0
        self._period_began: tuple[float, int] | None = None
        self.stored_recently: deque[int] = deque(maxlen=RECENT_PERIODS)
        """Rows inserted in each of the last periods of five seconds, oldest first."""
        self.counts: Counts | None = None
        self.info: Info | None = None
        self.full = False
        self.reached = False
        """Whether Redis has ever been seen loaded and durable."""
        self.credentials_refused = False
        """Whether Redis' last answer was that it refuses the user or the password."""
        self.durability = Durability(settings)
        self.set_back: Rollback | None = None
        self._balance = OutageLog("the balance is off", "the balance holds again")
        self._no_worker = OutageLog("no worker", "a worker runs again")
        self.journal = Since()
        self.database = Since()
        self.workers = Since()

    @property
    def accepting(self) -> bool:
        """Whether submissions are accepted at present."""
        durability = self.durability
        return bool(self.journal.up and not self.full and not durability.refused and not durability.too_few_replicas)

    def ensure_started(self) -> None:
        """Start sampling; on return Redis has been sampled once."""
        if self._started:
            return
        with self._start:
            if not self._started:
                self.look_at_journal()
                _repeat(self.look_at_journal, self._journal_period, "journal monitor")
                _repeat(self.look_at_database, lambda: PERIOD, "database monitor")
                self._started = True

    def wait_for_first_look(self) -> None:
        """Start sampling; on return PostgreSQL has been sampled too, unless that takes more than a second."""
        self.ensure_started()
        self._database_seen.wait(FIRST_LOOK)

    def check(self) -> None:
        """Raise JournalUnavailable or ApiProblem (volatile, full) when submissions are refused at present."""
        self.ensure_started()
        if self.journal.up is False and time.monotonic() - self._seen_at < STALE_AFTER:
            raise JournalUnavailable
        if self.durability.refused:
            raise journal_volatile(self.durability.problem)
        if self.durability.too_few_replicas:
            raise too_few_replicas()
        if self.full:
            raise self._full()

    def look_at_journal(self) -> None:
        """Sample Redis."""
        try:
            if self.journal.up is False:
                with journal_errors():
                    self._impatient.ping()
            counts = self._journal.counts()
            has_room = self._journal.has_room()
            with journal_errors():
                info = read_info(self._redis)
        except DummiesError as error:
            self.journal.note(up=False)
            self.credentials_refused = isinstance(error, CredentialsRefused)
            self._journal.drop_connections()
            self.counts = self.info = None
        else:
            self.journal.note(up=True)
            self.credentials_refused = False
            self._note_journal(counts, info)
            self._note_room(counts, info, has_room=has_room)
        self._seen_at = time.monotonic()

    def look_at_database(self) -> None:
        """Sample PostgreSQL; the workers' mark that it is unavailable counts as well."""
        if self.counts and self.counts.unavailable_since:
            self.database.note(up=False, at=datetime.fromtimestamp(self.counts.unavailable_since, UTC))
        else:
            self.database.note(up=self._database_answers())
        self._database_seen.set()

    def rate(self) -> float | None:
        """Return the rows inserted per second over the last ten seconds; None before it is known."""
        return _per_second(list(self._samples), lambda counts: counts.inserted)

    def drain_seconds(self) -> float | None:
        """Return how long (s) the backlog takes to drain at the present rate; None if unknown or paused."""
        rate = _per_second(_since_resumed(list(self._samples)), lambda counts: counts.stored)
        if self.counts is None or self.counts.paused or not rate:
            return 0.0 if self.counts and not self.counts.waiting else None
        return self.counts.waiting / rate

    def _journal_period(self) -> float:
        return random.uniform(*SHORT_PERIODS) if self.journal.up is False else PERIOD  # noqa: S311

    def _database_answers(self) -> bool | None:
        if not self._reader.reads:
            return None  # what is stored, only the workers know
        try:
            self._reader.ping()
        except DatabaseUnavailable:
            return False
        return True

    def _note_journal(self, counts: Counts, info: Info) -> None:
        self.durability.note(info)
        self.reached = self.reached or (info.persistence["loading"] == 0 and not self.durability.refused)
        reported = self._journal.report_rollback()
        self.set_back = counts.set_back or reported
        self.counts, self.info = counts, info
        if counts.unaccounted:
            self._balance.met(f"{counts.unaccounted} strings unaccounted for")
        else:
            self._balance.over()
        self._note_workers(counts)
        self._note_rate(counts)

    def _note_workers(self, counts: Counts) -> None:
        if counts.workers:
            self._no_worker.over()
        elif counts.waiting or self.workers.up or self._no_worker.down:  # not each time that the API starts first
            self._no_worker.met(f"no heartbeat for {WORKER_SILENT_AFTER:.0f} s", waiting=counts.waiting)
        self.workers.note(up=counts.workers > 0)

    def _note_rate(self, counts: Counts) -> None:
        now = time.monotonic()
        self._samples.append((now, counts))
        while now - self._samples[0][0] > RATE_WINDOW:
            self._samples.popleft()
        began = self._period_began or (now, counts.inserted)
        if now - began[0] >= RECENT_PERIOD:
            self.stored_recently.append(max(0, counts.inserted - began[1]))
            began = (now, counts.inserted)
        self._period_began = began

    def _note_room(self, counts: Counts, info: Info, *, has_room: bool) -> None:
        limits = {
            "JOURNAL_LIMIT": (counts.waiting, self._settings.journal_limit),
            "JOURNAL_MEMORY_FRACTION": (
                info.memory["used_memory"],
                info.memory["maxmemory"] * self._settings.journal_memory_fraction or math.inf,
            ),
        }
        reached = [f"{name} is reached" for name, (used, most) in limits.items() if used >= most]
        for reason in reached:
            fullness.met(reason, waiting=counts.waiting, used_memory=info.memory["used_memory"])
        self.full = bool(reached) or not has_room
        if not self.full:
            fullness.over()

    def _full(self) -> ApiProblem:
        drain = self.drain_seconds()
        return journal_full(10 if drain is None else min(60, max(1, math.ceil(drain * ROOM_TO_MAKE))))


def _since_resumed(samples: list[Sample]) -> list[Sample]:
    """Return the samples since the last that was taken in an outage, which says nothing about the rate after it."""
    for at in reversed(range(len(samples))):
        counts = samples[at][1]
        if counts.unavailable_since or counts.paused or not counts.workers:
            return samples[at:]
    return samples


def _per_second(samples: list[Sample], count: Callable[[Counts], int]) -> float | None:
    if len(samples) < 2 or samples[-1][0] == samples[0][0]:  # noqa: PLR2004
        return None
    (began, first), (ended, last) = samples[0], samples[-1]
    return max(0.0, (count(last) - count(first)) / (ended - began))


def _repeat(look: Callable[[], None], period: Callable[[], float], name: str) -> None:
    def look_and_wait() -> None:
        look()
        time.sleep(period())

    repeat(look_and_wait, name)
