"""Whether strings get through, and when submitting is refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeRedis, FakeServer
from flask.testing import FlaskClient
from redis.exceptions import OutOfMemoryError
from structlog.testing import capture_logs

from api.process.monitor import Monitor
from api.services import Services
from core.connection import Shard
from core.consumer import Consumer
from core.journal import Journal
from core.keys import KEYS
from core.maintenance import Maintenance
from core.retries import RetryState
from core.watch import Watch


@pytest.fixture
def monitor(services: Services) -> Monitor:
    """The monitor, which looks when a test says so."""
    return services.monitor


def look(monitor: Monitor) -> None:
    """Look once at everything."""
    monitor.look_at_journal(monitor.shards[0])
    monitor.look_at_database()


def test_everything_is_reported_at_a_glance(client: FlaskClient, monitor: Monitor, redis: FakeRedis) -> None:
    client.post("/dummies/", json={"text": "a"})
    Watch(redis).heartbeat("one")
    look(monitor)
    said = client.get("/pipeline").json
    assert (said["accepting"], said["waiting"], said["failed"], said["worker_count"]) == (True, 1, 0, 1)
    assert said["oldest_seconds"] >= 0
    assert said["journal"]["status"] == "up"
    assert said["workers"]["status"] == "up"
    assert said["database"] == {"status": "unknown", "since": None}  # none is set here
    assert (said["set_aside"], said["set_aside_reason"], said["unaccounted"]) == (0, None, 0)


def test_since_when_a_part_answers_is_unknown_until_it_is_seen_to_change(
    client: FlaskClient, monitor: Monitor, redis: FakeRedis
) -> None:
    """Or two processes would say different things of the same part, alternately."""
    look(monitor)
    assert client.get("/pipeline").json["workers"] == {"status": "away", "since": None}
    Watch(redis).heartbeat("one")
    look(monitor)
    workers = client.get("/pipeline").json["workers"]
    assert (workers["status"], workers["since"] is None) == ("up", False)


def test_a_string_that_is_set_aside_is_reported_with_its_reason(
    client: FlaskClient, monitor: Monitor, consumer: Consumer
) -> None:
    client.post("/dummies/", json={"text": "odd"})
    consumer.set_aside([(consumer.claim().entries[0], RetryState("P0001", "P0001 a trigger says no"))])
    look(monitor)
    said = client.get("/pipeline").json
    assert (said["waiting"], said["set_aside"]) == (1, 1)
    assert said["set_aside_reason"] == "P0001 a trigger says no"


BREAKS: dict[str, Callable[[FakeRedis], object]] = {
    "counter of appended strings raised": lambda redis: redis.incrby(KEYS.appended, 2),
    "dead letters deleted": lambda redis: redis.delete(KEYS.failed),
    "journal deleted": lambda redis: redis.delete(KEYS.journal),
    "entry deleted": lambda redis: redis.xdel(KEYS.journal, redis.xrange(KEYS.journal)[0][0]),
    "entry that is not counted": lambda redis: [redis.xadd(KEYS.journal, {"v": 1, "n": 1}) for _ in range(2)],
    "counter of stored strings gone": lambda redis: redis.delete(KEYS.stored),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_balance_that_is_off_is_reported_and_logged_once(
    client: FlaskClient, monitor: Monitor, redis: FakeRedis, consumer: Consumer, name: str
) -> None:
    client.post("/dummies/bulk", json={"texts": ["stored", "failed"]})
    consumer.split(consumer.claim().entries[0])
    first, second = consumer.claim().entries
    consumer.complete([first], 1)
    consumer.dead_letter(second, "because")
    client.post("/dummies/", json={"text": "waits"})
    Watch(redis).heartbeat("one")
    look(monitor)
    assert client.get("/pipeline").json["unaccounted"] == 0
    BREAKS[name](redis)
    with capture_logs() as said:
        look(monitor)
        look(monitor)
    assert client.get("/pipeline").json["unaccounted"] != 0
    # the thread that wakes workers finds no broker here, and says so when it comes to that
    assert [line["event"] for line in said if line["event"] != "broker unavailable"] == ["the balance is off"]


def test_an_imbalance_from_before_the_balance_was_kept_does_not_count(
    client: FlaskClient, monitor: Monitor, redis: FakeRedis
) -> None:
    """Earlier versions did not count what operators discarded or retried."""
    client.post("/dummies/", json={"text": "waits"})
    redis.incrby(KEYS.appended, 3)
    look(monitor)
    assert client.get("/pipeline").json["unaccounted"] == 0
    Watch(redis).heartbeat("the first worker that keeps it")
    look(monitor)
    assert client.get("/pipeline").json["unaccounted"] == 0


def test_a_process_just_started_knows_of_the_database_in_its_first_answer(
    client: FlaskClient, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow() -> bool:
        time.sleep(0.1)
        return True

    monkeypatch.setattr(monitor, "_database_answers", slow)
    monkeypatch.setattr("api.process.monitor._repeat", lambda look_at, *_: threading.Thread(target=look_at).start())
    assert client.get("/pipeline").json["database"]["status"] == "up"


def test_a_first_answer_does_not_wait_long_for_the_database(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.process.monitor.FIRST_LOOK", 0.01)
    assert client.get("/pipeline").json["database"]["status"] == "unknown"


def test_the_rate_counts_new_rows_and_the_drain_repeated_requests_too(
    client: FlaskClient, monitor: Monitor, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("api.process.monitor.time.monotonic", lambda: clock[0])
    Watch(redis).heartbeat("one")
    look(monitor)
    monitor._started = True
    redis.mset({KEYS.stored: 200, KEYS.inserted: 100, KEYS.waiting: 400})
    clock[0] += 5
    monitor.look_at_journal(monitor.shards[0])
    said = client.get("/pipeline").json
    assert said["stored_per_second"] == pytest.approx(20)
    assert said["stored_recently"] == [100]
    assert said["drain_seconds"] == pytest.approx(10)
    redis.set(KEYS.waiting, 0)
    clock[0] += 30
    monitor.look_at_journal(monitor.shards[0])
    assert client.get("/pipeline").json["drain_seconds"] == 0


def test_an_outage_does_not_count_in_the_drains_rate(
    client: FlaskClient, monitor: Monitor, redis: FakeRedis, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("api.process.monitor.time.monotonic", lambda: clock[0])
    monitor._started = True
    Watch(redis).heartbeat("one")
    consumer.mark_database_unavailable()
    redis.set(KEYS.waiting, 400)
    look(monitor)
    clock[0] += 8
    look(monitor)
    assert client.get("/pipeline").json["drain_seconds"] is None
    consumer.mark_database_available()
    redis.mset({KEYS.stored: 200, KEYS.waiting: 200})
    clock[0] += 2
    look(monitor)
    assert client.get("/pipeline").json["drain_seconds"] == pytest.approx(2)


def test_what_the_workers_say_of_the_database_counts(client: FlaskClient, monitor: Monitor, consumer: Consumer) -> None:
    consumer.mark_database_unavailable()
    look(monitor)
    assert client.get("/pipeline").json["database"]["status"] == "away"
    assert client.get("/pipeline").json["database"]["since"]


def test_without_workers_that_is_reported(client: FlaskClient, monitor: Monitor) -> None:
    look(monitor)
    assert client.get("/pipeline").json["workers"]["status"] == "away"


@pytest.mark.parametrize("used", [89, 90])
def test_submitting_is_refused_while_the_memory_is_nearly_full(
    client: FlaskClient, monitor: Monitor, redis_info: dict[str, Any], used: int, journal: Journal
) -> None:
    redis_info["memory"]["used_memory"] = used
    look(monitor)
    answer = client.post("/dummies/", json={"text": "a"})
    assert client.get("/pipeline").json["accepting"] == (used < 90)
    assert answer.status_code == (202 if used < 90 else 503)
    assert journal.counts().waiting == (used < 90)
    if used == 90:
        assert answer.json["type"].endswith(":journal-full")
        assert int(answer.headers["Retry-After"]) > 0


class TestAtTheJournalsLimit:
    """There is also a limit on the number of strings."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        """Two strings are enough."""
        return {"journal_limit": 2}

    @pytest.mark.parametrize("path", ["/dummies/", "/dummies/bulk"])
    def test_submitting_is_refused(self, client: FlaskClient, monitor: Monitor, path: str) -> None:
        body = {"text": "a"} if path == "/dummies/" else {"texts": ["a", "b"]}
        while client.get("/pipeline").json["accepting"]:
            assert client.post(path, json=body).status_code == 202
            look(monitor)
        answer = client.post(path, json=body)
        assert answer.status_code == 503
        assert answer.json["type"].endswith(":journal-full")


def test_submitting_is_refused_immediately_while_the_journal_is_unavailable(
    client: FlaskClient, monitor: Monitor, redis_server: FakeServer
) -> None:
    look(monitor)
    redis_server.connected = False
    answer = client.post("/dummies/", json={"text": "a"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.json["type"].endswith(":journal-away")
    look(monitor)
    said = client.get("/pipeline")
    assert said.status_code == 200
    assert (said.json["journal"]["status"], said.json["accepting"], said.json["waiting"]) == ("away", False, None)
    redis_server.connected = True
    look(monitor)
    assert client.post("/dummies/", json={"text": "a"}).status_code == 202


def test_the_process_is_alive_whatever_is_unavailable(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(("aof", "loading"), [(0, 0), (1, 1)])
def test_ready_means_to_have_reached_a_durable_redis_once(
    client: FlaskClient, monitor: Monitor, redis_info: dict[str, Any], redis_server: FakeServer, aof: int, loading: int
) -> None:
    redis_info["persistence"].update(aof_enabled=aof, loading=loading)
    look(monitor)
    assert client.get("/readyz").status_code == 503
    redis_info["persistence"].update(aof_enabled=1, loading=0)
    look(monitor)
    assert client.get("/readyz").status_code == 200
    redis_server.connected = False
    look(monitor)
    assert client.get("/readyz").status_code == 200


def submit(client: FlaskClient, *texts: str) -> None:
    """Have these strings accepted."""
    for text in texts:
        assert client.post("/dummies/", json={"text": text}).status_code == 202


def test_a_pause_is_reported_and_no_time_is_promised_until_it_ends(
    client: FlaskClient, monitor: Monitor, consumer: Consumer, redis: FakeRedis
) -> None:
    Watch(redis).heartbeat("one")
    look(monitor)
    submit(client, *"abc")
    consumer.complete(consumer.claim(1).entries, 1)
    look(monitor)
    assert client.get("/pipeline").json["paused"] is None
    assert client.get("/pipeline").json["drain_seconds"] > 0
    Maintenance([Shard(redis)]).pause("an operator", "VACUUM FULL")
    look(monitor)
    told = client.get("/pipeline").json
    assert (told["accepting"], told["waiting"], told["drain_seconds"]) == (True, 2, None)
    assert told["paused"] == {"since": told["paused"]["since"], "reason": "VACUUM FULL"}
    submit(client, "accepted meanwhile")
    Maintenance([Shard(redis)]).resume()
    look(monitor)
    assert client.get("/pipeline").json["paused"] is None


def test_a_journal_that_was_set_back_is_reported_until_the_note_is_deleted(
    client: FlaskClient, monitor: Monitor, redis: FakeRedis
) -> None:
    submit(client, *"abc")
    assert client.get("/pipeline").json["set_back"] is None
    redis.flushall()
    with capture_logs() as said:
        look(monitor)
        look(monitor)
    assert [line["event"] for line in said] == ["journal rolled back"]
    told = client.get("/pipeline").json
    assert (told["set_back"]["before"], told["set_back"]["after"]) == (3, 0)
    assert told["accepting"]
    redis.delete(KEYS.set_back)
    look(monitor)
    assert client.get("/pipeline").json["set_back"] is None


def test_an_append_notices_it_too(client: FlaskClient, monitor: Monitor, redis: FakeRedis) -> None:
    submit(client, *"abc")
    redis.flushall()
    with capture_logs() as said:
        submit(client, *"defgh")
        look(monitor)
    assert [line["event"] for line in said] == ["journal rolled back", "no worker"]
    assert client.get("/pipeline").json["set_back"]["before"] == 3


def test_what_one_process_has_seen_is_reported_by_all(client: FlaskClient, monitor: Monitor, redis: FakeRedis) -> None:
    redis.set(KEYS.set_back, "1700000000000 9 4")
    with capture_logs() as said:
        look(monitor)
    assert not said
    assert client.get("/pipeline").json["set_back"] == {"at": "2023-11-14T22:13:20Z", "before": 9, "after": 4}


def test_a_deleted_note_does_not_come_back(client: FlaskClient, monitor: Monitor, redis: FakeRedis) -> None:
    """Another process was first, and its note is deleted before this one looks again."""
    submit(client, *"abc")
    redis.flushall()
    redis.set(KEYS.set_back, "1700000000000 9 0")
    look(monitor)
    redis.delete(KEYS.set_back)
    look(monitor)
    assert client.get("/pipeline").json["set_back"] is None


def test_a_note_that_finds_no_room_is_reported_all_the_same(
    client: FlaskClient, monitor: Monitor, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OutOfMemoryError

    submit(client, "a")
    redis.flushall()
    monkeypatch.setattr(redis, "set", full)
    look(monitor)
    said = client.get("/pipeline").json
    assert (said["journal"]["status"], said["set_back"]["before"]) == ("up", 1)


VOLATILE = [("persistence", {"aof_enabled": 0}), ("memory", {"maxmemory_policy": "allkeys-lru"})]


@pytest.mark.parametrize(("section", "values"), VOLATILE)
def test_nothing_is_promised_while_redis_would_lose_it(
    client: FlaskClient,
    monitor: Monitor,
    redis_info: dict[str, Any],
    journal: Journal,
    section: str,
    values: dict[str, Any],
) -> None:
    """Whenever it is noticed, and until it is fixed, also while Redis is unavailable in between."""
    submit(client, "before")
    assert client.get("/readyz").status_code == 200
    durable = dict(redis_info[section])
    redis_info[section].update(values)
    with capture_logs() as said:
        look(monitor)
        look(monitor)
    assert [line["event"] for line in said] == ["journal is volatile", "no worker"]
    for answer in (
        client.post("/dummies/", json={"text": "a"}),
        client.post("/dummies/bulk", json={"texts": ["a"]}),
        client.get("/readyz"),
    ):
        assert answer.status_code == 503
        assert answer.json["type"].endswith(":journal-volatile")
        assert "start it with" in answer.json["detail"]
        assert int(answer.headers["Retry-After"]) > 0
    told = client.get("/pipeline").json
    assert (told["accepting"], told["journal"]["status"]) == (False, "up")
    assert "start it with" in told["volatile"]
    assert journal.counts().waiting == 1
    redis_info[section] = durable
    look(monitor)
    submit(client, "after")
    assert client.get("/readyz").status_code == 200
    assert client.get("/pipeline").json["volatile"] is None


class TestOnALaptop:
    """A volatile Redis may be allowed."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        """Allow it."""
        return {"allow_volatile_journal": True}

    def test_strings_are_accepted_with_one_warning(
        self, client: FlaskClient, monitor: Monitor, redis_info: dict[str, Any]
    ) -> None:
        redis_info["persistence"]["aof_enabled"] = 0
        with capture_logs() as said:
            look(monitor)
            submit(client, "a", "b")
        levels = [line["log_level"] for line in said]
        assert [level for level in levels if level != "info"] == ["warning"]  # an earlier test's outage may be over
        assert client.get("/readyz").status_code == 200
        told = client.get("/pipeline").json
        assert told["accepting"]
        assert told["volatile"]


class TestDraining:
    """From preStop on the process reports that it is shutting down, and still answers everything."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> dict[str, Any]:
        """Draining, by its file."""
        return {"draining_file": tmp_path / "draining"}

    def test_requests_are_answered_and_connections_end(
        self, client: FlaskClient, settings: dict[str, Any], monitor: Monitor
    ) -> None:
        look(monitor)
        assert "Connection" not in client.get("/pipeline").headers
        assert client.get("/readyz").status_code == 200
        settings["draining_file"].touch()
        accepted = client.post("/dummies/", json={"text": "a"})
        assert accepted.status_code == 202
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        for answer in (accepted, client.get("/pipeline"), client.get("/nothing"), client.get("/readyz")):
            assert answer.headers["Connection"] == "close"
