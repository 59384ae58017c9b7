"""Collectors of traces: one in this process, and one for the tiers' own processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from core import otel

TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{SPAN_ID}-01"
ENDPOINT = "http://127.0.0.1:1"
"""An endpoint that is not called where spans are kept in this process."""


def keep_spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Have every span of this process kept, as soon as it ends, instead of exported."""
    kept = InMemorySpanExporter()
    monkeypatch.setattr(otel, "BatchSpanProcessor", lambda *_, **__: SimpleSpanProcessor(kept))
    return kept


@contextmanager
def collector() -> Iterator[tuple[str, list[Any]]]:
    """Collect what is exported to an address; yield it, and the spans (of OTLP) that have come, with their service."""
    # only here: it would register its messages in every test's process
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2  # noqa: PLC0415

    spans: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for resource in trace_service_pb2.ExportTraceServiceRequest.FromString(body).resource_spans:
                names = {each.key: each.value.string_value for each in resource.resource.attributes}
                spans.extend((names["service.name"], span) for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}", spans
        server.shutdown()
        serving.join()
