"""A string's trace, from the request to the statement that stores it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from collector import ENDPOINT, SPAN_ID, TRACE_ID, TRACEPARENT, collector, keep_spans
from front import serving
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from pydantic import HttpUrl
from redis import Redis
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from support import REFUSE, UNPLANT, Client, eventually, query, redis_of

from api.app import create_app
from api.settings import ApiSettings
from core.consumer import Consumer
from core.otel import Exported
from local.system import System
from worker.drain import Drain
from worker.spans import Spans
from worker.store import Store

pytestmark = pytest.mark.timeout(120)
TRACED = {"traceparent": TRACEPARENT}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Redis and PostgreSQL; the tiers run where a test has them run."""
    with System(tmp_path_factory.mktemp("system") / "system") as started:
        yield started


@pytest.fixture
def redis(servers: System) -> Iterator[Redis]:
    """An empty Redis."""
    with redis_of(servers) as client:
        client.flushall()
        yield client


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans of this process."""
    monkeypatch.setattr("api.process.monitor._repeat", lambda *_: None)  # its threads would outlive the test
    monkeypatch.setattr("core.wakeups.publish_wakeup", lambda _: None)
    return keep_spans(monkeypatch)


def submit(servers: System, redis: Redis, text: str, headers: dict[str, str] = TRACED) -> None:
    """Submit a string to an API in this process that traces every request."""
    settings = ApiSettings(
        redis_url=servers.redis.url,
        otel_exporter_otlp_endpoint=HttpUrl(ENDPOINT),
        otel_traces_sampler="parentbased_always_on",
    )
    answer = create_app(settings, redis).test_client().post("/dummies/", json={"text": text}, headers=headers)
    assert answer.status_code == 202


def drain(servers: System, redis: Redis) -> None:
    """Store what waits, in this process."""
    tracing = Spans(Exported(HttpUrl(ENDPOINT), "worker").tracer)
    store = Store(servers.postgres.writer_url, tracing)
    Drain(Consumer(redis), store, lambda: None, tracing).run()


def by_kind(kept: InMemorySpanExporter) -> dict[SpanKind, list[ReadableSpan]]:
    """Return the spans of each kind: of requests, batches and statements."""
    spans = kept.get_finished_spans()
    return {kind: [span for span in spans if span.kind is kind] for kind in SpanKind}


def test_a_trace_leads_from_the_request_to_the_statement_that_stores_its_string(
    servers: System, redis: Redis, kept: InMemorySpanExporter
) -> None:
    submit(servers, redis, "a traced string")
    with capture_logs([merge_contextvars]) as lines:
        drain(servers, redis)
    assert query(servers, "SELECT count(*) FROM dummies WHERE text = 'a traced string'") == [(1,)]
    spans = by_kind(kept)
    [request], [batch], [statement] = spans[SpanKind.SERVER], spans[SpanKind.CONSUMER], spans[SpanKind.CLIENT]
    assert (f"{request.context.trace_id:032x}", f"{request.parent.span_id:016x}") == (TRACE_ID, SPAN_ID)
    assert [(link.context.trace_id, link.context.span_id) for link in batch.links] == [
        (request.context.trace_id, request.context.span_id)
    ]
    assert statement.parent == batch.context
    assert (statement.name, statement.status.status_code) == ("INSERT dummies", StatusCode.UNSET)
    assert (batch.attributes["messaging.batch.message_count"], batch.attributes["dummies.stored"]) == (1, 1)
    [line] = [line for line in lines if line["event"] == "batch settled"]
    assert line["trace_id"] == f"{batch.context.trace_id:032x}"


def test_a_statement_that_failed_is_seen_and_neither_text_nor_message(
    servers: System, redis: Redis, kept: InMemorySpanExporter
) -> None:
    query(servers, REFUSE.format("IF NEW.text LIKE 'a secret%%' THEN RAISE 'not %%', NEW.text; END IF;"))
    try:
        submit(servers, redis, "a secret of two words")
        drain(servers, redis)
    finally:
        query(servers, UNPLANT)
    spans = by_kind(kept)
    insert, *others = spans[SpanKind.CLIENT]
    assert (insert.status.status_code, insert.attributes["error.type"]) == (StatusCode.ERROR, "Refused")
    assert [span.name for span in others] == ["probe dummies", "SELECT dummies"]
    assert spans[SpanKind.CONSUMER][0].attributes["dummies.failed"] == 1
    assert "secret" not in "".join(span.to_json() for span in kept.get_finished_spans())


def test_strings_of_requests_that_are_not_traced_cause_no_spans(
    servers: System, redis: Redis, kept: InMemorySpanExporter
) -> None:
    submit(servers, redis, "an untraced string", {"traceparent": f"{TRACEPARENT[:-1]}0"})
    drain(servers, redis)
    assert query(servers, "SELECT count(*) FROM dummies WHERE text = 'an untraced string'") == [(1,)]
    assert kept.get_finished_spans() == ()


def test_the_tiers_processes_trace_what_comes_through_nginx_and_export_their_last_spans_when_they_end(
    servers: System, redis: Redis
) -> None:
    redis.flushall()
    with collector() as (endpoint, spans):
        env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_TRACES_SAMPLER": "parentbased_always_on",
            "OTEL_BSP_SCHEDULE_DELAY": "600000",
        }
        api, worker = servers.start_api(env, workers=1), servers.start_worker(1, env)
        with (
            serving(servers, "front") as web,
            Client(base_url=f"http://127.0.0.1:{web.port}", timeout=20) as client,
        ):
            answer = client.post("/dummies/bulk", json={"texts": ["one", "two"]}, headers=TRACED).raise_for_status()
            eventually(lambda: client.state(answer.json()["ids"][1])["status"] == "stored", within=30)
        assert spans == []
        for process in (worker, api):
            process.stop()
    [request] = [span for name, span in spans if name == "ix-dummies-api" and span.trace_id.hex() == TRACE_ID]
    [batch] = [span for name, span in spans if name == "ix-dummies-worker" and span.links]
    [statement] = [span for name, span in spans if name == "ix-dummies-worker" and not span.links]
    assert (request.name, request.parent_span_id.hex()) == ("POST /dummies/bulk", SPAN_ID)
    assert [(link.trace_id, link.span_id) for link in batch.links] == [(request.trace_id, request.span_id)]
    assert (statement.trace_id, statement.parent_span_id) == (batch.trace_id, batch.span_id)
