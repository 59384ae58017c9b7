"""Submitting one string over HTTP."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from api.http.request_ids import NGINX_HEADER
from api.services import Services
from core.journal import Journal

ID = "0190163d-8694-739b-aea5-966c26f8ad91"


@pytest.fixture
def settings() -> dict[str, Any]:
    """Short texts, and a page elsewhere, whose requests Flask answers."""
    return {"max_text_bytes": 12, "cors_origins": ["https://page.example"]}


def submit(client: FlaskClient, text: object, **headers: str) -> Any:
    """Post a text; surrogates travel escaped, as programs send them."""
    body = json.dumps({"text": text})
    return client.post("/dummies/", data=body, content_type="application/json", headers=headers)


def kind(answer: Any) -> str:
    """Return the last part of a problem's type."""
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == answer.status_code
    return str(answer.json["type"]).removeprefix("urn:ix-dummies:problem:")


def test_an_accepted_string_is_in_the_journal_and_the_answer_says_where_to_look(
    client: FlaskClient, journal: Journal
) -> None:
    answer = submit(client, "안녕")
    assert answer.status_code == 202
    assert answer.json["status"] == "queued"
    assert answer.json["status_url"] == answer.headers["Location"] == f"/dummies/{answer.json['id']}"
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json["received_at"].endswith("Z")
    [record] = journal.records([answer.json["id"]])
    assert record is not None
    assert journal.queued_string(answer.json["id"], record)[0].text == "안녕"  # type: ignore[index]


@pytest.mark.parametrize("path", ["/dummies", "/dummies/"])
def test_both_forms_of_the_address_answer_without_a_redirect(client: FlaskClient, path: str) -> None:
    assert client.post(path, json={"text": "a"}).status_code == 202


def test_the_same_key_and_text_is_the_same_string(client: FlaskClient, journal: Journal) -> None:
    first, again = (submit(client, "a", **{"Idempotency-Key": "k"}) for _ in range(2))
    assert first.json == again.json
    assert UUID(first.json["id"]).version == 8
    assert journal.counts().waiting == 1


def test_the_same_key_with_another_text_is_refused(client: FlaskClient, journal: Journal) -> None:
    submit(client, "a", **{"Idempotency-Key": "k"})
    answer = submit(client, "b", **{"Idempotency-Key": "k"})
    assert (answer.status_code, kind(answer)) == (422, "key-reused")
    assert journal.counts().waiting == 1


def test_nginx_may_repeat_a_request_under_its_own_id(client: FlaskClient) -> None:
    first, again, other = (submit(client, "a", **{NGINX_HEADER: rid * 32}).json["id"] for rid in ("a", "a", "b"))
    assert first == again != other


@pytest.mark.parametrize("way", [{}, {"Origin": "https://page.example"}])
@pytest.mark.parametrize(
    "shared",
    [
        {"X-Request-ID": "r"},
        {"X-Request-ID": "a" * 32},
        {"X-Correlation-ID": "a" * 32},
        {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
        *({NGINX_HEADER: value} for value in ("", "r", "A" * 32, "a" * 31, "a" * 33, "é" * 32, f"{32 * 'a'},b")),
    ],
)
def test_no_other_header_makes_two_strings_one(
    client: FlaskClient, journal: Journal, shared: dict[str, str], way: dict[str, str]
) -> None:
    first, second = (submit(client, "a", **shared, **way).json["id"] for _ in range(2))
    assert first != second
    bulks = [client.post("/dummies/bulk", json={"texts": ["a"]}, headers=shared | way).json["ids"] for _ in range(2)]
    assert bulks[0] != bulks[1]
    assert journal.counts().waiting == 4


def test_without_either_every_request_is_a_string_of_its_own(client: FlaskClient) -> None:
    first, second = (submit(client, "a").json["id"] for _ in range(2))
    assert first != second
    assert UUID(first).version == 8


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_has_a_sensible_length(client: FlaskClient, key: str) -> None:
    answer = submit(client, "a", **{"Idempotency-Key": key})
    assert (answer.status_code, kind(answer)) == (422, "invalid-key")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "expected"),
    [
        (b'{"text": "a"', "application/json", 400, "malformed-json"),
        (b"\xff", "application/json", 400, "malformed-json"),
        (b"[" * 1000, "application/json", 400, "malformed-json"),
        (b'{"text": 5, "x": [', "application/json", 400, "malformed-json"),
        ('{"text": "a"}'.encode("utf-16"), "application/json", 400, "malformed-json"),
        (b'{"\\ud800": 1, "text": "a"}', "application/json", 422, "invalid-body"),
        (b'{"text": "a", "x": ' + b"[" * 1000, "application/json", 400, "malformed-json"),
        (b'{"text": "a", "x": "\xff"}', "application/json", 400, "malformed-json"),
        (b'{"text": "a", "\xff": 1}', "application/json", 400, "malformed-json"),
        (b'{"text": "a", "x": NaN}', "application/json", 400, "malformed-json"),
        (b'{"text": "a"}' + b" " * 1500, "application/json", 413, "too-large"),
        (b"", "application/json", 400, "malformed-json"),
        (b'{"text": "a"}', "text/html", 415, "unsupported-media-type"),
        (b'{"text": "a"}', "", 415, "unsupported-media-type"),
        (b'{"text": "' + b"a" * 2000 + b'"}', "application/json", 413, "too-large"),
        (b'{"text": "aaaaaaaaaaaaa"}', "application/json", 422, "invalid-text"),
        (b'{"text": ""}', "application/json", 422, "invalid-text"),
        (b'{"text": "a\\u0000"}', "application/json", 422, "invalid-text"),
        (b'{"text": "\\ud800"}', "application/json", 422, "invalid-text"),
        (b'{"text": 5}', "application/json", 422, "invalid-body"),
        (b'{"text": null}', "application/json", 422, "invalid-body"),
        (b"{}", "application/json", 422, "invalid-body"),
        (b'"a"', "application/json", 422, "invalid-body"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_what_to_do(
    client: FlaskClient, journal: Journal, body: bytes, content_type: str, status: int, expected: str
) -> None:
    answer = client.post("/dummies/", data=body, content_type=content_type)
    assert (answer.status_code, kind(answer)) == (status, expected)
    assert answer.json["detail"]
    assert answer.json["title"]
    assert journal.counts().waiting == 0


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(categories=None), max_size=14))
def test_any_text_comes_back_identical_or_is_refused_and_not_kept(
    client: FlaskClient, services: Services, text: str
) -> None:
    storable = bool(text) and "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
    storable = storable and len(text.encode()) <= 12
    before = services.journals.each[0].counts().waiting
    answer = submit(client, text)
    assert answer.status_code == (202 if storable else 422)
    assert services.journals.each[0].counts().waiting == before + storable
    if storable:
        assert client.get(answer.json["status_url"]).json["text"] == text
