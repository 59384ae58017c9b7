"""The timer inside each worker: finds what no wake-up announced, and says that the worker is there.

It hands the drain to the worker's own pool, not through the broker: on a full Redis nothing can be published, and
only draining makes room.
"""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import structlog
from celery import bootsteps

from core.claims import Claims
from core.connection import connect
from core.errors import DummiesError
from core.settings import CoreSettings, load

log = structlog.get_logger()

PERIOD = 1.0
DISPATCH_PERIOD = 0.25


class _Watch(threading.Thread):
    """Asks Redis once a second whether there is work, away from the worker's event loop, which must not block."""

    def __init__(self, hostname: str) -> None:
        super().__init__(name="journal watch", daemon=True)
        self._hostname = hostname
        self._claims = Claims(connect(str(load(CoreSettings).redis_url)))
        self.work = threading.Event()

    def run(self) -> None:
        while True:
            try:
                entries, away = self._claims.heartbeat(self._hostname)
            except DummiesError as error:
                log.warning("journal not seen", reason=str(error))
            else:
                if entries or away:
                    self.work.set()
            time.sleep(PERIOD * random.uniform(0.9, 1.1))  # noqa: S311


class DrainTimer(bootsteps.StartStopStep):  # type: ignore[misc]
    """Hands a drain to the pool whenever the watch has seen work; started anew with each broker connection."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **_: Any) -> None:
        """Make the watch; it starts with the first connection and stays."""
        self._watch = _Watch(consumer.hostname)
        self._running = False
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        """Begin to hand over drains."""
        self._running = False
        self._timer = consumer.timer.call_repeatedly(DISPATCH_PERIOD, self._dispatch, (consumer.controller,))
        if not self._watch.is_alive():
            self._watch.start()

    def stop(self, consumer: Any) -> None:  # noqa: ARG002
        """Hand over no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _dispatch(self, controller: Any) -> None:
        if self._watch.work.is_set() and not self._running:
            self._watch.work.clear()
            self._running = True
            controller.semaphore.acquire(self._submit, controller.pool)  # waits for a free process, without blocking

    def _submit(self, pool: Any) -> None:
        from worker.app import drain_in_pool  # noqa: PLC0415 - the application needs this module first

        pool.apply_async(drain_in_pool, callback=self._done, error_callback=self._done)

    def _done(self, _: object) -> None:
        self._running = False
