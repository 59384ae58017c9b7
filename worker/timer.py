"""The timer inside each worker: finds what no wake-up announced, and says that the worker is there.

It hands the drain to the worker's own pool, not through the broker, and belongs to the worker, not to its connection
to the broker: on a full Redis nothing can be published, and only draining makes room.
"""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from typing import Any

import structlog
from celery import bootsteps
from redis.exceptions import RedisError

from core.claims import Claims
from core.clocks import POOL_STUCK_AFTER, TASK_TIME_LIMIT
from core.connection import connect
from core.durability import Durability, read_info
from core.errors import DummiesError
from core.settings import load
from worker.settings import WorkerSettings

log = structlog.get_logger()

PERIOD = 1.0


class DrainTimer(bootsteps.StartStopStep):  # type: ignore[misc]
    """Asks Redis once a second whether there is work, and if so has the pool drain, one drain at a time."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **_: Any) -> None:
        """Prepare; nothing is connected yet."""
        settings = load(WorkerSettings)
        self._redis = connect(str(settings.redis_url))
        self._claims = Claims(self._redis)
        self._durability = Durability(volatile_allowed=settings.allow_volatile_journal)
        self._folder = settings.heartbeat_folder
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
        self._work, self._ending = threading.Event(), threading.Event()
        self._handed_over_at: float | None = None
        """When the pool was given a drain that none of its processes has begun yet (monotonic)."""
        self._threads = [
            threading.Thread(target=self._watch, args=[worker], name="journal watch", daemon=True),
            threading.Thread(target=self._hand_over, args=[worker], name="drain timer", daemon=True),
        ]

    def start(self, worker: Any) -> None:  # noqa: ARG002
        """Begin; the pool runs."""
        for thread in self._threads:
            thread.start()

    def close(self, worker: Any) -> None:  # noqa: ARG002
        """Hand over no more; what is under way ends with the pool."""
        self._ending.set()

    def _begun(self, *_: Any) -> None:
        self._handed_over_at = None

    def _beat(self, name: str) -> None:
        if self._folder:
            (self._folder / name).touch()

    def _watch(self, worker: Any) -> None:
        while not self._ending.wait(PERIOD * random.uniform(0.9, 1.1)):  # noqa: S311
            handed_over_at = self._handed_over_at
            if handed_over_at is not None and time.monotonic() > handed_over_at + POOL_STUCK_AFTER:
                worker.pool.start_anew()
            try:
                entries, away = self._claims.heartbeat(worker.hostname)
            except DummiesError as error:
                log.warning("journal not seen", reason=str(error))
            else:
                self._beat("journal")
                if entries or away:
                    self._work.set()
                self._look_at_durability()

    def _look_at_durability(self) -> None:
        """Have it said when Redis turns volatile; draining goes on, since what is stored cannot be lost there."""
        with suppress(RedisError):
            self._durability.note(read_info(self._redis))

    def _hand_over(self, worker: Any) -> None:
        from worker.app import drain_in_pool  # noqa: PLC0415 - the application needs this module first

        watch, _ = self._threads
        while not self._ending.is_set():
            if watch.is_alive():
                self._beat("progress")
            if not self._work.wait(PERIOD):
                continue
            self._work.clear()
            # waits for a free process, and then for the end; None when the pool takes no more
            self._handed_over_at = time.monotonic()
            result = worker.pool.apply_async(drain_in_pool, accept_callback=self._begun)
            if result is None:
                self._handed_over_at = None
                return
            try:
                result.get(timeout=TASK_TIME_LIMIT + PERIOD)
            except Exception as error:  # noqa: BLE001 - the process was lost, or took too long: the journal recovers
                log.warning("drain lost", reason=repr(error))
