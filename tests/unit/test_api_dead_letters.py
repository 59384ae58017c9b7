"""Dead letters over HTTP: who may see them; list, retry, discard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from dead_letters import plant
from fakeredis import FakeRedis
from flask.testing import FlaskClient
from redis.exceptions import TimeoutError as NoAnswer
from support import capture_logs, dead_letter_all

from api.app import create_app
from api.services import EXTENSION, Services
from api.settings import ApiSettings
from core.consumer import Consumer
from core.keys import KEYS
from core.submission import UNREADABLE

TOKEN = "a-token-of-the-operators"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def parts(redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FlaskClient, Services]]:
    """An API that has operators, over an empty table, and what it works with."""
    app = create_app(ApiSettings(redis_url="redis://127.0.0.1", operator_token=TOKEN), redis)  # type: ignore[arg-type]
    services = app.extensions[EXTENSION]
    monkeypatch.setattr(services.reader, "states", lambda ids: {})  # noqa: ARG005
    monkeypatch.setattr(services.monitor, "check", lambda: None)
    monkeypatch.setattr(services.waker, "wake", lambda: None)
    with app.test_client() as client:
        yield client, services


@pytest.fixture
def client(parts: tuple[FlaskClient, Services]) -> FlaskClient:
    """Its client."""
    return parts[0]


def refuse(client: FlaskClient, consumer: Consumer, *texts: str, reason: str = "too odd") -> list[str]:
    """Have strings refused by PostgreSQL."""
    ids = client.post("/dummies/bulk", json={"texts": texts}).json["ids"]  # type: ignore[index]
    dead_letter_all(consumer, reason)
    return [str(each) for each in ids]


def listed(client: FlaskClient, **query: Any) -> Any:
    """Return a page of dead letters."""
    answer = client.get("/dummies/failed", query_string=query, headers=OPERATOR)
    assert answer.status_code == 200
    return answer.json


UNKNOWN_ID = "7f3b1c52-0e0a-4f0e-9d3a-6f1a6c1e52a2"
ROUTES = pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/dummies/failed"),
        ("GET", "/dummies/failed/reasons"),
        ("POST", f"/dummies/{UNKNOWN_ID}/retry"),
        ("POST", "/dummies/failed/retry"),
        ("POST", "/dummies/failed/discard"),
        ("DELETE", f"/dummies/{UNKNOWN_ID}?reason=r"),
    ],
)


@ROUTES
@pytest.mark.parametrize(
    "given", [None, "", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"bearer {TOKEN[:-1]}", "é"]
)
def test_no_one_else_may(client: FlaskClient, method: str, path: str, given: str | None) -> None:
    answer = client.open(path, method=method, headers={"Authorization": given} if given is not None else {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@ROUTES
def test_without_the_setting_no_one_may_and_the_response_says_why(app: Any, method: str, path: str) -> None:
    answer = app.test_client().open(path, method=method, headers=OPERATOR)
    assert answer.status_code == 403
    assert "OPERATOR_TOKEN" in answer.json["detail"]


def test_the_list_has_texts_and_reasons(client: FlaskClient, consumer: Consumer) -> None:
    [first, _] = refuse(client, consumer, "one", "둘")
    page = listed(client)
    assert (page["total"], page["next_cursor"], len(page["items"])) == (2, None, 2)
    [letter] = [each for each in page["items"] if each["id"] == first]
    assert (letter["status"], letter["text"], letter["reason"], letter["attempts"]) == ("failed", "one", "too odd", 1)


@pytest.mark.parametrize(
    ("searched", "found"), [("둘", {"둘"}), ("too", {"one", "둘"}), ("One", set()), ("", {"one", "둘"})]
)
def test_texts_and_reasons_are_searched(
    client: FlaskClient, consumer: Consumer, searched: str, found: set[str]
) -> None:
    refuse(client, consumer, "one", "둘")
    assert {each["text"] for each in listed(client, q=searched)["items"]} == found


def test_a_long_text_is_cut_to_a_preview_its_reason_is_not(client: FlaskClient, consumer: Consumer) -> None:
    refuse(client, consumer, "하나 👋🏽", "둘")
    items = listed(client, preview=3)["items"]
    assert {(each["text"], each.get("truncated"), each["reason"]) for each in items} == {
        ("하나 ", True, "too odd"),
        ("둘", None, "too odd"),
    }
    assert len(listed(client, q="👋🏽", preview=0)["items"]) == 1
    answer = client.get("/dummies/failed?preview=10001", headers=OPERATOR)
    assert (answer.status_code, answer.json["type"]) == (400, "urn:ix-dummies:problem:invalid-parameter")  # type: ignore[index]


def test_many_come_in_pages_and_none_is_left_out(client: FlaskClient, consumer: Consumer) -> None:
    ids = [each for n in range(5) for each in refuse(client, consumer, *(f"{n} {i} {'x' * 99}" for i in range(100)))]
    seen, cursor, pages = set(), None, 0
    while True:
        page = listed(client, limit=20, **({"cursor": cursor} if cursor else {}))
        seen |= {each["id"] for each in page["items"]}
        cursor, pages = page["next_cursor"], pages + 1
        if cursor is None:
            break
    assert seen == set(ids)
    assert pages > 1


def test_of_long_texts_a_page_has_few_whole_and_each_at_its_id(client: FlaskClient, redis: FakeRedis) -> None:
    """In JSON each takes six times its size. The first page has more than its room only for their beginnings."""
    ids, seen, cursor = plant(redis, 60, text="\x01" * 60_000), {}, "0"
    while cursor:
        asked = {} if cursor == "0" else {"cursor": cursor}
        answer = client.get("/dummies/failed", query_string={"limit": 200} | asked, headers=OPERATOR)
        assert len(answer.data) < 6 * 61_000 + 1_000 * len(answer.json["items"])  # type: ignore[index]
        seen |= {each["id"]: each for each in answer.json["items"]}  # type: ignore[index]
        cursor = answer.json["next_cursor"]  # type: ignore[index]
    answer = client.get("/dummies/", query_string={"id": ids})
    assert len(answer.data) < 6 * 61_000 + 1_000 * 60
    for found in (seen, {each["id"]: each for each in answer.json["items"]}):  # type: ignore[index]
        assert set(found) == set(ids)
        cut = [each["text"] for each in found.values() if each.get("truncated")]
        assert 0 < len(cut) < len(ids)
        assert set(cut) == {"\x01" * 100}
    assert len(client.get(f"/dummies/{ids[7]}").json["text"]) > 60_000  # type: ignore[index]


def test_a_retried_string_keeps_its_id_and_goes_its_way_again(
    client: FlaskClient, consumer: Consumer, redis: FakeRedis
) -> None:
    [letter] = refuse(client, consumer, "again")
    with capture_logs() as logs:
        answer = client.post(f"/dummies/{letter}/retry", headers=OPERATOR)
    assert (answer.status_code, answer.json["id"], answer.json["status"]) == (202, letter, "queued")  # type: ignore[index]
    begins, line = logs
    assert begins["event"] == "operator action begins"
    assert line.items() >= {"operator": "operator", "action": "retry", "count": 1, "id": letter}.items()
    assert answer.headers["Location"] == f"/dummies/{letter}"
    assert client.get(f"/dummies/{letter}").json["status"] == "queued"  # type: ignore[index]
    [entry] = consumer.claim().entries
    assert [(s.id, s.text) for s in entry.strings.submissions] == [(letter, "again")]
    assert entry.deliveries == 1
    consumer.complete([entry], 1)
    assert redis.xlen(KEYS.journal) == int(redis.get(KEYS.waiting)) == 0
    assert listed(client)["total"] == 0


def test_what_is_retried_twice_is_in_the_journal_once(
    client: FlaskClient, consumer: Consumer, redis: FakeRedis
) -> None:
    [letter] = refuse(client, consumer, "again")
    assert client.post(f"/dummies/{letter}/retry", headers=OPERATOR).status_code == 202
    again = client.post(f"/dummies/{letter}/retry", headers=OPERATOR)
    assert (again.status_code, again.json["type"]) == (409, "urn:ix-dummies:problem:not-failed")  # type: ignore[index]
    assert redis.xlen(KEYS.journal) == 1


def test_a_discarded_string_is_gone_and_the_log_says_why(client: FlaskClient, consumer: Consumer) -> None:
    [letter] = refuse(client, consumer, "no good")
    with capture_logs() as logs:
        answer = client.delete(f"/dummies/{letter}", query_string={"reason": "a test of ours"}, headers=OPERATOR)
    assert (answer.status_code, answer.data) == (204, b"")
    begins, line = logs
    assert begins["event"] == "operator action begins"
    said = {"operator": "operator", "action": "discard", "count": 1, "id": letter, "reason": "a test of ours"}
    assert line.items() >= said.items()
    assert line["event"] == "operator action"
    assert client.get(f"/dummies/{letter}").status_code == 404
    assert listed(client)["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "script"), [("POST", "/retry", "_retry"), ("DELETE", "?reason=a+test", "_discard")]
)
def test_an_action_whose_answer_from_redis_is_lost_leaves_a_line(
    parts: tuple[FlaskClient, Services],
    consumer: Consumer,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    script: str,
) -> None:
    client, services = parts
    [letter] = refuse(client, consumer, "handled")
    act = getattr(services.dead_letters.each[0], script)

    def lose_the_answer(*given: Any) -> None:
        act(*given)
        raise NoAnswer

    monkeypatch.setattr(services.dead_letters.each[0], script, lose_the_answer)
    with capture_logs() as logs:
        assert client.open(f"/dummies/{letter}{path}", method=method, headers=OPERATOR).status_code == 503
    assert listed(client)["total"] == 0
    [line] = [each for each in logs if each["event"].startswith("operator action")]
    assert (line["event"], line["operator"], line["id"]) == ("operator action begins", "operator", letter)


@pytest.mark.parametrize("query", ["", "?reason=", f"?reason={'x' * 501}", "?reason=%00"])
def test_nothing_is_discarded_without_a_reason(client: FlaskClient, consumer: Consumer, query: str) -> None:
    [letter] = refuse(client, consumer, "kept")
    assert client.delete(f"/dummies/{letter}{query}", headers=OPERATOR).status_code == 400
    assert listed(client)["total"] == 1


@pytest.mark.parametrize(("method", "end"), [("POST", "/retry"), ("DELETE", "?reason=r")])
def test_a_dead_letter_that_other_code_wrote_is_left_to_it(
    client: FlaskClient, consumer: Consumer, redis: FakeRedis, method: str, end: str
) -> None:
    [letter] = refuse(client, consumer, "odd")
    redis.hset(KEYS.failed, letter, "no JSON")
    with capture_logs() as logs:
        answer = client.open(f"/dummies/{letter}{end}", method=method, headers=OPERATOR)
    assert (answer.status_code, answer.json["detail"]) == (409, UNREADABLE)  # type: ignore[index]
    assert [line.get("count") for line in logs] == [None, 0]
    assert redis.hget(KEYS.failed, letter) == b"no JSON"


@pytest.mark.parametrize(("method", "end"), [("POST", "/retry"), ("DELETE", "?reason=r")])
def test_only_dead_letters_are_decided(client: FlaskClient, method: str, end: str) -> None:
    waiting = client.post("/dummies/", json={"text": "on its way"}).json["id"]  # type: ignore[index]
    assert client.open(f"/dummies/{waiting}{end}", method=method, headers=OPERATOR).status_code == 409
    assert client.open(f"/dummies/{uuid4()}{end}", method=method, headers=OPERATOR).status_code == 404
