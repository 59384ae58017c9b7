"""The timer inside each worker: finds what no wake-up announced, and says that the worker is there.

It hands the drain to the worker's own pool, not through the broker, and belongs to the worker, not to its connection
to the broker: on a full Redis nothing can be published, and only draining makes room.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from celery import bootsteps
from redis.exceptions import RedisError

from core.connection import connect
from core.durability import Durability, read_info
from core.errors import DummiesError
from core.loops import repeat
from core.settings import load
from core.timeouts import STUCK_AFTER, TASK_TIME_LIMIT
from core.watch import Watch
from worker.job import drain
from worker.settings import WorkerSettings

log = structlog.get_logger()

PERIOD = 1.0


class DrainTimer(bootsteps.StartStopStep):  # type: ignore[misc]
    """Asks Redis once a second whether there is work, and if so has the pool drain, one drain at a time."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, _: Any, **__: Any) -> None:
        """Prepare; nothing is connected yet."""
        settings = load(WorkerSettings)
        self._redis = connect(str(settings.redis_url))
        self._watch = Watch(self._redis)
        self._durability = Durability(volatile_allowed=settings.allow_volatile_journal)
        self._folder = settings.heartbeat_folder
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
        self._work, self._ending = threading.Event(), threading.Event()
        self._handed_over_at: float | None = None
        """When the pool was given a drain that none of its processes has begun yet (monotonic)."""
        self._looked_at = 0.0
        """When the journal was looked at last, whether it answered or not (monotonic)."""

    def start(self, worker: Any) -> None:
        """Begin; the pool runs."""
        self._looked_at = time.monotonic()
        rounds: dict[str, Callable[[Any], None]] = {"journal watch": self._look, "drain timer": self._hand_over}
        for name, work in rounds.items():
            restart = partial(worker.pool.restart, f"the thread {name} ended")
            repeat(partial(work, worker), name, until=self._ending.is_set, ended=restart)

    def close(self, worker: Any) -> None:  # noqa: ARG002
        """Hand over no more; what is under way ends with the pool."""
        self._ending.set()

    def _begun(self, *_: Any) -> None:
        self._handed_over_at = None

    def _beat(self, name: str) -> None:
        if self._folder:
            with suppress(OSError):  # a probe that finds nothing says so
                (self._folder / name).touch()

    def _look(self, worker: Any) -> None:
        if self._ending.wait(PERIOD * random.uniform(0.9, 1.1)):  # noqa: S311
            return
        handed_over_at = self._handed_over_at
        if handed_over_at is not None and time.monotonic() > handed_over_at + STUCK_AFTER:
            worker.pool.restart("no process of the pool begins a drain")
        with suppress(DummiesError):  # it was logged why, and the next look comes soon
            self._look_at_journal(worker.hostname)
        self._looked_at = time.monotonic()

    def _look_at_journal(self, name: str) -> None:
        entries, away = self._watch.heartbeat(name)
        expired = self._watch.expire_abandoned()
        if expired:
            log.warning("leases ended by the clock here", entries=len(expired))
        self._beat("journal")
        if entries or away:
            self._work.set()
        self._look_at_durability()

    def _look_at_durability(self) -> None:
        """Have it said when Redis turns volatile; draining goes on, since what is stored cannot be lost there."""
        with suppress(RedisError):
            self._durability.note(read_info(self._redis))

    def _hand_over(self, worker: Any) -> None:
        if time.monotonic() > self._looked_at + STUCK_AFTER:
            worker.pool.restart("the journal is not watched")
        self._beat("progress")
        if not self._work.wait(PERIOD):
            return
        self._work.clear()
        # waits for a free process, and then for the end; None when the pool takes no more
        self._handed_over_at = time.monotonic()
        result = worker.pool.apply_async(drain, accept_callback=self._begun)
        if result is None:
            self._handed_over_at = None
            self._ending.wait(PERIOD)
            return
        try:
            result.get(timeout=TASK_TIME_LIMIT + PERIOD)
        except Exception as error:  # noqa: BLE001 - the process was lost, or took too long: the journal recovers
            log.warning("drain lost", reason=repr(error))
