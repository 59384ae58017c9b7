"""The timer inside each worker: drains what no wake-up announced, and sends the worker's heartbeat.

Celery's own timer (beat) publishes its tasks, and its consumer's timers stop with the connection to the broker; on a
full Redis nothing can be published, and only draining makes room. So this one is a step of the worker, not of its
consumer, and hands the drain to the pool directly. It can go when Celery can run a periodic task without its broker.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from celery import bootsteps
from redis import Redis
from redis.exceptions import RedisError

from core.addresses import place_of
from core.connection import connect_shards
from core.counts import Pause
from core.durability import Durability, read_info
from core.errors import DummiesError
from core.loops import repeat
from core.outage_log import OVER_AFTER, OutageLog
from core.settings import load
from core.timeouts import STUCK_AFTER, TASK_TIME_LIMIT
from core.watch import Watch
from worker.celery_patches.reports import Reports
from worker.job import drain
from worker.settings import WorkerSettings

log = structlog.get_logger()

PERIOD = 1.0


@dataclass
class _WatchedShard:
    """A shard of the journal, and when it was last checked, whether it answered or not (monotonic)."""

    redis: Redis
    watch: Watch
    durability: Durability
    looked_at: float = 0.0


class DrainTimer(bootsteps.StartStopStep):  # type: ignore[misc]
    """Checks once a second whether there is work, and has the pool drain it, one drain at a time."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **__: Any) -> None:
        """Prepare; nothing is connected yet."""
        settings = load(WorkerSettings)
        self._shards = [
            _WatchedShard(shard.redis, Watch(*shard), Durability(settings))
            for shard in connect_shards(settings.redis_url, settings.journal_shards)
        ]
        self._folder = settings.heartbeat_folder
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
        self._reports = Reports(worker.app, worker.hostname)
        self._work, self._ending = threading.Event(), threading.Event()
        self._handed_over_at: float | None = None
        """When the pool was given a drain that no process has started yet (monotonic)."""
        self._server, self._unavailable_at = place_of(settings.database_url), 0.0
        """Where rows go, and when PostgreSQL was last seen marked unavailable (monotonic); 0 once its end is logged."""
        self._pause = OutageLog("draining is paused", "draining has resumed")

    def start(self, worker: Any) -> None:
        """Start; the pool runs."""
        repeat(self._reports.send, "reports of drains", until=self._ending.is_set)
        rounds: dict[str, Callable[[Any], None]] = {"drain timer": self._hand_over}
        for number, shard in enumerate(self._shards):
            shard.looked_at = time.monotonic()
            rounds[f"journal watch {number}"] = partial(self._look, shard)
        for name, work in rounds.items():
            restart = partial(worker.pool.restart, f"the thread {name} ended")
            repeat(partial(work, worker), name, until=self._ending.is_set, ended=restart)

    def close(self, worker: Any) -> None:  # noqa: ARG002
        """Hand over no more; a drain that runs ends with the pool."""
        self._ending.set()

    def _begun(self, *_: Any) -> None:
        self._handed_over_at = None

    def _beat(self, name: str) -> None:
        if self._folder:
            with suppress(OSError):  # the probe reports a missing file
                (self._folder / name).touch()

    def _look(self, shard: _WatchedShard, worker: Any) -> None:
        if self._ending.wait(PERIOD * random.uniform(0.9, 1.1)):  # noqa: S311
            return
        handed_over_at = self._handed_over_at
        if handed_over_at is not None and time.monotonic() > handed_over_at + STUCK_AFTER:
            worker.pool.restart("no process of the pool starts a drain")
        with suppress(DummiesError):  # logged already; the next check comes soon
            self._look_at_journal(shard, worker.hostname)
        shard.looked_at = time.monotonic()

    def _look_at_journal(self, shard: _WatchedShard, name: str) -> None:
        entries, unavailable, paused = shard.watch.heartbeat(name)
        expired = shard.watch.expire_abandoned()
        if expired:
            log.warning("leases of abandoned entries ended by this machine's clock", entries=len(expired))
        self._beat("journal")
        if entries or unavailable:
            self._work.set()
        self._note_pause(paused)
        self._note_outage(unavailable=unavailable)
        with suppress(RedisError):
            # a Redis that turned volatile is logged; draining continues, since rows cannot be lost there
            shard.durability.note(read_info(shard.redis))

    def _note_pause(self, paused: Pause | None) -> None:
        if paused is None:
            self._pause.over()
            return
        self._pause.met(paused.reason, operator=paused.operator)
        self._unavailable_at = 0.0  # no one asks PostgreSQL meanwhile, so that its mark expires though it may be away

    def _note_outage(self, *, unavailable: bool) -> None:
        """Log that an outage is over. The pool's processes, where nothing waits, would not hear of it."""
        if unavailable:
            self._unavailable_at = time.monotonic()
        elif self._unavailable_at and time.monotonic() > self._unavailable_at + OVER_AFTER:
            self._unavailable_at = 0.0
            log.info("PostgreSQL stores again", server=self._server)

    def _hand_over(self, worker: Any) -> None:
        if time.monotonic() > min(shard.looked_at for shard in self._shards) + STUCK_AFTER:
            worker.pool.restart("the journal is not watched")
        self._beat("progress")
        if not self._work.wait(PERIOD):
            return
        self._work.clear()
        # waits for a free process, then for the result; None when the pool takes no more
        self._handed_over_at, began = time.monotonic(), time.time()
        result = worker.pool.apply_async(drain, accept_callback=self._begun)
        if result is None:
            self._handed_over_at = None
            self._ending.wait(PERIOD)
            return
        try:
            self._reports.succeeded(began, result.get(timeout=TASK_TIME_LIMIT + PERIOD))
        except Exception as error:  # noqa: BLE001 - the process died or took too long: the journal recovers
            log.warning("drain lost", reason=repr(error))
            self._reports.failed(began, error)
