"""The job of each pool process: one drain after the other, over its own connections."""

from __future__ import annotations

from functools import cache

from core.connection import connect
from core.consumer import Consumer
from core.settings import load
from core.wakeups import make_celery, publish_wakeup
from worker.drain import Drain
from worker.settings import WorkerSettings
from worker.store import Store

REDIS_TIMEOUT = 5.0


def drain() -> int:
    """Drain the journal; return how many rows were stored."""
    return _drain().run()


@cache
def _drain() -> Drain:
    """Connect in the pool's process: no connection may cross a fork."""
    settings = load(WorkerSettings)
    consumer = Consumer(connect(settings.redis_url, timeout=REDIS_TIMEOUT))
    celery = make_celery(settings.broker_url)

    def wake() -> None:
        if consumer.ask_for_help():
            publish_wakeup(celery)

    return Drain(consumer, Store(settings.database_url), wake)
