"""The job of each pool process: one drain after the other, over its own connections."""

from __future__ import annotations

from functools import cache

import structlog
from celery import signals

from core.connection import connect
from core.consumer import Consumer
from core.keys import keys_at
from core.settings import load
from core.wakeups import make_celery, publish_wakeup
from worker.drain import Drain
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
        return _drain().run()
    except Exception as error:
        log.exception("drain failed")
        raise DrainFailed(type(error).__name__) from None  # Flower shows it, and the error itself may quote a text


@cache
def _drain() -> Drain:
    """Connect in the pool's process: no connection may cross a fork."""
    settings = load(WorkerSettings)
    consumer = Consumer(connect(settings.redis_url, timeout=REDIS_TIMEOUT), keys_at(settings.redis_url))
    celery = make_celery(settings.broker_url)

    def wake() -> None:
        if consumer.ask_for_help():
            publish_wakeup(celery)

    tracing = _tracing(settings)
    return Drain(consumer, Store(settings.database_url, tracing), wake, tracing)


def _tracing(settings: WorkerSettings) -> Tracing:
    if settings.otel_exporter_otlp_endpoint is None:
        return Tracing()
    from core.otel import Exported  # noqa: PLC0415 - OpenTelemetry is imported only where it is used
    from worker.spans import Spans  # noqa: PLC0415

    exported = Exported(settings.otel_exporter_otlp_endpoint, "ix-dummies-worker")
    signals.worker_process_shutdown.connect(lambda **_: exported.end(), weak=False)
    return Spans(exported.tracer)
