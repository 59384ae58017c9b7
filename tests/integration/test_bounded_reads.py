"""Answers are bounded in bytes: what is read piece by piece is everything, once each, compared with a plain list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import psycopg2
import pytest
from fakeredis import FakeRedis
from flask.testing import FlaskClient
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from api import history
from api.app import create_app
from api.http import room
from api.process import reader
from api.settings import ApiSettings
from api.views import strings
from core.errors import ReadRefused, ReadsBusy, ReadTooSlow
from local.system import System

SMALL = 600
"""Bytes of an answer, of a piece of an export, and of what a search looks at in a statement: few strings are many."""
BEGINNING = 5
WORDS = st.text('ab\x01"é😀\n', min_size=1, max_size=12)
TEXTS = st.lists(st.builds(str.__mul__, WORDS, st.sampled_from([1, 1, 3, 40])), max_size=24)
PREVIEWS = st.sampled_from([None, 0, 1, 30, 150])
LIMITS = st.integers(1, 30)
CHECKED = settings(deadline=None, max_examples=30, derandomize=True, phases=[Phase.generate])


class Stored:
    """Strings in a table, and the API over it."""

    def __init__(self, url: str, reader_url: str, client: FlaskClient) -> None:
        self.url, self.reader_url = url, reader_url
        self._connection = psycopg2.connect(url)
        self._connection.autocommit = True
        self._client = client
        self.texts: list[str] = []
        """Newest first."""
        self.ids: list[str] = []

    def replace(self, texts: list[str]) -> None:
        """Store these and nothing else."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "TRUNCATE dummies; INSERT INTO dummies (id, text, received_at)"
                " SELECT gen_random_uuid(), text, now() FROM unnest(%s::text[]) WITH ORDINALITY AS t(text, n)"
                " ORDER BY n",
                [texts],
            )
            cursor.execute("SELECT id::text, text FROM dummies ORDER BY seq DESC")
            rows = cursor.fetchall()
        self.ids, self.texts = [id_ for id_, _ in rows], [text for _, text in rows]
        assert self.texts == texts[::-1]

    def get(self, path: str, **asked: Any) -> Any:
        """Return the body of an answer, which has one string or takes little."""
        answer = self._client.get(
            path, query_string={name: value for name, value in asked.items() if value is not None}
        )
        assert answer.status_code == 200
        assert len(answer.json["items"]) <= 1 or len(answer.data) < SMALL + 200 + 500 * len(asked.get("id", []))
        return answer.json

    def pages(self, **asked: Any) -> Iterator[dict[str, Any]]:
        """Yield page after page."""
        page: dict[str, Any] = {"next_cursor": None}
        while True:
            page = self.get("/dummies/", cursor=page["next_cursor"], **asked)
            yield page
            if page["next_cursor"] is None:
                return

    def lines(self, asked: str | None) -> list[str]:
        """Return the texts of an export."""
        with self._client.get("/dummies/export", query_string={"q": asked} if asked else {}) as answer:
            assert answer.status_code == 200
            return [json.loads(line)["text"] for line in answer.text.split("\n")[:-1]]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    """An empty table, and an API whose bounds are small; a search answers after each statement."""
    with pytest.MonkeyPatch.context() as patch, System(tmp_path_factory.mktemp("system")) as system:
        patch.setattr("api.process.monitor._repeat", lambda *_: None)
        for module, name, value in (
            (room, "RESPONSE_BYTES", SMALL),
            (room, "BEGINNING", BEGINNING),
            (strings, "BEGINNING", BEGINNING),
            (reader, "RESPONSE_BYTES", SMALL),
            (reader, "EXPORT_BYTES", SMALL),
            (reader, "SEARCH_BYTES", 3 * SMALL),
            (reader, "SEARCH_COST", 4 * SMALL),
            (history, "SEARCH_STEP", 5),
            (history, "SEARCH_BUDGET", 0),
        ):
            patch.setattr(module, name, value)
        given_ = ApiSettings(redis_url=system.redis.url, database_read_url=system.postgres.reader_url)
        client = create_app(given_, FakeRedis(protocol=2)).test_client()
        yield Stored(system.postgres.superuser_url, system.postgres.reader_url, client)


@CHECKED
@given(TEXTS, PREVIEWS, LIMITS)
def test_the_history_is_every_string_once(stored: Stored, texts: list[str], preview: int | None, limit: int) -> None:
    stored.replace(texts)
    pages = [page["items"] for page in stored.pages(limit=limit, preview=preview)]
    assert all(0 < len(items) <= limit for items in pages[:-1])
    found = [item for items in pages for item in items]
    assert [item["text"] for item in found] == [text[:preview] for text in stored.texts]
    assert [item.get("truncated", False) for item in found] == [text != text[:preview] for text in stored.texts]


@CHECKED
@given(TEXTS, PREVIEWS, LIMITS, st.text('ab\x01"é😀\n', min_size=1, max_size=3))
def test_a_search_is_every_string_that_contains_it_once(
    stored: Stored, texts: list[str], preview: int | None, limit: int, wanted: str
) -> None:
    stored.replace(texts)
    pages = list(stored.pages(q=wanted, limit=limit, preview=preview))
    expected = [text for text in stored.texts if wanted in text]
    assert [item["text"] for page in pages for item in page["items"]] == [text[:preview] for text in expected]
    assert all(len(page["items"]) <= limit and page["looked_back_to"] for page in pages[:-1])
    assert stored.lines(wanted) == expected
    assert stored.lines(None) == stored.texts


@CHECKED
@given(TEXTS, PREVIEWS)
def test_of_many_ids_each_has_its_state_and_the_first_texts(
    stored: Stored, texts: list[str], preview: int | None
) -> None:
    stored.replace(texts)
    whole = dict(zip(stored.ids, stored.texts, strict=True))
    for ids in (stored.ids, *([each] for each in stored.ids[:3])):
        if not ids:
            continue
        items = stored.get("/dummies/", id=ids, preview=preview)["items"]
        assert sorted(item["id"] for item in items) == sorted(ids)
        for item in items:
            text = whole[item["id"]]
            assert item.get("truncated", False) == (item["text"] != text)
            assert item["text"] in (text[:preview], text[:BEGINNING])
            assert len(ids) > 1 or item["text"] == text[:preview]


class Asked(reader.Reader):
    """A reader that can be asked anything."""

    def ask(self, sql: str, kind: str = "reads") -> Any:
        """Return the first value."""
        return self._fetch(f"SELECT {sql} AS value", {}, kind=kind)[0]["value"]


@pytest.fixture
def asked(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """One that waits no longer than 0.2 s."""
    stored.replace(["a"])
    monkeypatch.setattr(reader, "STATEMENT_TIMEOUT", 0.2)
    monkeypatch.setattr("api.process.read_pool.WAIT_FOR_CONNECTION", 0.2)
    return Asked(stored.reader_url)


@pytest.mark.parametrize("kind", reader.CONNECTIONS)
def test_a_statement_that_is_too_slow_says_nothing_about_the_database(asked: Asked, kind: str) -> None:
    server = asked.ask("pg_backend_pid()", kind)
    with pytest.raises(ReadTooSlow):
        asked.ask("pg_sleep(1)", kind)
    assert asked.ask("pg_backend_pid()", kind) == server
    assert asked.history(1, None)


def test_a_missing_right_is_no_outage_and_others_are_served_meanwhile(asked: Asked) -> None:
    """Over the same connection, which the error leaves as it was; the monitor still finds the database up."""
    server = asked.ask("pg_backend_pid()")
    for trouble in ("passwd FROM pg_shadow", "1 FROM nothing", "1 +"):
        with pytest.raises(ReadRefused):
            asked.ask(trouble)
        assert asked.ask("pg_backend_pid()") == server
        asked.ping()
    assert asked.history(1, None)


def test_readers_without_a_connection_are_told_so_and_others_are_served(asked: Asked) -> None:
    """Searches take none from the rest, and neither does the monitor."""
    for kind, others in (("reads", "searches"), ("searches", "reads")):
        with ExitStack() as taken:
            for _ in range(reader.CONNECTIONS[kind]):
                taken.enter_context(asked._pools[kind].session())
            with pytest.raises(ReadsBusy):
                asked.ask("1", kind)
            assert asked.ask("1", others) == 1
            asked.ping()
    assert asked.ask("1") == 1


def test_a_locked_table_is_unavailable(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LOCK_TIMEOUT", 0.1)
    with closing(psycopg2.connect(stored.url)) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE dummies IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(reader.DatabaseUnavailable):
            Asked(stored.reader_url).history(1, None)
