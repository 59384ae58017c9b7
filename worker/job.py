"""The job of each pool process: one drain after the other, over its own connections."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import structlog
from celery import signals

from core.connection import Shard, connect_shards
from core.consumer import Consumer
from core.settings import load
from core.wakeups import make_celery, publish_wakeup
from worker.drain import Busy, Drain
from worker.settings import WorkerSettings
from worker.store import Store
from worker.tally import Tally
from worker.tracing import Tracing

log = structlog.get_logger()

REDIS_TIMEOUT = 5.0


class DrainFailed(Exception):
    """A drain met what no one expected; the message is that error's type."""


def drain() -> Tally:
    """Drain the journal; return what became of the strings. Raises DrainFailed."""
    try:
        return _side_by_side(_drains())
    except Exception as error:
        log.exception("drain failed")
        raise DrainFailed(type(error).__name__) from None  # Flower shows it, and the error itself may quote a text


def _side_by_side(drains: Sequence[Drain]) -> Tally:
    """Drain each shard in a thread of its own; one that does not answer keeps the next run waiting for seconds."""
    if len(drains) == 1:
        return drains[0].run()
    total = Tally()
    with ThreadPoolExecutor(len(drains)) as pool:
        for tally in pool.map(Drain.run, drains):
            total.add(tally)
            total.seconds = max(total.seconds, tally.seconds)
    return total


@cache
def _drains() -> list[Drain]:
    """Connect in the pool's process: no connection may cross a fork."""
    settings = load(WorkerSettings)
    celery = make_celery(settings.broker_url)
    tracing, busy = _tracing(settings), Busy() if settings.journal_shards > 1 else None

    def drain_of(shard: Shard) -> Drain:
        consumer = Consumer(*shard)

        def wake() -> None:
            if consumer.ask_for_help():
                publish_wakeup(celery)

        return Drain(consumer, Store(settings.database_url, tracing), wake, tracing, busy)

    return [drain_of(shard) for shard in connect_shards(settings.redis_url, settings.journal_shards, REDIS_TIMEOUT)]


def _tracing(settings: WorkerSettings) -> Tracing:
    if settings.otel_exporter_otlp_endpoint is None:
        return Tracing()
    from core.otel import Exported  # noqa: PLC0415 - OpenTelemetry is imported only where it is used
    from worker.spans import Spans  # noqa: PLC0415

    exported = Exported(settings.otel_exporter_otlp_endpoint, "ix-dummies-worker")
    signals.worker_process_shutdown.connect(lambda **_: exported.end(), weak=False)
    return Spans(exported.tracer)
