"""Spans of requests; imported only where traces are exported.

Clients are not trusted: whatever they send, at most a fraction of all requests is traced. A ``traceparent`` decides to
which trace a request belongs, and may say that it is not to be traced; that it is to be traced decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from functools import partial
from random import random
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from opentelemetry.trace import NonRecordingSpan, Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace import set_span_in_context as in_context
from structlog.contextvars import STRUCTLOG_KEY_PREFIX

from api.http.request_ids import TRACE
from api.http.request_log import DESCRIBE, FAILED
from core.otel import Parent, parse, traceparent

_bound: ContextVar[object] = ContextVar(f"{STRUCTLOG_KEY_PREFIX}trace_id")


class Sampling:
    """Which requests are traced, as OTEL_TRACES_SAMPLER says."""

    def __init__(self, sampler: str, ratio: float) -> None:
        """Trace this fraction of requests where the sampler is a ratio."""
        self._heeds_parent = sampler.startswith("parentbased_")
        self._ratio = {"always_on": 1.0, "always_off": 0.0}.get(sampler.removeprefix("parentbased_"), ratio)

    def takes(self, parent: Parent | None) -> bool:
        """Return whether to trace a request with this parent, by chance: a trace's id may be chosen by its sender."""
        if self._heeds_parent and parent and not parent.sampled:
            return False
        return random() < self._ratio  # noqa: S311


class TracedRequests:
    """A WSGI application in front of another one, which traces some requests; log lines have the id of their trace."""

    def __init__(self, application: WSGIApplication, tracer: Tracer, sampling: Sampling) -> None:
        """Trace requests to this application."""
        self._application, self._tracer, self._sampling = application, tracer, sampling

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; its span ends when the answer begins."""
        given = environ.get("HTTP_TRACEPARENT")
        parent = parse(given) if given else None
        if self._sampling.takes(parent):
            return self._trace(parent, environ, start_response)
        if parent is None:
            return self._application(environ, start_response)
        return self._answer(parent.trace_id, environ, start_response)

    def _trace(self, parent: Parent | None, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        within = in_context(NonRecordingSpan(parent.context())) if parent else None
        span = self._tracer.start_span("request", within, SpanKind.SERVER)
        context = span.get_span_context()
        environ[TRACE], environ[DESCRIBE] = traceparent(context), partial(_describe, span)
        try:
            return self._answer(f"{context.trace_id:032x}", environ, start_response)
        finally:
            span.end()

    def _answer(self, trace_id: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        bound = _bound.set(trace_id)
        try:
            return self._application(environ, start_response)
        finally:
            _bound.reset(bound)


def _describe(span: Span, method: str, route: str, status: int, problem: str) -> None:
    span.update_name(f"{method} {route}")
    span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if problem:
        span.set_attribute("error.type", problem)
    if status >= FAILED:
        span.set_status(Status(StatusCode.ERROR))
