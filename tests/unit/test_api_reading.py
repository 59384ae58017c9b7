"""Reading may be closed: whatever shows texts then needs a token, and whatever stores strings does not."""

from __future__ import annotations

from typing import Any

import pytest
from fakeredis import FakeRedis
from flask import Flask
from flask.testing import FlaskClient
from support import capture_logs

from api.app import create_app
from api.process.login_guard import FREE
from api.services import Services
from api.settings import ApiSettings
from core.consumer import Consumer
from core.retries import RetryState

READER, OPERATOR = "the-token-of-the-readers", "a-token-of-the-operators"
ID = "7f3b1c52-0e0a-4f0e-9d3a-6f1a6c1e52a2"
READS = [
    ("GET", "/dummies/"),
    ("GET", "/dummies"),
    ("HEAD", "/dummies/"),
    ("GET", "/dummies/?q=a"),
    ("GET", f"/dummies/?id={ID}"),
    ("GET", f"/dummies/{ID}"),
    ("GET", f"/dummies/{ID}/"),
    ("GET", "/dummies/export"),
    ("POST", "/dummies/status"),
]


@pytest.fixture
def settings() -> dict[str, Any]:
    """An API that is closed to readers without a token, and has an operator."""
    return {"read_token": READER, "operator_token": OPERATOR}


def asked(client: FlaskClient, method: str, path: str, token: str | None) -> int:
    """Ask, and return the status; 503 is that of a service without a database."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return client.open(
        path, method=method, json={"ids": [ID]} if method == "POST" else None, headers=headers
    ).status_code


@pytest.mark.parametrize(("method", "path"), READS)
def test_texts_and_status_are_shown_to_readers_and_operators_only(client: FlaskClient, method: str, path: str) -> None:
    for token in (None, "", "a token of no one at all", READER[:-1]):
        assert asked(client, method, path, token) == 401
    for token in (READER, OPERATOR):
        assert asked(client, method, path, token) in (200, 503)


@pytest.mark.parametrize(("method", "path"), READS)
def test_by_default_everyone_reads(redis: FakeRedis, redis_info: Any, method: str, path: str) -> None:  # noqa: ARG001
    client = create_app(ApiSettings(redis_url="redis://127.0.0.1:1/0", operator_token=OPERATOR), redis).test_client()
    assert asked(client, method, path, None) in (200, 503)
    assert asked(client, method, path, "a token of no one at all") in (200, 503)


def test_two_tokens_of_readers_are_valid_while_one_replaces_the_other(redis: FakeRedis, redis_info: Any) -> None:  # noqa: ARG001
    both = f"{READER} its-replacement-token"
    client = create_app(ApiSettings(redis_url="redis://127.0.0.1:1/0", read_token=both), redis).test_client()
    for token in both.split():
        assert asked(client, "GET", "/dummies/", token) == 503
    for token in (both, "", None):
        assert asked(client, "GET", "/dummies/", token) == 401


def test_every_path_that_is_not_known_to_show_nothing_is_closed(app: Flask, client: FlaskClient) -> None:
    """A new view is closed, or named here."""
    open_ones = {"/", "/pipeline", "/healthz", "/readyz", "/openapi.json", "/docs", "/docs/style.css"}
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<uuid:submission_id>", ID)
        for method in (rule.methods or set()) - {"OPTIONS"}:
            submits = (method, path) in {("POST", "/dummies/"), ("POST", "/dummies/bulk")}
            if path not in open_ones and not submits:
                assert client.open(path, method=method).status_code == 401, (method, path)


def test_strings_are_accepted_from_everyone(client: FlaskClient) -> None:
    assert client.post("/dummies/", json={"text": "안녕"}).status_code == 202
    assert client.post("/dummies/bulk", json={"texts": ["one"]}).status_code == 202


def test_a_reader_is_no_operator_and_cannot_guess_operators_tokens_faster(client: FlaskClient) -> None:
    assert asked(client, "GET", "/dummies/failed", READER) == 401
    statuses = [asked(client, "GET", "/dummies/failed", f"guessed {n}") for n in range(FREE - 2)]
    assert asked(client, "GET", "/dummies/", READER) in (200, 503)
    statuses += [asked(client, "GET", "/dummies/failed", f"guessed {n}") for n in range(10)]
    assert 429 in statuses
    with capture_logs() as logs:
        assert asked(client, "GET", "/dummies/", "guessed token") == 429
    assert logs == []


def test_a_wrong_token_is_logged_with_its_address(client: FlaskClient) -> None:
    with capture_logs() as logs:
        asked(client, "GET", "/dummies/", "guessed token")
    [line] = logs
    assert (line["event"], line["address"]) == ("login failed", "127.0.0.1")
    assert "guessed" not in str(line)


def test_guesses_from_a_shared_address_do_not_lock_its_readers_out(client: FlaskClient) -> None:
    for _ in range(FREE):
        assert asked(client, "GET", "/dummies/", "guessed-token") == 401
    assert asked(client, "GET", "/dummies/", READER) in (200, 503)
    for path, token in (("/dummies/", OPERATOR), ("/dummies/", "guessed-token"), ("/dummies/failed", OPERATOR)):
        assert asked(client, "GET", path, token) == 429


def test_a_reader_needs_no_look_at_the_file_of_operators(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.operator_tokens, "current", lambda: pytest.fail("it was read"))
    assert asked(client, "GET", "/dummies/", READER) in (200, 503)
    assert asked(client, "GET", "/dummies/", None) == 401


@pytest.mark.parametrize("path", ["/dummies/", "/dummies/failed"])
def test_another_scheme_is_no_login(client: FlaskClient, path: str) -> None:
    """A proxy that asks who is there leaves its own in the request."""
    with capture_logs() as logs:
        for header in ("Basic a2ltOnNlY3JldA==", "Negotiate YII", "Bearer", OPERATOR) * FREE:
            assert client.get(path, headers={"Authorization": header}).status_code == 401
    assert logs == []


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_is_compared_as_http_says(client: FlaskClient, scheme: str) -> None:
    for path, token in (("/dummies/", READER), ("/dummies/", OPERATOR), ("/dummies/failed", OPERATOR)):
        assert client.get(path, headers={"Authorization": f"{scheme} {token}"}).status_code in (200, 503)


@pytest.mark.parametrize("token", [None, "guessed-token", OPERATOR, READER])
def test_what_postgresql_says_of_a_string_is_shown_to_readers_only(
    client: FlaskClient,
    services: Services,
    consumer: Consumer,
    monkeypatch: pytest.MonkeyPatch,
    token: str | None,
) -> None:
    """It may quote the text. The rest stays open; a wrong token leaves a trace only where the answer tells it apart."""
    monkeypatch.setattr(services.monitor, "wait_for_first_look", lambda: None)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    services.monitor.look_at_journal(services.monitor.shards[0])
    with capture_logs() as logs:
        assert client.get("/pipeline", headers=headers).status_code == 200
    assert logs == []
    client.post("/dummies/", json={"text": "n-my-secret"})
    said = '22P02 invalid input syntax for type integer: "n-my-secret"'
    consumer.set_aside([(consumer.claim().entries[0], RetryState("22P02", said))])
    services.monitor.look_at_journal(services.monitor.shards[0])
    with capture_logs() as logs:
        found = [client.get("/pipeline", headers=headers).json for _ in range(FREE)]
    shown = said if token == READER else None
    assert {(each["set_aside"], each["set_aside_reason"]) for each in found} == {(1, shown)}  # type: ignore[index]
    assert [line["event"] for line in logs] == (["login failed"] * FREE if token == "guessed-token" else [])
