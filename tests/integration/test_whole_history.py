"""Search, export and dead letters on the real table: every string as it was sent, and each of them."""

from __future__ import annotations

import csv
import http.client
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import httpx
import psycopg2
import pytest
from support import Client, count_rows, eventually, query

from api.process.reader import Reader
from core.submission import decode_rows
from local.system import System

pytestmark = pytest.mark.timeout(120)
TOKEN = "a-token-of-the-operators"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}
ODD = [
    'quote " and comma,',
    "two\nlines",
    "carriage\r\nreturn",
    "tab\t and \x01 and \x7f",
    "역슬래시 \\ 한글 100%",
    "=SUM(A1)",
    "\u2028 \ufeff 👋🏽",
    " ",
    "under_score",
    "x" * 60_000,
]
MANY = 5_000


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system with operators, and strings in its table."""
    with System(tmp_path_factory.mktemp("system")) as started:
        started.start_api({"OPERATOR_TOKEN": TOKEN})
        started.start_worker()
        with Client(base_url=started.api_url, timeout=10) as client:
            client.submit_all(ODD)
            client.submit_all(f"string {number}" for number in range(MANY))
        eventually(lambda: count_rows(started) == len(ODD) + MANY, within=20)
        yield started


def newest_first(system: System) -> list[str]:
    """Return the texts of all rows."""
    return [text for (text,) in query(system, "SELECT text FROM dummies ORDER BY seq DESC")]


def pages(client: Client, **asked: Any) -> Iterator[list[dict[str, Any]]]:
    """Yield the strings of page after page."""
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/dummies/", params=asked | cursor).raise_for_status().json()
        yield page["items"]
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize("wanted", ["string 49", "한글", "%", "_", "\\", '"', "STRING", "👋🏽", "not there", "string"])
def test_a_search_finds_each_string_that_contains_it_and_no_other(system: System, client: Client, wanted: str) -> None:
    found = [state["text"] for page in pages(client, q=wanted, limit=100) for state in page]
    assert found == [text for text in newest_first(system) if wanted in text]


def test_a_search_says_how_far_it_has_looked(client: Client) -> None:
    page = client.get("/dummies/", params={"q": "string", "limit": 5}).raise_for_status().json()
    assert page["looked_back_to"] == page["items"][-1]["stored_at"]
    assert client.get("/dummies/", params={"q": "not there"}).json()["looked_back_to"] is None


@pytest.mark.parametrize("preview", [0, 1, 4, 10_000])
@pytest.mark.parametrize("asked", [{}, {"q": "\n"}, {"q": "x"}])
def test_a_preview_is_the_beginning_of_each_text(
    system: System, client: Client, asked: dict[str, str], preview: int
) -> None:
    texts = [text for text in newest_first(system) if asked.get("q", "") in text]
    found = [state for page in pages(client, **asked, limit=200, preview=preview) for state in page]
    assert [state["text"] for state in found] == [text[:preview] for text in texts]
    assert [state.get("truncated", False) for state in found] == [len(text) > preview for text in texts]
    some = client.get("/dummies/", params={"id": [state["id"] for state in found[-100:]], "preview": preview}).json()
    assert sorted(some["items"], key=str) == sorted(found[-100:], key=str)


def test_of_a_long_text_the_database_sends_only_the_preview(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, read = Reader(system.postgres.reader_url), []
    monkeypatch.setattr("api.process.reader.decode_rows", lambda rows: read.extend(rows) or decode_rows(rows))
    ids = [row.id for row in reader.history(200, MANY)]
    for found in (reader.states(ids, 4), reader.history(2 * MANY, None, 4), reader.places([1, 2, 3], 4)):
        assert found
    assert max(len(row["text"]) for row in read[len(ids) :]) == 5


def test_without_a_preview_the_texts_are_read_as_they_are(system: System) -> None:
    """PostgreSQL removes the CASE when it plans."""
    plans = []

    class Explained(Reader):
        def _fetch(self, sql: str, parameters: Mapping[str, object], **_: Any) -> list[dict[str, Any]]:
            plans.append(str(super()._fetch(f"EXPLAIN (VERBOSE) {sql}", parameters)))
            return []

    reader = Explained(system.postgres.reader_url)
    for preview in (None, 4):
        reader.states([str(uuid4())], preview)
        reader.history(9, None, preview)
        reader.places([1, 2, 3], preview)
    assert ['"left"(' in plan for plan in plans] == 3 * [False] + 3 * [True]


def test_ndjson_has_every_string_as_it_was_sent(system: System, client: Client) -> None:
    answer = client.get("/dummies/export")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    rows = [json.loads(line) for line in answer.content.decode().split("\n")[:-1]]
    assert [row["text"] for row in rows] == newest_first(system)
    assert rows[7] == {name: client.state(rows[7]["id"])[name] for name in ("id", "text", "received_at", "stored_at")}


def test_csv_has_every_string_as_it_was_sent(system: System, client: Client) -> None:
    answer = client.get("/dummies/export", params={"format": "csv"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="dummies.csv"'
    assert answer.content.startswith("\ufeffid,".encode())
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert rows[0] == ["id", "text", "received_at", "stored_at"]
    assert [row[1] for row in rows[1:]] == newest_first(system)


def test_what_is_searched_for_can_be_exported(system: System, client: Client) -> None:
    lines = client.get("/dummies/export", params={"q": "ring 49"}).text.splitlines()
    assert [json.loads(line)["text"] for line in lines] == [text for text in newest_first(system) if "ring 49" in text]
    assert client.get("/dummies/export", params={"q": "not there"}).content == b""


def test_abandoned_exports_hold_no_slot(system: System, client: Client) -> None:
    for method in ("GET", "HEAD") * 4:
        connection = http.client.HTTPConnection("127.0.0.1", system.api_port, timeout=10)
        connection.request(method, "/dummies/export")
        connection.close()
    eventually(lambda: client.head("/dummies/export").status_code == 200, within=30)  # once it has noticed
    for _ in range(8):
        assert client.head("/dummies/export").status_code == 200
    assert client.get("/dummies/export").status_code == 200


def test_a_refused_string_is_tried_again_under_its_id(system: System, client: Client) -> None:
    query(system, "ALTER TABLE dummies ADD CONSTRAINT planted CHECK (text NOT LIKE 'poison%%')")
    ids = client.submit_all(f"poison {number}" for number in range(3))
    eventually(lambda: client.state(ids[0])["status"] == "failed" and client.pipeline()["failed"] == 3, within=20)
    page = client.get("/dummies/failed", params={"q": "planted"}, headers=OPERATOR).raise_for_status().json()
    assert ({each["id"] for each in page["items"]}, page["total"]) == (set(ids), 3)
    query(system, "ALTER TABLE dummies DROP CONSTRAINT planted")
    for each in ids[:2]:
        assert client.post(f"/dummies/{each}/retry", headers=OPERATOR).status_code == 202
    assert client.delete(f"/dummies/{ids[2]}", params={"reason": "a test"}, headers=OPERATOR).status_code == 204
    eventually(lambda: [state["status"] for state in client.states(ids[:2])] == ["stored"] * 2, within=30)
    assert client.get(f"/dummies/{ids[2]}").status_code == 404
    rows = query(system, "SELECT id::text, text FROM dummies WHERE text LIKE 'poison%%'")
    assert sorted(rows) == sorted(zip(ids[:2], ["poison 0", "poison 1"], strict=True))
    assert client.pipeline()["waiting"] == 0


def test_an_export_goes_on_where_it_was_when_the_database_is_back(system: System) -> None:
    query(system, "ALTER TABLE dummies ALTER text SET STORAGE EXTERNAL")
    query(
        system,
        "INSERT INTO dummies (id, text, received_at) SELECT gen_random_uuid(), repeat('x', 50000), now()"
        " FROM generate_series(1, 1000)",
    )
    with httpx.stream("GET", f"{system.api_url}/dummies/export", timeout=30) as answer:
        pieces = answer.iter_bytes()
        received = [next(pieces)]
        system.postgres.kill()
        with pytest.raises(psycopg2.OperationalError):
            query(system, "SELECT 1")
        system.postgres.start()
        received += pieces
    rows = [json.loads(line) for line in b"".join(received).split(b"\n")[:-1]]
    assert [row["text"] for row in rows] == newest_first(system)
