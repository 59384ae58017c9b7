"""Groups of dead letters over HTTP: counted, retried and discarded, with progress."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from dead_letters import ODD, balance, plant, queued
from fakeredis import FakeRedis, FakeServer
from flask import Flask
from flask.testing import FlaskClient
from support import capture_logs

import api.views.dead_letter_groups
from api.http.problems import TYPE_PREFIX, ApiProblem
from api.services import Services
from core.dead_letter_groups import PIECE, Progress
from core.errors import JournalFull, JournalUnavailable
from core.keys import KEYS

TOKEN = "a-token-of-the-operators"
WHY = "a test of ours"
ALL = {"reasons": "all"}
DISCARD = {"reasons": ["because"], "why": WHY}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    """An API that has operators."""
    return {"operator_token": TOKEN, "draining_file": tmp_path / "draining"}


@pytest.fixture
def client(app: Flask, services: Services, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """An operator, who is told of every step."""
    monkeypatch.setattr(api.views.dead_letter_groups, "LINE_EVERY", -1)
    monkeypatch.setattr(services.waker, "wake", lambda: None)
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    return client


def lines(answer: Any) -> list[dict[str, Any]]:
    """Return the lines of a stream."""
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/x-ndjson"
    told = [json.loads(line) for line in answer.text.splitlines()]
    answer.close()
    return told


def test_groups_are_counted_the_largest_first(client: FlaskClient, redis: FakeRedis) -> None:
    for count, reason in enumerate(ODD, 1):
        plant(redis, count, reason)
    answer = client.get("/dummies/failed/reasons").json
    assert answer["items"] == [{"reason": r, "count": n} for n, r in reversed(list(enumerate(ODD, 1)))]  # type: ignore[index]
    assert (answer["next_cursor"], answer["looked_at"], answer["total"]) == (None, 28, 28)  # type: ignore[index]
    assert client.get("/dummies/failed/reasons?cursor=0").status_code == 400


@pytest.mark.parametrize("reason", ODD)
def test_a_group_is_retried_with_progress(client: FlaskClient, redis: FakeRedis, reason: str) -> None:
    ids = plant(redis, 3, reason)
    plant(redis, 1, f"{reason} else")
    first, *_, last = lines(client.post("/dummies/failed/retry", json={"reasons": [reason]}))
    assert first == {"done": 0, "skipped": 0, "left": 4, "complete": None, "problem": None}
    assert last == {"done": 3, "skipped": 0, "left": 0, "complete": True, "problem": None}
    assert {s.id for s in queued(redis)} == set(ids)
    assert balance(redis)["retried"] == 3


def test_a_group_is_discarded_and_the_log_says_why_and_which(client: FlaskClient, redis: FakeRedis) -> None:
    ids = plant(redis, 3)
    plant(redis, 2, "other")
    with capture_logs() as logs:
        *_, last = lines(client.post("/dummies/failed/discard", json=DISCARD))
    assert (last["done"], last["complete"]) == (3, True)
    assert {line["reason"] for line in logs if "reason" in line} == {WHY}
    assert {each for line in logs for each in line.get("ids", [])} == set(ids)
    assert balance(redis)["discarded"] == 3
    assert client.get("/dummies/failed").json["total"] == 2  # type: ignore[index]


@pytest.mark.parametrize(("what", "body"), [("retry", ALL), ("discard", DISCARD)])
@pytest.mark.parametrize("read", [2, 99], ids=["disconnected", "complete"])
def test_the_log_says_which_operator_did_what_to_how_many_and_why(
    client: FlaskClient, redis: FakeRedis, what: str, body: Any, read: int
) -> None:
    plant(redis, 9)
    with capture_logs() as logs:
        answer = client.post(f"/dummies/failed/{what}", json=body, buffered=False)
        [*islice(answer.response, read)]
        answer.close()
    said = {"operator": "operator", "action": f"{what} group", "containing": ""}
    said |= {"reason": WHY, "refused_because": ["because"]} if what == "discard" else {"refused_because": "anything"}
    first, last = [line for line in logs if "operator" in line]
    assert (first["event"], last["event"]) == ("operator action begins", "operator action")
    assert first.items() >= said.items() <= last.items()
    left = balance(redis)["failed"]
    assert (last["count"], last["left"]) == (9 - left, left)
    assert bool(left) == (read < 9)


def test_all_are_decided_only_when_that_is_said(client: FlaskClient, redis: FakeRedis) -> None:
    for reason in ("all", "one", "two"):
        plant(redis, 1, reason)
    assert lines(client.post("/dummies/failed/discard", json={"reasons": ["all"], "why": WHY}))[-1]["done"] == 1
    assert lines(client.post("/dummies/failed/retry", json=ALL))[-1]["done"] == 2


@pytest.mark.parametrize("q", ["한글 1", "ONE", "one", "because", "not there", "%"])
@pytest.mark.parametrize("reasons", ["all", ["because one"]])
@pytest.mark.parametrize(("what", "counted"), [("retry", "retried"), ("discard", "discarded")])
def test_of_a_group_those_are_decided_that_the_search_lists(
    client: FlaskClient, redis: FakeRedis, what: str, counted: str, reasons: Any, q: str
) -> None:
    plant(redis, 20, "because one", "한글")
    plant(redis, 5, "because", "one")
    listed = client.get("/dummies/failed", query_string={"q": q, "limit": 200}).json["items"]  # type: ignore[index]
    expected = {each["id"] for each in listed if reasons == "all" or each["reason"] in reasons}
    before = set(redis.hkeys(KEYS.failed))
    body = {"reasons": reasons, "q": q} | ({"why": WHY} if what == "discard" else {})
    *_, last = lines(client.post(f"/dummies/failed/{what}", json=body))
    assert last == {"done": len(expected), "skipped": 0, "left": 0, "complete": True, "problem": None}
    assert {each.decode() for each in before - set(redis.hkeys(KEYS.failed))} == expected
    assert balance(redis)[counted] == len(expected)


@pytest.mark.parametrize(
    ("what", "body"),
    [
        *(
            (what, {"reasons": reasons})
            for what in ("retry", "discard")
            for reasons in (None, [], "every", "", 1, [1], {})
        ),
        *((what, {}) for what in ("retry", "discard")),
        ("retry", {"reasons": ["because"] * 101}),
        ("retry", {"reasons": ["because"], "only": "these"}),
        *(("retry", ALL | {"q": q}) for q in ("", "x" * 201, 1, ["x"])),
        *(("discard", DISCARD | {"q": q}) for q in ("", "x" * 201, 1, ["x"])),
        ("retry", ["because"]),
        ("discard", ALL),
        ("discard", DISCARD | {"why": ""}),
        ("discard", DISCARD | {"why": "x" * 501}),
        ("discard", DISCARD | {"why": None}),
    ],
)
def test_what_is_not_said_clearly_decides_nothing(client: FlaskClient, redis: FakeRedis, what: str, body: Any) -> None:
    plant(redis, 1)
    answer = client.post(f"/dummies/failed/{what}", json=body)
    assert (answer.status_code, answer.json["type"]) == (422, f"{TYPE_PREFIX}invalid-body")  # type: ignore[index]
    assert balance(redis)["failed"] == 1


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"data": "all", "content_type": "text/plain"}, 415),
        ({"data": '{"reasons": ', "content_type": "application/json"}, 400),
        ({"data": b'{"reasons": ["\xff"]}', "content_type": "application/json"}, 400),
        ({"json": {"reasons": ["x" * 1024 * 1024]}}, 413),
    ],
)
def test_other_bodies_are_refused(client: FlaskClient, redis: FakeRedis, options: Any, status: int) -> None:
    plant(redis, 1)
    assert client.post("/dummies/failed/retry", **options).status_code == status
    assert balance(redis)["failed"] == 1


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (JournalUnavailable(), "journal-away"),
        (JournalFull(), "journal-full"),
        (ApiProblem("journal-volatile", "x"), "journal-volatile"),
        (RuntimeError(), "internal-error"),
    ],
)
def test_a_run_that_is_broken_off_says_what_is_done_and_what_is_left(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch, error: Exception, name: str
) -> None:
    def run(*_: Any) -> Iterator[Progress]:
        yield Progress(1_000)
        yield Progress(1_000, 400, 390, 10)
        raise error

    monkeypatch.setattr(services.groups, "retry", run)
    *_, last = lines(client.post("/dummies/failed/retry", json=ALL))
    assert (last["done"], last["skipped"], last["left"], last["complete"]) == (390, 10, 600, False)
    assert last["problem"]["type"] == TYPE_PREFIX + name
    assert str(PIECE) in last["problem"]["detail"]


def test_without_a_redis_nothing_is_begun(client: FlaskClient, redis_server: FakeServer) -> None:
    redis_server.connected = False
    with capture_logs() as logs:
        for method, what, body in (("GET", "reasons", None), ("POST", "retry", ALL), ("POST", "discard", DISCARD)) * 3:
            answer = client.open(f"/dummies/failed/{what}", method=method, json=body)
            assert (answer.status_code, answer.json["type"]) == (503, f"{TYPE_PREFIX}journal-away")  # type: ignore[index]
    assert not [line for line in logs if line["event"].startswith("operator action")]


def test_a_journal_without_room_takes_no_retry_but_a_discard(
    client: FlaskClient, services: Services, redis: FakeRedis
) -> None:
    plant(redis, 2)
    services.monitor.ensure_started()
    services.monitor.shards[0].full = True
    assert client.post("/dummies/failed/retry", json=ALL).json["type"] == f"{TYPE_PREFIX}journal-full"  # type: ignore[index]
    assert lines(client.post("/dummies/failed/discard", json=DISCARD))[-1]["done"] == 2


def test_a_process_that_is_shutting_down_ends_its_run(
    client: FlaskClient, redis: FakeRedis, settings: dict[str, Any]
) -> None:
    plant(redis, 9)
    settings["draining_file"].touch()
    *_, last = lines(client.post("/dummies/failed/retry", json=ALL))
    assert last["problem"]["type"] == f"{TYPE_PREFIX}draining"
    assert last["done"] == balance(redis)["retried"] < 9
    settings["draining_file"].unlink()
    assert lines(client.post("/dummies/failed/retry", json=ALL))[-1]["complete"]
    assert balance(redis)["retried"] == 9


def test_concurrent_runs_are_few_and_an_abandoned_one_stops_where_it_is(client: FlaskClient, redis: FakeRedis) -> None:
    plant(redis, 9)
    open_ones = [
        client.post("/dummies/failed/retry", json=ALL, buffered=False)
        for _ in range(api.views.dead_letter_groups.CONCURRENT_RUNS)
    ]
    refused = client.post("/dummies/failed/retry", json=ALL)
    assert (refused.status_code, refused.json["type"]) == (503, f"{TYPE_PREFIX}busy")  # type: ignore[index]
    assert refused.headers["Retry-After"]
    for answer in open_ones:
        answer.close()
    assert balance(redis)["failed"] == 9
    assert lines(client.post("/dummies/failed/discard", json=DISCARD))[-1]["done"] == 9


def test_a_run_whose_end_fails_makes_room_for_the_next(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: Any) -> Iterator[Progress]:
        try:
            yield Progress(9)
            yield Progress(9, 1, 1)
        finally:
            raise OSError("the log's disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(services.groups, "retry", run)
        for _ in range(api.views.dead_letter_groups.CONCURRENT_RUNS):
            with pytest.raises(OSError, match="full"):
                client.post("/dummies/failed/retry", json=ALL, buffered=False).close()
    assert lines(client.post("/dummies/failed/retry", json=ALL))[-1]["complete"]
