"""The memory that request bodies take is bounded, whatever is in them."""

from __future__ import annotations

import json
import threading
import tracemalloc
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from api.fast_path import MAX_BODY
from api.http import memory, raw_bodies
from api.http.contract import MAX_STRINGS_PER_BULK
from api.http.memory import BUDGET, MemoryBudget, growth
from api.process.appender import Ticket
from api.process.request_threads import COUNT
from api.services import Services
from core.journal import Journal

JSON, NDJSON, PLAIN = "application/json", "application/x-ndjson", "text/plain"
SIZE = 8_000_000
SMILE = "👋"
MIB = 2**20
TOKEN = "operator-token-for-tests"
WIDE = SMILE + "x" * 780
GIANT = (SMILE + "x" * 6_000_000).encode()


@pytest.fixture
def settings() -> dict[str, Any]:
    """Operators' routes are open."""
    return {"operator_token": TOKEN}


def many(item: bytes) -> bytes:
    """Return an array of 8 MB of one value."""
    return b"[" + b",".join([item] * (SIZE // (len(item) + 1))) + b"]"


def post(client: FlaskClient, body: bytes, media: str = JSON, path: str = "/dummies/bulk") -> Any:
    """Post a body, as an operator does."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": str(uuid4())}
    return client.post(path, data=body, content_type=media, headers=headers)


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
        (b"a\n" * MAX_STRINGS_PER_BULK, PLAIN, 202),
        (json.dumps({"texts": ["a"] * MAX_STRINGS_PER_BULK}).encode(), JSON, 202),
        (b'{"text":"a"}\n' * MAX_STRINGS_PER_BULK, NDJSON, 202),
        (b"1\n" * MAX_STRINGS_PER_BULK, NDJSON, 422),
        ("\n".join([WIDE] * 9999).encode(), PLAIN, 202),
        ("\n".join(["\N{GRINNING FACE}" + "a" * 65_000] * (SIZE // 65_536)).encode(), PLAIN, 202),
        (json.dumps({"texts": [WIDE] * 9999}, ensure_ascii=False).encode(), JSON, 202),
        (json.dumps({"texts": [*[WIDE] * 9999, 1]}, ensure_ascii=False).encode(), JSON, 422),
        (
            json.dumps({"texts": [*[WIDE] * 9999, 2]}, ensure_ascii=False).encode().replace(b"2]", b'"\\ud800"]'),
            JSON,
            422,
        ),
        ("\n".join([json.dumps({"text": WIDE[:-10]}, ensure_ascii=False)] * 9999).encode(), NDJSON, 202),
        (b'{"texts":["' + GIANT + b'\\n"]}', JSON, 422),
        (b'\n{"text":"' + GIANT + b'\\ud800"}', NDJSON, 422),
        (GIANT, PLAIN, 422),
        (b'{"texts":["' + b"\\u0001" * (SIZE // 6) + b'"]}', JSON, 422),
        (b'{"texts":["' + b"\\ud800" * (SIZE // 6) + b'"]}', JSON, 422),
        (b'{"texts":["' + GIANT + b'\xff"]}', JSON, 400),
        (b'{"texts":["a"],"x":"\\ud800",' + b",".join(b'"%d":0' % n for n in range(19_000)) + b"}", JSON, 202),
    ],
    ids=[
        "tiny lines",
        "tiny strings",
        "tiny objects",
        "misfits",
        "plain",
        "long lines",
        "JSON",
        "a misfit",
        "a lone surrogate",
        "NDJSON",
        "a giant in JSON",
        "a giant in NDJSON",
        "a giant line",
        "escapes",
        "lone surrogates",
        "no UTF-8",
        "many names",
    ],
)
def test_a_bulk_takes_no_more_memory_than_is_counted(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch, body: bytes, media: str, status: int
) -> None:
    """Each character of a text with an emoji takes four bytes, so no copy of the whole is held beside its strings."""
    monkeypatch.setattr(services.appenders[0], "append", lambda _: Ticket())
    for warm_up in (PLAIN, media):
        post(client, b'{"texts":["imports"]}', warm_up)
    answer, peak = peak_of(client, body, media)
    assert answer.status_code == status
    assert peak < len(body) + growth(len(body), MAX_STRINGS_PER_BULK)


@pytest.mark.parametrize("text", ["," * 60_000, "[{" * 30_000, '","' * 9_000, "\\,\\" * 9_000, '\\",\\"' * 5_000])
def test_what_marks_values_in_json_is_not_counted_in_texts(client: FlaskClient, text: str) -> None:
    assert post(client, json.dumps({"texts": [text] * 40}).encode()).status_code == 202
    assert post(client, b"\n".join([json.dumps({"text": text}).encode()] * 40), NDJSON).status_code == 202


@pytest.mark.parametrize("rest", [b'"' + b"," * SIZE, b'"\\' * (SIZE // 2), b'",' * (SIZE // 2), b"\\," * (SIZE // 2)])
def test_unmatched_quotes_are_refused_without_backtracking(client: FlaskClient, rest: bytes) -> None:
    answer = post(client, b'{"texts":[' + rest[:SIZE])
    assert answer.json["type"].endswith((":too-large", ":malformed-json"))


@pytest.mark.parametrize(
    ("path", "media"),
    [("/dummies/bulk", PLAIN), *((path, JSON) for path in ("/dummies/", "/dummies/status", "/dummies/failed/discard"))],
)
def test_without_room_a_body_is_refused_and_all_room_is_given_back(
    client: FlaskClient, journal: Journal, monkeypatch: pytest.MonkeyPatch, path: str, media: str
) -> None:
    monkeypatch.setattr("api.http.memory.PATIENCE", 0.01)
    body = b" " * 40_000
    for room, status in ((39_000, 503), (120_000, 503), (4_000_000, 400 if media == JSON else 202)):
        budget = MemoryBudget(room)
        monkeypatch.setattr(raw_bodies, "_budget", budget)
        answer = post(client, body, media, path)
        assert answer.status_code == status
        assert status != 503 or (answer.headers["Retry-After"], answer.json["type"][-5:]) == ("2", ":busy")
        assert budget.free == room
    assert journal.counts().waiting == (path == "/dummies/bulk")


def test_a_body_waits_for_the_room_that_decoding_it_takes(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = MemoryBudget(2 * growth(40_000, 1) + 40_000)
    monkeypatch.setattr(raw_bodies, "_budget", budget)
    read = threading.Event()

    def check_declared(_: bytes) -> None:
        assert budget.take(growth(40_000, 1))
        read.set()

    monkeypatch.setattr(raw_bodies, "check_declared", check_declared)
    monkeypatch.setattr("api.http.memory.PATIENCE", 60)
    threading.Thread(target=lambda: read.wait() and budget.give_back(growth(40_000, 1))).start()
    assert post(client, b'{"text":"' + b"x" * 39_000 + b'"}', JSON, "/dummies/").status_code == 202


def test_bodies_that_arrive_together_cannot_keep_one_another_from_being_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many, and in whatever order: while any has been read, one has room."""
    monkeypatch.setattr("api.http.memory.PATIENCE", 0)
    for size in (10_000, MIB, 8 * MIB):
        later = growth(size, MAX_STRINGS_PER_BULK)
        budget = MemoryBudget(BUDGET)
        arrived = [0] * COUNT
        going_on = set(range(COUNT))
        while any(arrived[each] < size for each in going_on):
            for each in sorted(going_on):
                piece = min(65536, size - arrived[each])
                if budget.take_piece(piece, later, first=False):
                    arrived[each] += piece
                else:
                    going_on.remove(each)
                    budget.give_back(arrived[each])
        assert going_on
        assert budget.take(later)


def test_large_bodies_leave_room_for_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.http.memory.PATIENCE", 0)
    budget = MemoryBudget(BUDGET)
    large, small = growth(8 * MIB, MAX_STRINGS_PER_BULK), growth(1000, 1)
    for _ in range(2):
        assert all(budget.take_piece(65536, large, first=False) for _ in range(128)), (
            "two fit: one is decoded, one waits"
        )
    while budget.take_piece(65536, large, first=False):
        pass
    assert budget.take(large)
    assert not budget.take(large)
    for _ in range(COUNT):
        assert budget.take_piece(1000, small, first=False)
        assert budget.take(small)


def test_the_budget_and_the_fast_path_fit_into_64_mib() -> None:
    assert BUDGET + COUNT * 6 * MAX_BODY <= 64 * MIB


def test_the_system_gets_back_what_large_requests_took(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed = threading.Event()
    monkeypatch.setattr(memory, "_FREE_AFTER", 0.0)
    budget, earlier = MemoryBudget(BUDGET), threading.enumerate()

    def trim(_: int) -> None:
        if threading.current_thread() not in earlier:  # those of other tests
            trimmed.set()

    monkeypatch.setattr(memory, "_malloc_trim", trim)
    budget.give_back(MIB)
    assert not trimmed.wait(0.1)
    budget.give_back(MIB + 1)
    assert trimmed.wait(10)
