"""The memory that request bodies take is bounded, whatever is in them."""

from __future__ import annotations

import json
import threading
import tracemalloc
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.http import raw_bodies
from api.http.contract import MAX_STRINGS_PER_BULK
from api.process.appender import Ticket
from api.services import Services
from api.views import submit
from core.journal import Journal

JSON, NDJSON, PLAIN = "application/json", "application/x-ndjson", "text/plain"
SIZE = 8_000_000
SMILE = "👋"


def many(item: bytes) -> bytes:
    """Return an array of 8 MB of one value."""
    return b"[" + b",".join([item] * (SIZE // (len(item) + 1))) + b"]"


def post(client: FlaskClient, body: bytes, media: str = JSON, path: str = "/dummies/bulk") -> Any:
    """Post a body."""
    return client.post(path, data=body, content_type=media)


def peak_of(client: FlaskClient, body: bytes, media: str) -> tuple[Any, int]:
    """Return the response, and the most bytes in memory while it was made."""
    tracemalloc.start()
    try:
        return post(client, body, media), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body",
    [
        b'{"texts":' + many(b"[]") + b"}",
        b'{"texts":' + many(b"{}") + b"}",
        b'{"texts":' + many(b'"ab"') + b"}",
        b'{"texts":' + many(b"12.5") + b"}",
        b'{"texts":["a"],"more":' + many(b"[[]]") + b"}",
        b'{"texts":' + many(b"[" * 100 + b"]" * 100) + b"}",
        b'{"texts":["a",' + many(b'{"":' * 100 + b"0" + b"}" * 100) + b"]}",
        b'{"texts":' + b"[" * (SIZE // 2) + b"]" * (SIZE // 2) + b"}",
        b'{"texts":["a", 1, ' + b",".join(b'{"%d":[]}' % n for n in range(600_000)) + b"]}",
        b'{"texts":["' + b'\\"' * 1000 + b'",' + many(b"[]"),
    ],
    ids=[
        "lists",
        "objects",
        "strings",
        "numbers",
        "beside the texts",
        "nested lists",
        "nested objects",
        "deep",
        "after a misfit",
        "malformed",
    ],
)
@pytest.mark.parametrize("media", [JSON, NDJSON])
def test_a_body_of_many_tiny_values_is_refused_before_they_become_objects(
    client: FlaskClient, journal: Journal, body: bytes, media: str
) -> None:
    answer, peak = peak_of(client, body, media)
    assert answer.status_code == (413 if media == JSON else 422)
    assert f"at most {MAX_STRINGS_PER_BULK} strings" in answer.get_data(as_text=True)
    assert peak < 5 * SIZE
    assert journal.counts().waiting == 0


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        ("\n".join([SMILE + "x" * 780] * 9999), PLAIN, 202),
        (json.dumps({"texts": [SMILE + "x" * 780] * 9999}, ensure_ascii=False), JSON, 202),
        (json.dumps({"texts": [*[SMILE + "x" * 780] * 9999, 1]}, ensure_ascii=False), JSON, 422),
        ("\n".join([json.dumps({"text": SMILE + "x" * 770}, ensure_ascii=False)] * 9999), NDJSON, 202),
    ],
    ids=["plain", "JSON", "refused", "NDJSON"],
)
def test_wide_characters_take_what_their_strings_need_and_little_more(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch, body: str, media: str, status: int
) -> None:
    """Each of their characters takes four bytes, so no copy of the whole text is held beside them."""
    monkeypatch.setattr(services.appender, "append", lambda _: Ticket())
    answer, peak = peak_of(client, body.encode(), media)
    assert answer.status_code == status
    assert peak < {202: 8, 422: 10}[status] * SIZE


@pytest.mark.parametrize("text", ["," * 60_000, "[{" * 30_000, '","' * 9_000, "\\,\\" * 9_000, '\\",\\"' * 5_000])
def test_what_marks_values_in_json_is_not_counted_in_texts(client: FlaskClient, text: str) -> None:
    assert post(client, json.dumps({"texts": [text] * 40}).encode()).status_code == 202
    assert post(client, b"\n".join([json.dumps({"text": text}).encode()] * 40), NDJSON).status_code == 202


@pytest.mark.parametrize("rest", [b'"' + b"," * SIZE, b'"\\' * (SIZE // 2), b'",' * (SIZE // 2), b"\\," * (SIZE // 2)])
def test_unmatched_quotes_are_refused_quickly(client: FlaskClient, rest: bytes) -> None:
    answer = post(client, b'{"texts":[' + rest[:SIZE])
    assert answer.json["type"].endswith((":too-large", ":malformed-json"))


def test_the_bodies_in_memory_are_bounded_and_give_back_their_room(
    client: FlaskClient, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = threading.BoundedSemaphore(3)
    monkeypatch.setattr(raw_bodies, "_budget", budget)
    fits, does_not = (b"x" * 60_000 + b"\n") * 3, (b"x" * 60_000 + b"\n") * 4
    for _ in range(4):
        assert post(client, fits, PLAIN).status_code == 202
        assert post(client, fits + b"\0", PLAIN).status_code == 422
        assert post(client, b"{", JSON, "/dummies/").status_code == 400
        refused = post(client, does_not, PLAIN)
        assert (refused.status_code, refused.json["type"].rpartition(":")[2]) == (503, "busy")
        assert refused.headers["Retry-After"] == "2"
    assert journal.counts().waiting == 3 * 4
    assert budget._value == 3


def test_large_bulks_are_taken_one_at_a_time_and_small_ones_beside_them(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submit, "BULK_PATIENCE", 0.01)
    large = b"\n".join([b"x" * 60_000] * 18)
    with submit._large_slot:
        assert post(client, large, PLAIN).json["type"].endswith(":busy")
        assert post(client, b"small", PLAIN).status_code == 202
    assert post(client, large, PLAIN).status_code == 202
