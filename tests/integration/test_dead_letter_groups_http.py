"""Groups of dead letters through nginx and granian, with a worker that stores what is retried."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from dead_letters import plant
from support import Client, count_rows, eventually, query, redis_of, waiting
from test_nginx import serving

from core.dead_letter_groups import PIECE
from core.journal import Journal
from core.keys import KEYS
from local.system import System

TOKEN = "a-token-of-the-operators"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}
LIMIT = 1_000
MANY = 3_000


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system with operators and little room in its journal; no worker yet."""
    with System(tmp_path_factory.mktemp("system")) as started:
        started.start_api({"OPERATOR_TOKEN": TOKEN, "JOURNAL_LIMIT": str(LIMIT)})
        yield started


def decide(url: str, what: str, **body: object) -> Iterator[dict[str, object]]:
    """Yield the lines of a run as they come."""
    with httpx.stream("POST", f"{url}/dummies/failed/{what}", json=body, headers=OPERATOR, timeout=10) as answer:
        assert answer.raise_for_status().headers["Content-Type"] == "application/x-ndjson"
        for line in answer.iter_lines():
            yield json.loads(line)


def begin(url: str) -> Iterator[dict[str, object]]:
    """Return the lines of a run after the first, as soon as one may begin."""
    while True:
        lines = decide(url, "retry", reasons="all")
        with suppress(httpx.HTTPStatusError):  # too many are under way
            assert next(lines)["complete"] is None
            return lines


def test_a_run_shows_its_progress_and_ends_with_its_reader_and_the_next_one_does_the_rest(system: System) -> None:
    with redis_of(system) as redis:
        plant(redis, MANY)
    with serving(system, "nginx") as web:
        url = f"http://127.0.0.1:{web.connection.port}"
        began, lines = time.monotonic(), decide(url, "retry", reasons="all")
        for _ in range(3):
            assert next(lines)["complete"] is None
        assert time.monotonic() - began < 8  # the journal has no room, for which the run waits ten seconds
        lines.close()
        for _ in range(5):  # more than may run concurrently
            begin(url).close()
        assert LIMIT / 2 <= waiting(system) < LIMIT / 2 + 6 * PIECE
        system.start_worker()
        for _ in range(20):
            *_, last = begin(url)
            if last["complete"]:
                break
        assert last["left"] == 0
    eventually(lambda: count_rows(system) == MANY, within=20)
    assert query(system, "SELECT count(DISTINCT text) FROM dummies") == [(MANY,)]
    with redis_of(system) as redis:
        assert redis.mget(KEYS.retried, KEYS.waiting) == [str(MANY).encode(), b"0"]


def test_what_postgresql_refused_is_retried_by_the_reason_that_it_gave(system: System) -> None:
    system.start_worker()
    query(system, "ALTER TABLE dummies ADD CONSTRAINT planted CHECK (text NOT LIKE 'poison%%')")
    with Client(base_url=system.api_url, timeout=10, headers=OPERATOR) as client, redis_of(system) as redis:

        def failed() -> dict[str, int]:
            answer = client.get("/dummies/failed/reasons").raise_for_status().json()
            return {group["reason"]: group["count"] for group in answer["items"]}

        client.submit_all(f"poison {number}" for number in range(30))
        eventually(lambda: sum(failed().values()) == 30, within=20)
        assert all("planted" in reason for reason in failed())
        *_, last = decide(system.api_url, "retry", reasons=[*failed()])
        assert last["done"] == 30
        eventually(lambda: sum(failed().values()) == 30, within=20)
        query(system, "ALTER TABLE dummies DROP CONSTRAINT planted")
        refused = [*failed()]
        plant(redis, 5, "another reason")
        assert [*decide(system.api_url, "discard", reasons=["another reason"], why="a test")][-1]["done"] == 5
        assert [*decide(system.api_url, "retry", reasons=refused)][-1]["done"] == 30
        eventually(
            lambda: query(system, "SELECT count(*) FROM dummies WHERE text LIKE 'poison%%'") == [(30,)], within=20
        )
        assert failed() == {}
        assert Journal(redis).counts().unaccounted == 0
