"""Whether strings get through, and when submitting is refused."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeRedis, FakeServer
from flask.testing import FlaskClient

from api.monitor import Monitor
from api.services import Services
from core.claims import Claims
from core.journal import Journal


@pytest.fixture
def monitor(services: Services) -> Monitor:
    """The monitor, which looks when a test says so."""
    return services.monitor


def look(monitor: Monitor) -> None:
    """Take one look at all."""
    monitor.look_at_journal()
    monitor.look_at_database()


def test_everything_is_told_at_a_glance(client: FlaskClient, monitor: Monitor, claims: Claims) -> None:
    client.post("/dummies/", json={"text": "a"})
    claims.heartbeat("one")
    look(monitor)
    said = client.get("/pipeline").json
    assert (said["accepting"], said["waiting"], said["failed"], said["worker_count"]) == (True, 1, 0, 1)
    assert said["oldest_seconds"] >= 0
    assert said["journal"]["status"] == "up"
    assert said["workers"]["status"] == "up"
    assert said["database"]["status"] == "away"  # none is set here


def test_a_process_just_started_knows_of_the_database_in_its_first_answer(
    client: FlaskClient, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow() -> bool:
        time.sleep(0.1)
        return True

    monkeypatch.setattr(monitor, "_database_answers", slow)
    monkeypatch.setattr("api.monitor._repeat", lambda look_at, _: threading.Thread(target=look_at).start())
    assert client.get("/pipeline").json["database"]["status"] == "up"


def test_a_first_answer_does_not_wait_long_for_the_database(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.monitor.FIRST_LOOK", 0.01)
    assert client.get("/pipeline").json["database"]["status"] == "unknown"


def test_the_rate_and_the_drain_are_estimated(
    client: FlaskClient, monitor: Monitor, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("api.monitor.time.monotonic", lambda: clock[0])
    look(monitor)
    monitor._started = True
    redis.set("dummies:stored", 100)
    redis.set("dummies:waiting", 400)
    clock[0] += 5
    monitor.look_at_journal()
    said = client.get("/pipeline").json
    assert said["stored_per_second"] == pytest.approx(20)
    assert said["drain_seconds"] == pytest.approx(20)
    redis.set("dummies:waiting", 0)
    clock[0] += 30
    monitor.look_at_journal()
    assert client.get("/pipeline").json["drain_seconds"] == 0


def test_what_the_workers_say_of_the_database_counts(client: FlaskClient, monitor: Monitor, claims: Claims) -> None:
    claims.database_away()
    look(monitor)
    assert client.get("/pipeline").json["database"]["status"] == "away"
    assert client.get("/pipeline").json["database"]["since"]


def test_without_workers_it_is_said(client: FlaskClient, monitor: Monitor) -> None:
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
    """A limit on strings holds as well."""

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


def test_submitting_is_refused_at_once_while_the_journal_is_away(
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


def test_the_process_is_alive_whatever_is_away(client: FlaskClient) -> None:
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


class TestDraining:
    """From preStop on the process says that it is about to end, and still answers everything."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> dict[str, Any]:
        """A file that says so."""
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
