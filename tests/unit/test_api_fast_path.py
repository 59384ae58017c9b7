"""The usual submission, which never reaches Flask, and all others, which do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.contextvars import get_contextvars

from api.http.request_ids import NGINX_HEADER
from api.services import Services
from core.journal import Journal

KEY = {"Idempotency-Key": "k"}
NGINX = {NGINX_HEADER: "0123456789abcdef" * 2}


@pytest.fixture
def settings() -> dict[str, Any]:
    """Short texts, and a page elsewhere."""
    return {"max_text_bytes": 100, "cors_origins": ["https://page.example"]}


@pytest.fixture
def seen(app: Flask) -> list[str]:
    """What reached Flask."""
    paths: list[str] = []
    app.before_request(lambda: paths.append("seen"))
    return paths


@pytest.mark.parametrize("path", ["/dummies", "/dummies/"])
@pytest.mark.parametrize("headers", [{}, KEY, NGINX, {"X-Request-ID": "r" * 256}, {"Origin": "https://localhost"}])
def test_the_usual_submission_does_not_reach_flask(
    client: FlaskClient, seen: list[str], path: str, headers: dict[str, str]
) -> None:
    assert client.post(path, json={"text": "안녕"}, headers=headers).status_code == 202
    assert seen == []


@pytest.mark.parametrize("origin", ["https://page.example", "HTTPS://PAGE.example"])
def test_a_page_elsewhere_is_let_in_by_flask(client: FlaskClient, seen: list[str], origin: str) -> None:
    answer = client.post("/dummies/", json={"text": "안녕"}, headers={"Origin": origin})
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert len(seen) == 1


def test_a_request_id_is_bound_while_the_append_is_waited_for_and_not_afterwards(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = []
    append = services.appenders[0].append
    monkeypatch.setattr(
        services.appenders[0], "append", lambda units: (bound.append(get_contextvars()), append(units))[1]
    )
    client.post("/dummies/", json={"text": "안녕"}, headers={"X-Request-ID": "mine"})
    assert bound == [{"request_id": "mine"}]
    assert get_contextvars() == {}


@pytest.mark.parametrize("headers", [KEY, NGINX, KEY | NGINX, NGINX | {"X-Request-ID": "r"}])
def test_either_way_gives_the_same_answer(client: FlaskClient, headers: dict[str, str], journal: Journal) -> None:
    """With different ids a repeated string would be stored twice."""
    direct = client.post("/dummies/", json={"text": "안녕"}, headers=headers)
    through_flask = client.post(
        "/dummies/", json={"text": "안녕"}, headers=headers | {"Origin": "https://page.example"}
    )
    assert direct.json == through_flask.json
    assert direct.status == through_flask.status
    assert set(through_flask.headers.keys()) - set(direct.headers.keys()) <= {
        "Access-Control-Allow-Origin",
        "Access-Control-Expose-Headers",
        "Vary",
    }
    its_own = set() if "X-Request-ID" in headers else {"X-Request-ID"}
    assert all(through_flask.headers[name] == value for name, value in direct.headers if name not in its_own)
    assert journal.counts().waiting == 1


@pytest.mark.parametrize(
    "request_",
    [
        {"json": {"text": ""}},
        {"json": {"text": "x" * 101}},
        {"json": {"text": 1}},
        {"json": {"text": "a\0b"}},
        {"data": b"{", "content_type": "application/json"},
        {"data": b'{"text":"\\ud800"}', "content_type": "application/json"},
        {"data": b'{"text":"\xff"}', "content_type": "application/json"},
        {"data": b'{"text":"a","x":"\xff"}', "content_type": "application/json"},
        {"data": b'{"text":"a"}' + b" " * 2000, "content_type": "application/json"},
        {"json": {"text": "a"}, "environ_overrides": {"CONTENT_LENGTH": "²"}},
        {"json": {"text": "a"}, "environ_overrides": {"CONTENT_LENGTH": "9" * 5000}},
        {"json": {"text": "a"}, "environ_overrides": {"CONTENT_LENGTH": "100"}},
        {"data": b"[" * 10_000, "content_type": "application/json"},
        {"data": "text", "content_type": "text/plain"},
        {"json": {"text": "a"}, "headers": {"Idempotency-Key": ""}},
        {"json": {"text": "a"}, "headers": {"Idempotency-Key": "k" * 256}},
    ],
)
def test_refusals_come_from_flasks_view_alone(
    client: FlaskClient, seen: list[str], journal: Journal, request_: dict[str, Any]
) -> None:
    answer = client.post("/dummies/", **request_)
    assert 400 <= answer.status_code < 500
    assert answer.content_type == "application/problem+json"
    assert len(seen) == 1
    assert journal.counts().waiting == 0


def test_the_media_type_may_have_parameters(client: FlaskClient, seen: list[str]) -> None:
    data = '{"text": "안녕"}'.encode()
    answer = client.post("/dummies/", data=data, content_type="application/json; charset=utf-8")
    assert answer.status_code == 202
    assert UUID(answer.json["id"])
    assert len(seen) == 1


def test_an_append_that_failed_is_not_tried_again(client: FlaskClient, seen: list[str], redis_server: Any) -> None:
    """It may be in the journal nevertheless, and without a key a second one would be another string."""
    client.get("/pipeline")
    seen.clear()
    redis_server.connected = False
    answer = client.post("/dummies/", json={"text": "a"})
    assert answer.status_code == 503
    assert answer.json["type"].endswith(":journal-away")
    assert int(answer.headers["Retry-After"]) > 0
    assert seen == []


def test_a_reused_key_is_refused_as_by_flask(client: FlaskClient) -> None:
    client.post("/dummies/", json={"text": "a"}, headers=KEY)
    direct = client.post("/dummies/", json={"text": "b"}, headers=KEY)
    through_flask = client.post("/dummies/", json={"text": "b"}, headers=KEY | {"Origin": "https://page.example"})
    assert direct.status_code == through_flask.status_code == 422
    assert direct.json == through_flask.json
