"""Spans of batches whose entries have strings of traced requests, and of their statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer, get_current_span
from structlog.contextvars import bound_contextvars

from core.append import MOST_TRACES
from core.consumer import Entry
from core.keys import KEYS
from core.otel import parse
from worker.tally import Tally
from worker.tracing import Tracing

COUNTS = ("stored", "skipped", "failed")


class Spans(Tracing):
    """Makes a span of each batch with a link to each of its traced requests."""

    def __init__(self, tracer: Tracer) -> None:
        """Have this make the spans."""
        self._tracer = tracer

    @contextmanager
    def batch(self, entries: Sequence[Entry], tally: Tally) -> Iterator[None]:
        traces = dict.fromkeys(trace for entry in entries for trace in entry.traces)
        links = [Link(parent.context()) for trace in list(traces)[:MOST_TRACES] if (parent := parse(trace))]
        if not links:
            yield
            return
        attributes: dict[str, str | int] = {
            "messaging.operation.type": "process",
            "messaging.destination.name": KEYS.journal,
            "messaging.batch.message_count": sum(len(entry.strings) for entry in entries),
        }
        with (
            self._span(f"process {KEYS.journal}", SpanKind.CONSUMER, attributes, links) as span,
            bound_contextvars(trace_id=f"{span.get_span_context().trace_id:032x}"),
        ):
            try:
                yield
            finally:
                span.set_attributes({f"dummies.{each}": getattr(tally, each) for each in COUNTS})

    @contextmanager
    def statement(self, operation: str) -> Iterator[None]:
        if not get_current_span().is_recording():
            yield
            return
        attributes = {"db.system.name": "postgresql", "db.operation.name": operation, "db.collection.name": "dummies"}
        with self._span(f"{operation} dummies", SpanKind.CLIENT, attributes):
            yield

    @contextmanager
    def _span(
        self, name: str, kind: SpanKind, attributes: Mapping[str, str | int], links: Sequence[Link] = ()
    ) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name,
            kind=kind,
            attributes=attributes,
            links=links,
            record_exception=False,  # its message may quote a text
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))
                raise
