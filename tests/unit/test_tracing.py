"""Which requests are traced, whatever clients send; and what the journal and the log then have of it."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest
from collector import ENDPOINT, SPAN_ID, TRACE_ID, TRACEPARENT, keep_spans
from fakeredis import FakeRedis
from flask import Flask
from flask.testing import FlaskClient
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pydantic import HttpUrl
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from api.app import create_app
from api.http import tracing
from api.http.tracing import Sampling
from api.settings import ApiSettings
from core import otel
from core.keys import KEYS
from core.otel import Exported, parse
from local.system import ROOT

FORCED = f"00-{'0' * 31}1-{SPAN_ID}-01"
"""What a sampler that goes by the lowest ids would always trace."""
DECLINED = f"00-{TRACE_ID}-{SPAN_ID}-00"
OTHER_PAGE = {"Origin": "https://page.example"}
"""With it, a submission is answered by Flask."""


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans that were made."""
    return keep_spans(monkeypatch)


@pytest.fixture
def make(redis: FakeRedis, redis_info: dict[str, Any], kept: InMemorySpanExporter) -> Callable[..., FlaskClient]:  # noqa: ARG001
    """What makes a client of an API with this sampler."""

    def made(sampler: str = "parentbased_always_on", ratio: float = 0.01) -> FlaskClient:
        settings = ApiSettings(
            redis_url="redis://127.0.0.1:1/0",
            cors_origins=("https://page.example",),
            otel_exporter_otlp_endpoint=HttpUrl(ENDPOINT),
            otel_traces_sampler=sampler,
            otel_traces_sampler_arg=ratio,
        )
        return create_app(settings, redis).test_client()

    return made


def entries(redis: FakeRedis) -> list[dict[bytes, bytes]]:
    """Return the fields of all entries."""
    return [fields for _, fields in redis.xrange(KEYS.journal)]


@pytest.mark.parametrize(
    "program",
    [
        (
            "import api.__main__, api.app, fakeredis\nsettings = api.app.ApiSettings(redis_url='redis://127.0.0.1:1/0')"
            "\napi.app.create_app(settings, fakeredis.FakeRedis()).test_client().get('/healthz')"
        ),
        "import worker.__main__, worker.app, worker.job\nworker.job._drains()",
    ],
    ids=["api", "worker"],
)
def test_without_an_endpoint_nothing_of_opentelemetry_is_imported(program: str) -> None:
    """Not by redis-py either, which would."""
    env = {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": "postgresql://127.0.0.1:1/dummy"}
    show = (
        "\nimport sys\nprint([name for name in sys.modules if name.startswith('opentelemetry') and sys.modules[name]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program + show],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "[]\n"


def test_without_an_endpoint_a_request_is_not_traced(client: FlaskClient, app: Flask, redis: FakeRedis) -> None:
    assert not isinstance(app.wsgi_app._application, tracing.TracedRequests)
    client.post("/dummies/", json={"text": "a"}, headers={"traceparent": TRACEPARENT})
    assert [set(entry) for entry in entries(redis)] == [{b"v", b"n", b"ids", b"at", b"texts"}]


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "junk",
        TRACEPARENT.upper(),
        TRACEPARENT[:-3],
        f"{TRACEPARENT}-more",
        f"{TRACEPARENT},{TRACEPARENT}",
        f" {TRACEPARENT}",
        f"{TRACEPARENT}\n",
        TRACEPARENT.replace("00-", "01-", 1),
        TRACEPARENT.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-0g",
        f"00-{TRACE_ID}-{SPAN_ID}-¹1",
        f"00-{TRACE_ID[:-1]}٤-{SPAN_ID}-01",
        f"00-{TRACE_ID * 1000}-{SPAN_ID}-01",
    ],
)
def test_a_junk_traceparent_is_ignored(make: Callable[..., FlaskClient], kept: InMemorySpanExporter, junk: str) -> None:
    assert parse(junk) is None
    sent = make().post("/dummies/", json={"text": "a"}, environ_overrides={"HTTP_TRACEPARENT": junk})
    assert sent.status_code == 202
    [span] = kept.get_finished_spans()
    assert span.parent is None
    assert f"{span.context.trace_id:032x}" != TRACE_ID


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/dummies/", {"text": "a"}, {}),
        ("/dummies/", {"text": "a"}, OTHER_PAGE),
        ("/dummies/", {"text": "a"}, {"Idempotency-Key": "k"}),
        ("/dummies/bulk", {"texts": ["a", "b", "c"]}, {}),
        ("/dummies/bulk", {"texts": ["a", "b", "c"]}, {"Idempotency-Key": "k"}),
    ],
)
def test_an_entry_has_the_context_of_its_request_once(
    make: Callable[..., FlaskClient],
    redis: FakeRedis,
    kept: InMemorySpanExporter,
    path: str,
    body: dict[str, Any],
    headers: dict[str, str],
) -> None:
    assert make().post(path, json=body, headers=headers | {"traceparent": TRACEPARENT}).status_code == 202
    [span] = kept.get_finished_spans()
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE_ID, SPAN_ID)
    [entry] = entries(redis)
    assert entry[b"trace"].decode() == f"00-{TRACE_ID}-{span.context.span_id:016x}-01"


def test_a_span_says_how_its_request_was_answered(make: Callable[..., FlaskClient], kept: InMemorySpanExporter) -> None:
    client = make()
    client.get("/dummies/00000000-0000-0000-0000-000000000001")
    client.post("/dummies/", json={"text": ""})
    failed, refused = kept.get_finished_spans()
    assert (failed.name, failed.status.status_code) == ("GET /dummies/<uuid:submission_id>", StatusCode.ERROR)
    assert dict(failed.attributes) == {
        "http.request.method": "GET",
        "http.route": "/dummies/<uuid:submission_id>",
        "http.response.status_code": 503,
        "error.type": "database-away",
    }
    assert (refused.name, refused.status.status_code) == ("POST /dummies/", StatusCode.UNSET)
    assert refused.attributes["error.type"] == "invalid-text"


@pytest.mark.parametrize("sampler", ["traceidratio", "parentbased_traceidratio"])
@pytest.mark.parametrize("sent", ["", TRACEPARENT, FORCED])
def test_no_client_has_more_than_the_fraction_of_its_requests_traced(
    monkeypatch: pytest.MonkeyPatch, sampler: str, sent: str
) -> None:
    chances = cycle(number / 100 for number in range(100))
    monkeypatch.setattr(tracing, "random", lambda: next(chances))
    sampling = Sampling(sampler, 0.05)
    assert sum(sampling.takes(parse(sent)) for _ in range(1000)) == 50


@pytest.mark.parametrize(
    ("sampler", "expected"),
    [
        ("always_on", [True, True, True]),
        ("always_off", [False, False, False]),
        ("parentbased_always_on", [True, True, False]),
        ("parentbased_always_off", [False, False, False]),
        ("parentbased_traceidratio", [True, True, False]),
        ("traceidratio", [True, True, True]),
    ],
)
def test_a_sampler_does_what_its_name_says_and_only_a_parent_based_one_heeds_who_declines(
    sampler: str, expected: list[bool]
) -> None:
    sampling = Sampling(sampler, 1.0)
    assert [sampling.takes(parse(sent)) for sent in ("", TRACEPARENT, DECLINED)] == expected


def test_log_lines_of_a_request_have_its_trace_and_those_after_it_have_none(
    make: Callable[..., FlaskClient], kept: InMemorySpanExporter
) -> None:
    """Of one that is not traced, too: another service of the same trace may have been."""
    on, off = "always_on", "always_off"
    with capture_logs([merge_contextvars]) as lines:
        for sampler, sent in ((on, TRACEPARENT), (off, FORCED), (off, ""), (on, "")):
            make(sampler).get("/nothing", headers={"traceparent": sent})
    _, own = kept.get_finished_spans()
    ids = [line.get("trace_id") for line in lines if line["event"] == "request"]
    assert ids == [TRACE_ID, "0" * 31 + "1", None, f"{own.context.trace_id:032x}"]


def test_what_opentelemetry_says_of_an_outage_is_one_line_a_minute_without_the_addresses_password() -> None:
    Exported(HttpUrl("http://me:secret@127.0.0.1:1"), "test").end()
    logger = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    with capture_logs() as lines:
        for number in range(3):
            logger.warning("Transient error <C object at 0x%x> encountered, retrying in %.2fs.", number, number)
    [line] = lines
    assert (line["event"], line["server"]) == ("traces are not exported", "127.0.0.1:1")
    assert line["reason"] == "Transient error <C object> encountered"


def test_a_process_that_ends_does_not_wait_for_a_collector_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otel, "PATIENCE", 0.01)
    answered, exported = threading.Event(), threading.Event()

    def export(*_: object) -> SpanExportResult:
        answered.wait(30)
        exported.set()
        return SpanExportResult.SUCCESS

    monkeypatch.setattr(otel.OTLPSpanExporter, "export", export)
    spans = Exported(HttpUrl(ENDPOINT), "test")
    spans.tracer.start_span("a span").end()
    spans.end()
    assert not exported.is_set()
    answered.set()
    assert exported.wait(30)
