"""What the tiers share of OpenTelemetry; imported only where traces are exported, because the SDK takes 20 MB.

Nothing here waits for the collector: spans wait in a bounded queue for a thread that exports them, and what finds no
place, or is left when the process ends, is dropped.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Sequence
from contextvars import Context
from typing import NamedTuple

from pydantic import HttpUrl

from core import METRICS_OF_REDIS
from core.outage_log import OutageLog
from core.settings import variable

for _name in METRICS_OF_REDIS:
    if sys.modules[_name] is None:
        del sys.modules[_name]

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: E402
from opentelemetry.sdk.resources import SERVICE_NAME, Resource  # noqa: E402
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult  # noqa: E402
from opentelemetry.sdk.trace.sampling import ALWAYS_ON  # noqa: E402
from opentelemetry.trace import SpanContext, TraceFlags, Tracer  # noqa: E402

MOST_WAITING, MOST_EXPORTED = 256, 128
"""Spans that wait, and that are exported together; one of a batch with 128 links takes 90 KB, one of a request 3."""
EXPORTED_EVERY = 1_000
"""Milliseconds, unless OTEL_BSP_SCHEDULE_DELAY says otherwise: requests wait while spans are encoded, so a few are
encoded at a time."""
PATIENCE = 1.0
"""Seconds for which a process that ends waits for its last spans to be exported."""
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_CHANGING = re.compile(r" at 0x[0-9a-f]+|, retrying in .*")
_outage = OutageLog("traces are not exported", "traces are exported again")


class Parent(NamedTuple):
    """What a ``traceparent`` names, in its own digits: making OpenTelemetry's context takes some µs."""

    trace_id: str
    span_id: str
    flags: str

    @property
    def sampled(self) -> bool:
        """Whether its sender may have traced it."""
        return int(self.flags, 16) & TraceFlags.SAMPLED == TraceFlags.SAMPLED

    def context(self) -> SpanContext:
        """Return it as OpenTelemetry has it."""
        trace_id, span_id, flags = (int(part, 16) for part in self)
        return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))


def parse(traceparent: str) -> Parent | None:
    """Return what a header of W3C's version 00 names; None for anything else."""
    found = _TRACEPARENT.fullmatch(traceparent)
    return Parent(*found.groups()) if found else None


def traceparent(context: SpanContext) -> str:
    """Return a context as W3C's header has it."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


class _Exporter(OTLPSpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        if result is SpanExportResult.SUCCESS:
            _outage.over()
        return result


class _Words(logging.Handler):
    """Takes what OpenTelemetry logs, several lines for each attempt, as the reason of one outage."""

    def emit(self, record: logging.LogRecord) -> None:
        reason = _CHANGING.sub("", record.getMessage())
        Context().run(_outage.met, reason)  # without the id of the request that happened to meet it


class Exported:
    """The spans of one process, exported to a collector."""

    def __init__(self, endpoint: HttpUrl, service: str) -> None:
        """Export to this OTLP endpoint, as the spans of this service; begins a thread, so not before a fork."""
        logger = logging.getLogger("opentelemetry")
        logger.handlers, logger.propagate = [_Words(logging.WARNING)], False
        _outage.about(server=f"{endpoint.host}:{endpoint.port}")
        # who decides what is traced made no span of the rest: an unsampled one would take longer than all of our work
        self._provider = TracerProvider(ALWAYS_ON, Resource.create({SERVICE_NAME: service}), shutdown_on_exit=False)
        pause = None if variable("OTEL_BSP_SCHEDULE_DELAY") else EXPORTED_EVERY
        exporter = _Exporter(f"{str(endpoint).rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter, MOST_WAITING, pause, MOST_EXPORTED))

    @property
    def tracer(self) -> Tracer:
        """What makes spans."""
        return self._provider.get_tracer("ix-dummies")

    def end(self) -> None:
        """Export what waits, for a second at most: the collector may not answer."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(PATIENCE)
