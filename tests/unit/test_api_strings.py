"""The status of strings, and the history; rows come from a fake PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from dead_letters import plant
from fakeredis import FakeRedis, FakeServer
from flask.testing import FlaskClient
from msgspec.structs import replace

from api import strings
from api.http.contract import MAX_IDS_PER_QUERY
from api.http.problems import TYPE_PREFIX
from api.http.room import BEGINNING, RESPONSE_BYTES
from api.services import Services
from core.consumer import Consumer
from core.errors import DatabaseUnavailable, ReadRefused, ReadsBusy, ReadTooSlow
from core.journal import DEAD_LETTERS_READ, Record
from core.keys import KEYS
from core.submission import UNREADABLE, StoredString

NOTHING = {"queued": 0, "stored": 0, "failed": [], "not_found": [], "unavailable": 0}
NOW = int(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()) * 1_000_000


class Table:
    """A fake PostgreSQL."""

    def __init__(self) -> None:
        self.rows: list[StoredString] = []
        self.unavailable = False

    def add(self, count: int) -> list[str]:
        """Store strings; return their ids."""
        first = len(self.rows) + 1
        made = [
            StoredString(str(uuid4()), f"row {n}", NOW, stored_at=NOW + 1_000_000, seq=n)
            for n in range(first, first + count)
        ]
        self.rows += made
        return [row.id for row in made]

    def states(self, ids: Sequence[str], preview: int | None = None) -> dict[str, StoredString]:
        self._answer()
        return {row.id: cut(row, preview) for row in self.rows if row.id in ids}

    def stored(self, ids: Sequence[str]) -> set[str]:
        self._answer()
        return {row.id for row in self.rows if row.id in ids}

    def history(self, limit: int, before: int | None, preview: int | None = None) -> list[StoredString]:
        self._answer()
        return [cut(row, preview) for row in reversed(self.rows) if before is None or row.seq < before][:limit]

    def _answer(self) -> None:
        if self.unavailable:
            raise DatabaseUnavailable


def cut(row: StoredString, preview: int | None) -> StoredString:
    """Return a row as PostgreSQL returns it for a preview."""
    return row if preview is None else replace(row, text=row.text[: preview + 1])


@pytest.fixture
def table(services: Services, monkeypatch: pytest.MonkeyPatch) -> Table:
    """An empty one."""
    made = Table()
    for name in ("states", "stored", "history"):
        monkeypatch.setattr(services.reader, name, getattr(made, name))
    return made


def summary(client: FlaskClient, *ids: str) -> dict[str, Any]:
    """Return what became of these strings."""
    answer = client.post("/dummies/status", json={"ids": ids})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    return dict(answer.json)


def submit(client: FlaskClient, text: str = "a") -> str:
    """Submit a string; return its id."""
    return str(client.post("/dummies/", json={"text": text}).json["id"])


def test_a_queued_string_has_its_text_and_its_attempts(client: FlaskClient, consumer: Consumer) -> None:
    submission_id = submit(client, "안녕")
    state = client.get(f"/dummies/{submission_id}").json
    assert (state["status"], state["text"], state["attempts"], state["stored_at"]) == ("queued", "안녕", 0, None)
    consumer.claim()
    assert client.get(f"/dummies/{submission_id}").json["attempts"] == 1


def test_a_stored_string_is_read_from_its_row(client: FlaskClient, table: Table) -> None:
    [submission_id] = table.add(1)
    state = client.get(f"/dummies/{submission_id}").json
    assert (state["status"], state["text"]) == ("stored", "row 1")
    assert (state["received_at"], state["stored_at"]) == ("2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z")


def test_a_failed_string_has_its_reason(client: FlaskClient, consumer: Consumer) -> None:
    submission_id = submit(client, "bad")
    [entry] = consumer.claim().entries
    consumer.dead_letter(entry, "because")
    for state in (
        client.get(f"/dummies/{submission_id}").json,
        client.get(f"/dummies/?id={submission_id}").json["items"][0],
    ):
        assert (state["status"], state["text"], state["reason"], state["attempts"]) == ("failed", "bad", "because", 1)


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("json", "reason"), [("no JSON", UNREADABLE), ("{}", UNREADABLE), ('{"reason": "odd"}', "odd")]
)
def test_a_dead_letter_that_other_code_wrote_is_failed_all_the_same(
    client: FlaskClient, consumer: Consumer, redis: FakeRedis, json: str, reason: str
) -> None:
    readable, unreadable = submit(client, "bad"), submit(client, "worse")
    for entry in consumer.claim().entries:
        consumer.dead_letter(entry, "because")
    redis.hset(KEYS.failed, unreadable, json)
    states = [client.get(f"/dummies/{unreadable}").json]
    states += client.get("/dummies/", query_string={"id": [readable, unreadable]}).json["items"]
    assert {(state["id"], state["status"], state["text"], state["reason"]) for state in states} == {
        (readable, "failed", "bad", "because"),
        (unreadable, "failed", None, reason),
    }
    assert len({state["received_at"] for state in states if state["id"] == unreadable}) == 1
    failed = [{"id": readable, "reason": "because"}, {"id": unreadable, "reason": reason}]
    assert summary(client, readable, unreadable) == NOTHING | {"failed": failed}


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("path", ["/dummies/{}", "/dummies/?id={}"])
@pytest.mark.parametrize("before", ["queued", "failed"])
def test_a_string_that_changes_between_two_questions_is_never_unknown(
    client: FlaskClient,
    services: Services,
    consumer: Consumer,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    before: str,
) -> None:
    """Its record is read first, then the entry or dead letter to which it points."""
    submission_id = submit(client, "odd")
    if before == "failed":
        consumer.dead_letter(consumer.claim().entries[0], "because")
    changes = [
        lambda: (
            services.dead_letters.retry(submission_id)
            if before == "failed"
            else consumer.dead_letter(consumer.claim().entries[0], "because")
        )
    ]
    records = services.journals.each[0].records

    def change_afterwards(ids: Sequence[str]) -> list[Record | None]:
        found = records(ids)
        if changes:
            changes.pop()()
        return found

    monkeypatch.setattr(services.journals.each[0], "records", change_afterwards)
    answer = client.get(path.format(submission_id))
    assert answer.status_code == 200
    [state] = answer.json.get("items", [answer.json])
    after = {"queued": "failed", "failed": "queued"}[before]
    assert state["status"] == after or ("?id" in path and state["status"] == "queued")


@pytest.mark.usefixtures("table")
def test_a_string_that_changes_during_every_look_is_never_lost(
    client: FlaskClient, services: Services, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission_id = submit(client, "odd")
    consumer.dead_letter(consumer.claim().entries[0], "because")
    for name in ("dead_letters", "reasons"):
        monkeypatch.setattr(services.journals.each[0], name, lambda ids: [None] * len(ids))
    [state] = client.get(f"/dummies/?id={submission_id}").json["items"]
    assert (state["id"], state["status"]) == (submission_id, "queued")
    assert summary(client, submission_id)["queued"] == 1


@pytest.mark.parametrize("before", ["queued", "failed"])
def test_a_string_that_changes_during_a_summary_is_counted_once(
    client: FlaskClient,
    services: Services,
    consumer: Consumer,
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
) -> None:
    """It fails, or is retried and stored, as soon as its record was read."""
    submission_id = submit(client, "odd")
    if before == "failed":
        consumer.dead_letter(consumer.claim().entries[0], "because")
    records = services.journals.each[0].records

    def change_afterwards(ids: Sequence[str]) -> list[Record | None]:
        found = records(ids)
        monkeypatch.setattr(services.journals.each[0], "records", records)
        if before == "failed":
            services.dead_letters.retry(submission_id)
            entries = consumer.claim().entries
            table.rows.append(StoredString(submission_id, "odd", NOW, stored_at=NOW, seq=1))
            consumer.complete(entries, 1)
        else:
            consumer.dead_letter(consumer.claim().entries[0], "because")
        return found

    monkeypatch.setattr(services.journals.each[0], "records", change_afterwards)
    counted = summary(client, submission_id)
    assert counted == NOTHING | {"queued" if before == "queued" else "stored": 1}


def test_an_id_that_was_never_given_out_is_404(client: FlaskClient, table: Table) -> None:
    table.add(1)
    answer = client.get(f"/dummies/{uuid4()}")
    assert answer.status_code == 404
    assert answer.json["type"].endswith(":unknown-string")


def test_while_the_database_is_unavailable_an_id_without_a_record_is_503_not_404(
    client: FlaskClient, table: Table
) -> None:
    queued = submit(client)
    table.unavailable = True
    unknown = str(uuid4())
    answer = client.get(f"/dummies/{unknown}")
    assert answer.status_code == 503
    assert answer.json["type"].endswith(":database-away")
    assert "Retry-After" in answer.headers
    assert client.get(f"/dummies/{queued}").json["status"] == "queued"
    many = client.get(f"/dummies/?id={queued}&id={unknown}").json
    assert ([item["id"] for item in many["items"]], many["unavailable"], many["not_found"]) == ([queued], [unknown], [])


def test_each_of_many_ids_is_counted_once_however_often_it_is_given(
    client: FlaskClient, consumer: Consumer, table: Table, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = submit(client, "bad")
    consumer.dead_letter(consumer.claim().entries[0], "because")
    queued, rows, unknown = [submit(client), submit(client)], table.add(3), [str(uuid4()), str(uuid4())]
    ids = [failed, *queued, *rows, *unknown]
    monkeypatch.setattr(services.reader, "states", None)  # which reads the texts
    expected = {"queued": 2, "stored": 3, "failed": [{"id": failed, "reason": "because"}], "unavailable": 0}
    assert summary(client, *ids, *ids, *(each.upper() for each in ids)) == expected | {"not_found": unknown}
    table.unavailable = True
    assert summary(client, *ids) == expected | {"stored": 0, "not_found": [], "unavailable": 5}
    assert summary(client, *queued) == NOTHING | {"queued": 2}


def test_the_reasons_of_many_failed_strings_are_given(client: FlaskClient, redis: FakeRedis) -> None:
    count = DEAD_LETTERS_READ + 1
    reasons = {each: reason for reason in ("", "값이 너무 깁니다") for each in plant(redis, count, reason)}
    counted = summary(client, *reasons)
    assert {each["id"]: each["reason"] for each in counted.pop("failed")} == reasons
    assert counted == {name: value for name, value in NOTHING.items() if name != "failed"}


def test_the_largest_summary_is_answered(client: FlaskClient, table: Table) -> None:
    ids = [str(UUID(int=number)) for number in range(1_000)] + table.add(1_000)
    answer = client.post("/dummies/status", data=json.dumps({"ids": ids}, indent=8), content_type="application/json")
    assert (answer.json["stored"], len(answer.json["not_found"])) == (1_000, 1_000)


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        ({"ids": []}, 422, "invalid-body"),
        ({"ids": [str(uuid4())] * 2_001}, 422, "invalid-body"),
        ({"ids": ["1"]}, 422, "invalid-body"),
        ({"ids": [None]}, 422, "invalid-body"),
        ({"ids": str(uuid4())}, 422, "invalid-body"),
        ({}, 422, "invalid-body"),
        ({"ids": [str(uuid4())], "preview": 1}, 422, "invalid-body"),
        ([str(uuid4())], 422, "invalid-body"),
        ({"ids": ["x" * 300_000]}, 413, "too-large"),
    ],
)
def test_other_requests_for_a_summary_are_refused(client: FlaskClient, body: Any, status: int, problem: str) -> None:
    answer = client.post("/dummies/status", json=body)
    assert (answer.status_code, answer.json["type"]) == (status, f"{TYPE_PREFIX}{problem}")
    assert answer.json["detail"]


def test_a_summary_needs_redis(client: FlaskClient, redis_server: FakeServer) -> None:
    redis_server.connected = False
    answer = client.post("/dummies/status", json={"ids": [str(uuid4())]})
    assert (answer.status_code, answer.json["type"]) == (503, f"{TYPE_PREFIX}journal-away")


@pytest.mark.parametrize("path", ["/dummies", "/dummies/"])
def test_each_of_many_ids_is_in_one_list(client: FlaskClient, table: Table, path: str) -> None:
    queued, stored, unknown = submit(client), table.add(1)[0], str(uuid4())
    answer = client.get(f"{path}?id={queued}&id={stored}&id={unknown}")
    assert answer.status_code == 200
    states = {item["id"]: (item["status"], item["text"]) for item in answer.json["items"]}
    assert states == {queued: ("queued", None), stored: ("stored", "row 1")}
    assert answer.json["not_found"] == [unknown]
    assert answer.json["unavailable"] == []


def test_an_id_is_a_uuid_in_any_spelling(client: FlaskClient, table: Table) -> None:
    [stored] = table.add(1)
    assert client.get(f"/dummies/?id={stored.upper()}").json["items"][0]["id"] == stored
    assert client.get(f"/dummies/?id={UUID(stored).hex}").json["items"][0]["id"] == stored


@pytest.mark.parametrize(
    "query",
    [
        "id=1",
        "id=" + "&id=".join(str(uuid4()) for _ in range(101)),
        "preview=10001",
        "preview=-1",
        "preview=",
        "preview=1.5",
        "limit=0",
        "limit=201",
        "limit=a",
        "limit=-1",
        "cursor=0",
        "cursor=9223372036854775808",
        "cursor=٣",
        "limit=00000000000000000001000000",
        "cursor=00000000000000000001" + "9" * 5000,
    ],
)
def test_a_parameter_that_makes_no_sense_is_400(client: FlaskClient, table: Table, query: str) -> None:  # noqa: ARG001
    answer = client.get(f"/dummies/?{query}")
    assert answer.status_code == 400
    assert answer.json["type"].endswith(":invalid-parameter")


@pytest.mark.parametrize("query", ["limit=\xff", "q=%ff", "q=a%C3"])
def test_a_query_that_is_not_utf_8_is_400(client: FlaskClient, query: str) -> None:
    answer = client.get("/dummies/", environ_overrides={"QUERY_STRING": query})
    assert answer.status_code == 400
    assert answer.json["type"].endswith(":invalid-parameter")


def test_the_history_comes_in_pages_newest_first(client: FlaskClient, table: Table) -> None:
    table.add(5)
    seen, cursor = [], ""
    for _ in range(4):
        page = client.get(f"/dummies/?limit=2{cursor}").json
        seen += [item["text"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        table.add(1)  # what comes meanwhile moves nothing
    assert seen == ["row 5", "row 4", "row 3", "row 2", "row 1"]


@pytest.mark.parametrize(("preview", "text"), [(0, ""), (1, "r"), (4, "row "), (5, "row 1"), (10_000, "row 1")])
def test_a_text_longer_than_the_preview_is_cut_and_said_to_be(
    client: FlaskClient, table: Table, preview: int, text: str
) -> None:
    [stored] = table.add(1)
    for query in (f"id={stored}", "limit=1"):
        [item] = client.get(f"/dummies/?{query}&preview={preview}").json["items"]
        assert (item["text"], item.get("truncated")) == (text, True if preview < 5 else None)
        [whole] = client.get(f"/dummies/?{query}").json["items"]
        assert whole["text"] == "row 1"
        assert "truncated" not in whole


def fail_reads(services: Services, monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """Have every read of the table raise an error."""

    def fail(*_: object, **__: object) -> None:
        raise error

    for name in ("states", "stored", "history", "export"):
        monkeypatch.setattr(services.reader, name, fail)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ReadsBusy, ("busy", "1")),
        (ReadTooSlow, ("database-slow", "1")),
        (ReadRefused, ("database-error", "5")),
        (DatabaseUnavailable, ("database-away", "5")),
    ],
)
@pytest.mark.parametrize("path", ["/dummies/", "/dummies/{}", "/dummies/export"])
def test_a_reader_is_told_why_nothing_is_read_and_when_to_ask_again(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch, path: str, *, error: type, told: tuple
) -> None:
    fail_reads(services, monkeypatch, error)
    with client.get(path.format(uuid4())) as answer:
        assert answer.status_code == 503
        assert (answer.json["type"].removeprefix(TYPE_PREFIX), answer.headers["Retry-After"]) == told


def test_strings_that_only_the_table_may_have_are_unavailable_where_it_may_not_be_read(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_reads(services, monkeypatch, ReadRefused)
    queued, other = submit(client), str(uuid4())
    answer = client.get(f"/dummies/?id={queued}&id={other}").json
    assert ([item["id"] for item in answer["items"]], answer["unavailable"]) == ([queued], [other])
    answer = client.post("/dummies/status", json={"ids": [queued, other]}).json
    assert answer == {**NOTHING, "queued": 1, "unavailable": 1}


def test_few_requests_read_texts_from_redis_at_a_time(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry may take 6 MiB. Whoever only asks for the status reads none."""
    queued = submit(client)
    monkeypatch.setattr(strings._places, "patience", 0)
    with ExitStack() as others:
        for _ in range(strings.MOST_READ):
            others.enter_context(strings.texts_of_redis())
        assert client.get(f"/dummies/{queued}").json["type"] == f"{TYPE_PREFIX}busy"
        assert client.get(f"/dummies/?id={queued}").json["items"][0]["status"] == "queued"
    assert client.get(f"/dummies/{queued}").json["text"] == "a"


def test_the_beginnings_of_many_strings_fit_into_an_answer() -> None:
    """Or an id would count as not found."""
    assert MAX_IDS_PER_QUERY * 4 * (BEGINNING + 1) <= RESPONSE_BYTES


def test_the_history_needs_the_database(client: FlaskClient, table: Table) -> None:
    table.unavailable = True
    assert client.get("/dummies/").status_code == 503


def test_without_a_database_setting_it_is_reported_as_away(client: FlaskClient) -> None:
    assert client.get("/dummies/").status_code == 503
