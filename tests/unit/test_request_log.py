"""Which requests have a log line, what is in it, and whose id it carries."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from math import inf
from typing import Any

import pytest
import structlog
from fakeredis import FakeServer
from flask import Flask
from flask.testing import FlaskClient
from structlog.contextvars import merge_contextvars
from structlog.typing import EventDict

from api.http import request_log
from api.process.reader import Reader
from api.services import Services
from core.errors import DatabaseUnavailable, DummiesError, ReadRefused, ReadsBusy, ReadTooSlow

ID = "7f3b1c52-0e0a-4f0e-9d3a-6f1a6c1e52a2"
FOREIGN = {"Origin": "https://elsewhere.example"}
OTHER_PAGE = {"Origin": "https://page.example"}
log = structlog.get_logger()


@pytest.fixture
def settings() -> dict[str, Any]:
    """An API with an allowed other page, whose submissions Flask answers."""
    return {"cors_origins": ["https://page.example"]}


@pytest.fixture
def said() -> Iterator[list[EventDict]]:
    """The lines of all threads."""
    with structlog.testing.capture_logs([merge_contextvars]) as lines:
        yield lines


@pytest.fixture(autouse=True)
def _nothing_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine may be busy."""
    monkeypatch.setattr(request_log, "SLOW", inf)


def requests(said: list[EventDict]) -> list[EventDict]:
    """Return the lines of requests."""
    return [line for line in said if line["event"] == "request"]


@pytest.mark.parametrize(
    ("method", "path", "sent", "line"),
    [
        ("POST", "/dummies/bulk", {"headers": FOREIGN}, ("POST", "/dummies/bulk", 403, "foreign-origin")),
        ("GET", f"/dummies/{ID}", {}, ("GET", "/dummies/<uuid:submission_id>", 503, "database-away")),
        ("GET", "/dummies/?q=secret", {}, ("GET", "/dummies/", 503, "database-away")),
        ("GET", "/nothing/secret", {}, ("GET", "unknown", 404, "not-found")),
        ("SECRET", "/dummies/", {}, ("unknown", "unknown", 405, "method-not-allowed")),
        ("GET", "/dummies/failed", {}, ("GET", "/dummies/failed", 403, "operator-disabled")),
        ("POST", "/dummies/", {"json": {"text": ""}}, ("POST", "/dummies/", 422, "invalid-text")),
    ],
)
def test_a_refused_request_has_a_line_without_what_the_client_wrote(
    client: FlaskClient, said: list[EventDict], method: str, path: str, sent: dict[str, Any], line: tuple[object, ...]
) -> None:
    sent = sent | {"headers": sent.get("headers", {}) | {"X-Request-ID": "mine"}}
    client.open(path, method=method, **sent)
    [found] = requests(said)
    assert tuple(found[name] for name in ("method", "path", "status", "problem")) == line
    assert (found["request_id"], found["times"]) == ("mine", 1)
    assert found["ms"] >= 0
    assert found["log_level"] == ("warning" if found["status"] >= 500 else "info")
    assert "secret" not in str(said).lower()


def test_requests_that_are_answered_soon_have_none(client: FlaskClient, said: list[EventDict]) -> None:
    for headers in ({}, OTHER_PAGE):
        assert client.post("/dummies/", json={"text": "a"}, headers=headers).status_code == 202
    client.get("/healthz")
    assert requests(said) == []


@pytest.mark.parametrize("headers", [{}, OTHER_PAGE], ids=["fast path", "view"])
def test_a_slow_request_has_one(
    client: FlaskClient, said: list[EventDict], monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    monkeypatch.setattr(request_log, "SLOW", 0.0)
    client.post("/dummies/", json={"text": "a"}, headers=headers)
    [line] = requests(said)
    assert (line["status"], line["path"], line["log_level"]) == (202, "/dummies/", "warning")


@pytest.mark.parametrize("headers", [{}, OTHER_PAGE], ids=["fast path", "view"])
def test_whoever_sends_what_is_refused_does_not_fill_the_log(
    client: FlaskClient, said: list[EventDict], headers: dict[str, str]
) -> None:
    client.post("/dummies/", json={"text": "a"}, headers={"Idempotency-Key": "k"})
    for number in range(50):
        answer = client.post("/dummies/", json={"text": f"b{number}"}, headers={"Idempotency-Key": "k"} | headers)
        assert answer.status_code == 422
    assert [line["problem"] for line in requests(said)] == ["key-reused"]


def test_of_requests_that_failed_there_are_ten_lines_with_ids(
    client: FlaskClient, said: list[EventDict], redis_server: FakeServer
) -> None:
    redis_server.connected = False
    for number in range(15):
        assert client.post("/dummies/", json={"text": "a"}, headers={"X-Request-ID": f"id-{number}"}).status_code == 503
    assert [line["request_id"] for line in requests(said)] == [f"id-{number}" for number in range(10)]


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (DatabaseUnavailable, "database-away"),
        (ReadRefused, "database-error"),
        (ReadTooSlow, "database-slow"),
        (ReadsBusy, "busy"),
    ],
)
def test_a_read_that_failed_is_called_what_it_is(
    client: FlaskClient, said: list[EventDict], monkeypatch: pytest.MonkeyPatch, error: type[DummiesError], problem: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Reader, "_fetch", fail)
    for path in (f"/dummies/{ID}", "/dummies/", "/dummies/?q=a", "/dummies/export"):
        answer = client.get(path)
        assert (answer.status_code, answer.json["type"].rpartition(":")[2]) == (503, problem)
        assert int(answer.headers["Retry-After"]) > 0
    assert {line["problem"] for line in requests(said)} == {problem}


class TestWithAnAccessLog:
    """Then every request has a line."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        """Ask for it."""
        return {"cors_origins": ["https://page.example"], "access_log": True}

    def test_the_id_of_a_request_is_never_on_anothers_line(
        self, app: Flask, services: Services, said: list[EventDict], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither on what its thread logs between requests: they come on both paths, to threads that serve both."""
        threads = 4
        services.monitor.check()
        meet = threading.Barrier(threads)
        append = services.appenders[0].append

        def append_and_log(units: Any) -> Any:
            log.info("during", text=units[0].texts[0])
            return append(units)

        monkeypatch.setattr(services.appenders[0], "append", append_and_log)

        def send(number: int) -> None:
            kind = number % 3
            own = {"X-Request-ID": f"{kind}-{number}"}
            client = app.test_client()
            meet.wait(30)
            if kind == 2:
                client.get("/nothing", headers=own).close()
            else:
                sent = client.post(
                    "/dummies/", json={"text": f"{kind}-{number}"}, headers=own | OTHER_PAGE if kind else own
                )
                sent.close()
            log.info("between")

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(send, range(96)))
        lines = requests(said)
        assert sorted(line["request_id"] for line in lines) == sorted(f"{n % 3}-{n}" for n in range(96))
        for line in lines:
            assert line["status"] == {"0": 202, "1": 202, "2": 404}[line["request_id"][0]]
        during = [line for line in said if line["event"] == "during"]
        assert len(during) == 64
        assert all(line["request_id"] == line["text"] for line in during)
        between = [line for line in said if line["event"] == "between"]
        assert len(between) == 96
        assert not any("request_id" in line for line in between)
