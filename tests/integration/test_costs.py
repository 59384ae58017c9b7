"""What makes it fast, counted and not timed: round trips, statements, wake-ups and bytes, on real servers."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psutil
import psycopg2.extensions
import pytest
from redis import Connection, ConnectionPool, Redis
from strings import bulk, entry_of, single, submissions_of
from support import count_rows

from api.app import create_app
from api.settings import ApiSettings
from core.append import Unit
from core.connection import connect
from core.consumer import BATCH_STRINGS, Consumer, Entry
from core.journal import Journal
from core.keys import HASHES
from database.deadline import wait
from local.system import System
from worker.drain import Drain
from worker.store import Store, columns

TEXT = "seventeen letters"
ASKED = 2_000
GROUP = 30
"""Strings an entry: what 64 clients bring about, half of them at each API process."""
PENDING = 50_000
MOST_PENDING_BYTES = {HASHES: 180, PENDING // 100: 90}
"""Beyond the text of a single string, by the number of hashes that hold the records: a tenth more than measured (163
and 81). With few strings most hashes hold one or none; with millions each holds a hundred, as in the second case."""
MOST_PENDING_BULK_BYTES = 30
MOST_KEYED_BYTES = 115
"""The same with a remembered key, where the hashes of records and keys hold as many as with millions of strings."""
MOST_ALLOCATED = {"append": 1_820, "claim": 146, "columns": 230}
"""Bytes that Python has allocated for a string at a time, a tenth more than measured."""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Redis and PostgreSQL with the table; no API and no worker."""
    with System(tmp_path_factory.mktemp("system")) as started:
        yield started


@pytest.fixture(autouse=True)
def redis(servers: System) -> Iterator[Redis]:
    """A client of the emptied Redis."""
    with connect(servers.redis.url, timeout=30) as client:
        client.flushall()
        yield client


@pytest.fixture
def counted(servers: System) -> tuple[Redis, list[Any]]:
    """A client, and what it sends: an item each time that it waits for an answer."""
    sent: list[Any] = []

    class Counting(Connection):
        def send_packed_command(self, command: Any, check_health: bool = True) -> None:  # noqa: FBT001, FBT002
            sent.append(command)
            super().send_packed_command(command, check_health)

    pool = ConnectionPool.from_url(servers.redis.url, connection_class=Counting, protocol=2)
    return Redis(connection_pool=pool), sent


def units(count: int) -> list[Unit]:
    """Return what this many requests bring, each with a string and a key."""
    return [single(TEXT, key=str(uuid4())) for _ in range(count)]


def calls_of(sent: list[Any], work: Callable[[], object]) -> int:
    """Return how often ``work`` sends something, once its scripts are loaded."""
    work()
    sent.clear()
    work()
    return len(sent)


def test_a_group_of_any_size_is_one_round_trip(counted: tuple[Redis, list[Any]]) -> None:
    redis, sent = counted
    journal = Journal(redis)
    assert calls_of(sent, lambda: journal.append(units(1))) == 1
    assert calls_of(sent, lambda: journal.append(units(500))) == 1


def test_a_batch_is_two_round_trips_and_one_statement(
    servers: System, redis: Redis, counted: tuple[Redis, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (client, sent), journal, waits = counted, Journal(redis), []
    consumer, store = Consumer(client), Store(servers.postgres.writer_url)
    psycopg2.extensions.set_wait_callback(lambda session: (waits.append(1), wait(session)))
    monkeypatch.setattr("worker.drain.LINGER", 0)

    def drain_batches(count: int) -> tuple[int, int]:
        for _ in range(count * BATCH_STRINGS // 500):
            journal.append(units(500))
        sent.clear()
        waits.clear()
        assert Drain(consumer, store, lambda: None).run().stored == count * BATCH_STRINGS
        return len(sent), len(waits)

    drain_batches(1)  # connects, and loads the scripts
    (one_calls, one_waits), (three_calls, three_waits) = drain_batches(1), drain_batches(3)
    assert (three_calls - one_calls) / 2 == 2  # to claim and to complete
    assert (one_waits, three_waits) == (1, 3)
    assert count_rows(servers) == 5 * BATCH_STRINGS


def test_the_status_of_two_thousand_is_one_round_trip_and_one_statement(
    servers: System, redis: Redis, counted: tuple[Redis, list[Any]]
) -> None:
    (client, sent), waits = counted, []
    app = create_app(ApiSettings(redis_url=servers.redis.url, database_read_url=servers.postgres.reader_url), client)
    submitted = [single(TEXT) for _ in range(2 * ASKED)]
    for start in range(ASKED // 2, 2 * ASKED, 500):
        Journal(redis).append(submitted[start : start + 500])
    Store(servers.postgres.writer_url).insert(
        [entry_of(*(submissions_of(unit)[0] for unit in submitted[: ASKED // 2]))]
    )
    psycopg2.extensions.set_wait_callback(lambda session: (waits.append(1), wait(session)))

    def ask(ids: list[str]) -> tuple[Any, int, int]:
        sent.clear()
        waits.clear()
        answer = app.test_client().post("/dummies/status", json={"ids": ids})
        return answer.json, len(sent), len(waits)

    ids = [unit.first_id for unit in submitted[:ASKED]]
    ask(ids)  # connects
    assert ask(ids) == ({"queued": 1_000, "stored": 1_000, "failed": [], "not_found": [], "unavailable": 0}, 1, 1)
    assert ask([unit.first_id for unit in submitted[ASKED:]])[1:] == (1, 0)


def test_a_thousand_strings_bring_one_wake_up_and_none_while_they_are_drained(redis: Redis) -> None:
    journal, consumer = Journal(redis), Consumer(redis)
    assert [journal.append(units(10)).wake for _ in range(100)] == [True] + 99 * [False]
    consumer.start()
    assert not any(journal.append(units(10)).wake for _ in range(100))
    consumer.finish()
    assert journal.append(units(1)).wake


def test_no_thread_of_the_api_interrupts_the_one_that_wakes_it(servers: System) -> None:
    api = servers.start_api(workers=1)
    [serving] = psutil.Process(api.pid).children()
    assert {os.sched_getscheduler(thread.id) for thread in serving.threads()} == {os.SCHED_BATCH}
    api.stop()


def bytes_beyond_the_text(redis: Redis, call: Callable[[], list[Unit]]) -> float:
    """Return how many bytes a pending string takes beyond its text; each call brings the same number of strings."""
    journal = Journal(redis)
    journal.append(call())  # loads the script
    redis.flushall()
    before, strings = redis.info("memory")["used_memory"], 0
    while strings < PENDING:
        units = call()
        journal.append(units)
        strings += sum(len(unit.texts) for unit in units)
    return (redis.info("memory")["used_memory"] - before) / strings - len(TEXT)


@pytest.mark.parametrize(("hashes", "most"), MOST_PENDING_BYTES.items())
def test_a_pending_string_takes_little_beyond_its_text(
    redis: Redis, hashes: int, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.keys.HASHES", hashes)
    assert bytes_beyond_the_text(redis, lambda: [single(TEXT) for _ in range(GROUP)]) <= most


def test_a_pending_string_of_a_bulk_takes_next_to_nothing_beyond_its_text(redis: Redis) -> None:
    assert bytes_beyond_the_text(redis, lambda: [bulk(*[TEXT] * 500)]) <= MOST_PENDING_BULK_BYTES


def test_a_remembered_key_takes_little_beyond_its_string(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.keys.HASHES", PENDING // 100)
    monkeypatch.setattr("core.keys.KEY_HASHES", PENDING // 100)

    def call() -> list[Unit]:
        return [single(TEXT, key=str(uuid4()), digest="6bytes") for _ in range(GROUP)]

    assert bytes_beyond_the_text(redis, call) <= MOST_KEYED_BYTES


def test_a_string_takes_few_bytes_of_a_process(redis: Redis) -> None:
    """Of the API while it is appended, of a worker while it is claimed, and while its statement is written."""
    journal, consumer, submitted = Journal(redis), Consumer(redis), units(500)
    journal.append(units(500))
    consumer.complete(consumer.claim().entries, 500)  # both have loaded their scripts
    entries: list[Entry] = []
    allocated = {
        "append": most_allocated(lambda: journal.append(submitted)),
        "claim": most_allocated(lambda: entries.extend(consumer.claim().entries)),
        "columns": most_allocated(lambda: columns([entry.strings for entry in entries])),
    }
    assert all(allocated[name] / 500 <= most for name, most in MOST_ALLOCATED.items()), allocated


def most_allocated(work: Callable[[], object]) -> int:
    """Return the most bytes that Python allocates at a time while it works."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
