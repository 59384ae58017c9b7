"""Submitting many strings in one request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakeredis import FakeRedis
from flask.testing import FlaskClient

from api import submit
from api.contract import MAX_STRINGS_PER_BULK
from core.claims import Claims
from core.journal import MAX_GROUP_STRINGS, Journal
from core.names import JOURNAL

JSON, PLAIN = "application/json", "text/plain; charset=utf-8"


def post(client: FlaskClient, body: bytes | str, content_type: str = JSON, key: str | None = None) -> Any:
    """Post a bulk."""
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/dummies/bulk", data=body, content_type=content_type, headers=headers)


def texts_of(*texts: str) -> str:
    """Return the JSON body of these texts."""
    return json.dumps({"texts": texts})


def stored(claims: Claims) -> list[str]:
    """Return the texts in the journal, in order."""
    return [s.text for entry in claims.claim().entries for s in entry.submissions]


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (texts_of("a", "b\nb", "한"), JSON, ["a", "b\nb", "한"]),
        ("a\nb\n", PLAIN, ["a", "b"]),
        ("a\r\nb", PLAIN, ["a", "b"]),
        ("한\n글", PLAIN, ["한", "글"]),
        (" a\t\n", PLAIN, [" a\t"]),
    ],
)
def test_strings_are_kept_in_order_and_unaltered(
    client: FlaskClient, claims: Claims, body: str, content_type: str, expected: list[str]
) -> None:
    answer = post(client, body.encode(), content_type)
    assert answer.status_code == 202
    assert answer.json["count"] == len(expected) == len(set(answer.json["ids"]))
    assert stored(claims) == expected
    states = client.get("/dummies/?" + "&".join(f"id={i}" for i in answer.json["ids"])).json["items"]
    assert [state["id"] for state in states] == answer.json["ids"]


@pytest.mark.parametrize("path", ["/dummies/bulk", "/dummies/bulk/"])
def test_both_forms_of_the_address_answer_without_a_redirect(client: FlaskClient, path: str) -> None:
    assert client.post(path, json={"texts": ["a"]}).status_code == 202


def test_a_large_bulk_becomes_groups(client: FlaskClient, redis: FakeRedis, journal: Journal) -> None:
    answer = post(client, texts_of(*map(str, range(MAX_GROUP_STRINGS * 2 + 1))))
    assert answer.status_code == 202
    assert redis.xlen(JOURNAL) == 3
    assert journal.counts().waiting == 2 * MAX_GROUP_STRINGS + 1


def test_the_same_key_is_the_same_bulk(client: FlaskClient, journal: Journal) -> None:
    first, again = (post(client, texts_of("a", "a", "b"), key="k") for _ in range(2))
    assert first.json["ids"] == again.json["ids"]
    assert len(set(first.json["ids"])) == 3
    assert journal.counts().waiting == 3


@pytest.mark.parametrize("other", [("b", "a"), ("a",), ("a", "b", "c")])
def test_the_same_key_with_another_bulk_is_refused(
    client: FlaskClient, journal: Journal, other: tuple[str, ...]
) -> None:
    post(client, texts_of("a", "b"), key="k")
    answer = post(client, texts_of(*other), key="k")
    assert answer.status_code == 422
    assert answer.json["type"].endswith(":key-reused")
    assert journal.counts().waiting == 2


@pytest.mark.parametrize(
    ("body", "content_type", "bad"),
    [
        (texts_of("a", "", "b", "a\0"), JSON, [1, 3]),
        (texts_of("a", "\ud800"), JSON, [1]),
        (texts_of("a", "b" * 65_537), JSON, [1]),
        ('{"texts": ["a", 5, null, ""]}', JSON, [1, 2, 3]),
        ("a\n\nb\n", PLAIN, [1]),
        ("a\nb\0\n", PLAIN, [1]),
    ],
)
def test_one_bad_item_refuses_the_whole_and_is_named(
    client: FlaskClient, journal: Journal, body: str, content_type: str, bad: list[int]
) -> None:
    answer = post(client, body, content_type)
    assert answer.status_code == 422
    assert answer.json["type"].endswith(":invalid-text")
    assert [error["index"] for error in answer.json["errors"]] == bad
    assert all(error["detail"] for error in answer.json["errors"])
    assert journal.counts().waiting == 0


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ('{"texts": ["a"', JSON, 400),
        ('{"texts": [5], "x": [', JSON, 400),
        (b'{"texts": [5], "x": "\xff"}', JSON, 400),
        ('{"texts": [5], "x": ' + "[" * 5000, JSON, 400),
        ('{"texts": []}', JSON, 422),
        ('{"texts": "a"}', JSON, 422),
        ("[]", JSON, 422),
        ("", PLAIN, 422),
        (b"\xff\n", PLAIN, 422),
        ("a", "application/xml", 415),
        (texts_of(*["a"] * (MAX_STRINGS_PER_BULK + 1)), JSON, 413),
        ("a\n" * (MAX_STRINGS_PER_BULK + 1), PLAIN, 413),
        (b"a" * (8 * 1024 * 1024 + 1), PLAIN, 413),
    ],
    ids=[
        "cut off",
        "cut off behind a misfit",
        "no UTF-8 behind one",
        "deep behind one",
        "none",
        "no list",
        "no object",
        "empty",
        "no UTF-8",
        "XML",
        "many",
        "many lines",
        "large",
    ],
)
def test_a_bulk_that_is_none_is_refused(
    client: FlaskClient, journal: Journal, body: bytes | str, content_type: str, status: int
) -> None:
    answer = post(client, body, content_type)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert journal.counts().waiting == 0


def test_as_many_as_are_allowed_are_accepted(client: FlaskClient, journal: Journal) -> None:
    assert post(client, texts_of(*["a"] * MAX_STRINGS_PER_BULK)).status_code == 202
    assert journal.counts().waiting == MAX_STRINGS_PER_BULK


def test_only_a_few_bulks_at_once_take_memory(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "BULK_PATIENCE", 0.01)
    for _ in range(submit.BULK_REQUESTS_AT_ONCE):
        submit._bulk_slots.acquire()
    try:
        answer = post(client, texts_of("a"))
    finally:
        for _ in range(submit.BULK_REQUESTS_AT_ONCE):
            submit._bulk_slots.release()
    assert answer.status_code == 503
    assert answer.json["type"].endswith(":busy")
    assert "Retry-After" in answer.headers
    assert post(client, texts_of("a")).status_code == 202
