"""Submitting many strings in one request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from fakeredis import FakeRedis
from flask.testing import FlaskClient

from api.http.contract import MAX_STRINGS_PER_BULK
from api.process.places import Places
from api.services import Services
from api.views import submit
from core.append import Unit
from core.consumer import Consumer
from core.errors import JournalFull, ReadsBusy
from core.journal import MAX_GROUP_STRINGS, Appended, Journal
from core.keys import KEYS

JSON, NDJSON, PLAIN = "application/json", "application/x-ndjson", "text/plain; charset=utf-8"


def post(client: FlaskClient, body: bytes | str, content_type: str = JSON, key: str | None = None) -> Any:
    """Post a bulk."""
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/dummies/bulk", data=body, content_type=content_type, headers=headers)


def texts_of(*texts: str) -> str:
    """Return the JSON body of these texts."""
    return json.dumps({"texts": texts})


def stored(consumer: Consumer) -> list[str]:
    """Return the texts in the journal, in order."""
    return [text for entry in consumer.claim().entries for text in entry.strings.texts]


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (texts_of("a", "b\nb", "한"), JSON, ["a", "b\nb", "한"]),
        ("a\nb\n", PLAIN, ["a", "b"]),
        ("a\r\nb", PLAIN, ["a", "b"]),
        ("한\n글", PLAIN, ["한", "글"]),
        (" a\t\n", PLAIN, [" a\t"]),
        ('{"text": "a"}\n{"text": "b\\nb"}\n', NDJSON, ["a", "b\nb"]),
        ('{"text": "한"}\r\n {"x": 1, "text": " 글\\r"} ', NDJSON + "; charset=utf-8", ["한", " 글\r"]),
        ('{"text": "a\u2028b\u0085"}', NDJSON, ["a\u2028b\u0085"]),
    ],
)
def test_strings_are_kept_in_order_and_unaltered(
    client: FlaskClient, consumer: Consumer, body: str, content_type: str, expected: list[str]
) -> None:
    answer = post(client, body.encode(), content_type)
    assert answer.status_code == 202
    assert answer.json["count"] == len(expected) == len(set(answer.json["ids"]))
    assert stored(consumer) == expected
    states = client.get("/dummies/?" + "&".join(f"id={i}" for i in answer.json["ids"])).json["items"]
    assert [state["id"] for state in states] == answer.json["ids"]


@pytest.mark.parametrize("path", ["/dummies/bulk", "/dummies/bulk/"])
def test_both_forms_of_the_address_answer_without_a_redirect(client: FlaskClient, path: str) -> None:
    assert client.post(path, json={"texts": ["a"]}).status_code == 202


def test_a_large_bulk_becomes_groups(client: FlaskClient, redis: FakeRedis, journal: Journal) -> None:
    answer = post(client, texts_of(*map(str, range(MAX_GROUP_STRINGS * 2 + 1))))
    assert answer.status_code == 202
    assert redis.xlen(KEYS.journal) == 3
    assert journal.counts().waiting == 2 * MAX_GROUP_STRINGS + 1


def test_the_same_key_is_the_same_bulk(client: FlaskClient, journal: Journal) -> None:
    first, again = (post(client, texts_of("a", "a", "b"), key="k") for _ in range(2))
    assert first.json["ids"] == again.json["ids"]
    assert len(set(first.json["ids"])) == 3
    assert journal.counts().waiting == 3


def test_a_key_is_that_of_the_strings_in_whatever_form_they_come(client: FlaskClient, journal: Journal) -> None:
    forms = [(texts_of("a", "b"), JSON), ('{"text": "a"}\n{"text": "b"}', NDJSON), ("a\nb", PLAIN)]
    ids = [post(client, body, content_type, key="k").json["ids"] for body, content_type in forms]
    assert ids[0] == ids[1] == ids[2]
    assert journal.counts().waiting == 2


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
        ('{"text": "a"}\n\n{"text": "b"}\n \r\n', NDJSON, [1, 3]),
        ('{"text": "a"}\n"b"\n["c"]\n5\n{}\n{"text": null}', NDJSON, [1, 2, 3, 4, 5]),
        ('{"text": "a"\n}\n{"text": "b"} {"text": "c"}\n{"text": "d"}\r{"text": "e"}', NDJSON, [0, 1, 2, 3]),
        (b'{"text": "\xff"}\n{"text": "a"}\n{"text": "a", "x": "\xff"}', NDJSON, [0, 2]),
        ('\ufeff{"text": "a"}\n{"text": "b", "x": NaN}\n{"\\ud800": 1, "text": "c"}', NDJSON, [0, 1, 2]),
        ('{"text": ""}\n{"text": "a\\u0000"}\n{"text": "\\ud800"}\n{"text": "a"}', NDJSON, [0, 1, 2]),
        ('{"text": "a"}\n{"text": "' + "b" * 65_537 + '"}', NDJSON, [1]),
        ('{"text": "a"}\n{"text": "b", "x": ' + "[" * 5000, NDJSON, [1]),
        ("\n" * 200, NDJSON, list(range(100))),
    ],
)
def test_one_bad_item_refuses_the_whole_and_is_named(
    client: FlaskClient, journal: Journal, body: bytes | str, content_type: str, bad: list[int]
) -> None:
    answer = post(client, body, content_type)
    assert answer.status_code == 422
    assert answer.json["type"].endswith(":invalid-text")
    assert [error["index"] for error in answer.json["errors"]] == bad
    assert all(error["detail"] for error in answer.json["errors"])
    assert journal.counts().waiting == 0


def test_a_bad_line_is_refused_with_the_form_of_a_line(client: FlaskClient) -> None:
    errors = post(client, '{"text": "a"}\n"b"\n{"text": "c"', NDJSON).json["errors"]
    assert [error["detail"] for error in errors] == [
        'Expected `object`, got `str`. Each line is an object {"text": "…"}.',
        'Send valid JSON in UTF-8: Input data was truncated. Each line is an object {"text": "…"}.',
    ]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ('{"texts": ["a"', JSON, 400),
        ('{"texts": [5], "x": [', JSON, 400),
        (b'{"texts": [5], "x": "\xff"}', JSON, 400),
        ('{"texts": [5], "x": ' + "[" * 5000, JSON, 400),
        (b'{"texts": ["a"], "x": "\xff"}', JSON, 400),
        ('{"texts": ["a"], "x": NaN}', JSON, 400),
        ('{"texts": 5, "x": ' + "9" * 5000 + "}", JSON, 422),
        ('{"\\ud800": 1, "texts": ["a"]}', JSON, 422),
        ('{"texts": []}', JSON, 422),
        ('{"texts": "a"}', JSON, 422),
        ("[]", JSON, 422),
        ("", PLAIN, 422),
        (b"\xff\n", PLAIN, 422),
        ("", NDJSON, 422),
        ("a", "application/xml", 415),
        (texts_of(*["a"] * (MAX_STRINGS_PER_BULK + 1)), JSON, 413),
        ("a\n" * (MAX_STRINGS_PER_BULK + 1), PLAIN, 413),
        ("\n" * (MAX_STRINGS_PER_BULK + 1), NDJSON, 413),
        (b"a" * (8 * 1024 * 1024 + 1), PLAIN, 413),
        (b"a" * (8 * 1024 * 1024 + 1), NDJSON, 413),
    ],
    ids=[
        "cut off",
        "cut off behind a misfit",
        "no UTF-8 behind one",
        "deep behind one",
        "no UTF-8 in what is ignored",
        "no number of JSON's",
        "more digits than Python reads behind a misfit",
        "a name that is no text",
        "none",
        "no list",
        "no object",
        "empty",
        "no UTF-8",
        "NDJSON, empty",
        "XML",
        "many",
        "many lines",
        "many lines of NDJSON",
        "large",
        "large NDJSON",
    ],
)
def test_a_malformed_bulk_is_refused(
    client: FlaskClient, journal: Journal, body: bytes | str, content_type: str, status: int
) -> None:
    answer = post(client, body, content_type)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert journal.counts().waiting == 0


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (texts_of(*["a"] * MAX_STRINGS_PER_BULK), JSON),
        ('{"text": "a"}\n' * MAX_STRINGS_PER_BULK, NDJSON),
        ("a\r\n" * MAX_STRINGS_PER_BULK, PLAIN),
    ],
    ids=["JSON", "NDJSON", "text"],
)
def test_as_many_as_are_allowed_are_accepted(
    client: FlaskClient, journal: Journal, body: str, content_type: str
) -> None:
    assert post(client, body, content_type).status_code == 202
    assert journal.counts().waiting == MAX_STRINGS_PER_BULK


def test_a_bulk_that_fits_only_in_part_is_not_reported_as_refused(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its beginning is in the journal; under the same key the whole is appended once."""
    append, room = services.journals.each[0].append, [True, False]

    def append_while_there_is_room(units: Sequence[Unit]) -> Appended:
        if room and not room.pop(0):
            raise JournalFull
        return append(units)

    monkeypatch.setattr(services.journals.each[0], "append", append_while_there_is_room)
    texts = texts_of(*map(str, range(MAX_GROUP_STRINGS * 2)))
    answer = post(client, texts, key="k")
    assert answer.status_code == 503
    assert answer.json["type"].endswith(":journal-away")
    assert "may have been accepted" in answer.json["detail"]
    assert services.journals.each[0].counts().waiting == MAX_GROUP_STRINGS
    assert post(client, texts, key="k").status_code == 202
    assert services.journals.each[0].counts().waiting == MAX_GROUP_STRINGS * 2


@pytest.mark.parametrize(
    ("places", "taken"),
    [
        (submit._appended_bulks, submit.CONCURRENT_BULKS),
        (submit._bulks, submit.CONCURRENT_BULKS + submit.WAITING_BULKS),
    ],
)
def test_only_a_few_bulks_are_appended_or_wait_at_the_same_time(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, places: Places, taken: int
) -> None:
    monkeypatch.setattr(places, "patience", 0.01)
    for _ in range(taken):
        assert places.take()
    try:
        answer = post(client, texts_of("a"))
    finally:
        for _ in range(taken):
            places.release()
    assert answer.status_code == 503
    assert answer.json["type"].endswith(":busy")
    assert "Retry-After" in answer.headers
    assert post(client, texts_of("a")).status_code == 202


def test_not_every_lone_surrogate_is_looked_at(client: FlaskClient) -> None:
    """Each takes a step; a body may have a million."""
    texts = ["a" + "\ud800" * (MAX_STRINGS_PER_BULK // 2), "b" + "\ud800" * (MAX_STRINGS_PER_BULK // 2 - 1)]
    refused = client.post("/dummies/bulk", data=json.dumps({"texts": texts}), content_type="application/json")
    assert refused.json["type"].endswith(":invalid-text")
    texts.append("c\ud800" * 2)
    refused = client.post("/dummies/bulk", data=json.dumps({"texts": texts}), content_type="application/json")
    assert refused.json["type"].endswith(":invalid-body")


def test_whether_a_text_was_accepted_before_is_undecided_while_reads_are_busy(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_: object) -> bool:
        raise ReadsBusy

    monkeypatch.setitem(services.settings.__dict__, "database_read_url", "any")
    monkeypatch.setattr(submit, "all_known", busy)
    for path, body in {"/dummies/": {"text": "a" * 70_000}, "/dummies/bulk": {"texts": ["a" * 70_000]}}.items():
        refused = client.post(path, json=body, headers={"Idempotency-Key": "a key"})
        assert (refused.status_code, refused.json["type"]) == (503, "urn:ix-dummies:problem:database-slow")
