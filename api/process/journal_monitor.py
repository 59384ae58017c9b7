"""What is seen of one shard of the journal, and whether it takes strings at present."""

from __future__ import annotations

import math
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from api.http.problems import ApiProblem, journal_full, journal_volatile, too_few_replicas
from api.settings import ApiSettings
from core.connection import Shard, fullness, journal_errors, without_repeats
from core.counts import Counts
from core.durability import Durability, Info, read_info
from core.errors import CredentialsRefused, DummiesError, JournalUnavailable
from core.journal import Journal
from core.outage_log import OutageLog
from core.rollback import Rollback

PERIOD = 1.0
SHORT_PERIODS = (0.1, 0.3)
"""Seconds between two samples of an unavailable Redis, random: requests are refused until it is seen to be back."""
SHORT_TIMEOUT = 1.0
"""Seconds that an unavailable Redis has for its first reply: a sample that began before it was back ends soon."""
RATE_WINDOW = 10.0
STALE_AFTER = 5.0
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


class JournalMonitor:
    """The last sample of a shard, and what follows from it."""

    def __init__(self, journal: Journal, shard: Shard, settings: ApiSettings) -> None:
        """Use these; nothing is sampled yet."""
        self._journal, self._redis = journal, shard.redis
        self._impatient = without_repeats(shard.redis, timeout=SHORT_TIMEOUT)
        self._settings = settings
        self._samples: deque[Sample] = deque()
        self._seen_at = 0.0
        self.up: bool | None = None
        """Whether Redis answers; None before the first sample."""
        self.counts: Counts | None = None
        """Those of the last sample, unless Redis did not answer."""
        self.last_counts: Counts | None = None
        """Those that were read last, perhaps long ago."""
        self.info: Info | None = None
        self.full = False
        self.reached = False
        """Whether Redis has ever been seen loaded and durable."""
        self.credentials_refused = False
        """Whether Redis' last answer was that it refuses the user or the password."""
        self.durability = Durability(settings)
        self.set_back: Rollback | None = None
        self._balance = OutageLog("the balance is off", "the balance holds again")

    @property
    def accepting(self) -> bool:
        """Whether submissions are accepted at present."""
        durability = self.durability
        return bool(self.up and not self.full and not durability.refused and not durability.too_few_replicas)

    @property
    def away(self) -> bool:
        """Whether Redis does not answer, or has too few replicas to wait for: a write would not count."""
        return self.up is False or self.durability.too_few_replicas

    def refusal(self) -> JournalUnavailable | ApiProblem | None:
        """Return why submissions are refused at present: Redis is unavailable, volatile or full, or lacks replicas."""
        if self.up is False and time.monotonic() - self._seen_at < STALE_AFTER:
            return JournalUnavailable()
        if self.durability.refused:
            return journal_volatile(self.durability.problem)
        if self.durability.too_few_replicas:
            return too_few_replicas()
        if self.full:
            drain = self.drain_seconds()
            return journal_full(10 if drain is None else min(60, max(1, math.ceil(drain * ROOM_TO_MAKE))))
        return None

    def look(self) -> None:
        """Sample Redis."""
        try:
            if self.up is False:
                with journal_errors():
                    self._impatient.ping()
            counts = self._journal.counts()
            has_room = self._journal.has_room()
            with journal_errors():
                info = read_info(self._redis)
        except DummiesError as error:
            self.up = False
            self.credentials_refused = isinstance(error, CredentialsRefused)
            self._journal.drop_connections()
            self.counts = self.info = None
            self._samples.clear()
        else:
            self.up, self.credentials_refused = True, False
            self._note(counts, info)
            self._note_room(counts, info, has_room=has_room)
        self._seen_at = time.monotonic()

    def period(self) -> float:
        """Return how many seconds to wait until the next sample."""
        return random.uniform(*SHORT_PERIODS) if self.up is False else PERIOD  # noqa: S311

    def rate(self) -> float | None:
        """Return the rows inserted per second over the last ten seconds; None before it is known."""
        return _per_second(list(self._samples), lambda counts: counts.inserted)

    def drain_seconds(self) -> float | None:
        """Return how long (s) the backlog takes to drain at the present rate; None if unknown or paused."""
        rate = _per_second(_since_resumed(list(self._samples)), lambda counts: counts.stored)
        if self.counts is None or self.counts.paused or not rate:
            return 0.0 if self.counts and not self.counts.waiting else None
        return self.counts.waiting / rate

    def _note(self, counts: Counts, info: Info) -> None:
        self.durability.note(info)
        self.reached = self.reached or (info.persistence["loading"] == 0 and not self.durability.refused)
        reported = self._journal.report_rollback()
        self.set_back = counts.set_back or reported
        self.counts, self.last_counts, self.info = counts, counts, info
        if counts.unaccounted:
            self._balance.met(f"{counts.unaccounted} strings unaccounted for")
        else:
            self._balance.over()
        self._samples.append((time.monotonic(), counts))
        while self._samples[-1][0] - self._samples[0][0] > RATE_WINDOW:
            self._samples.popleft()

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
