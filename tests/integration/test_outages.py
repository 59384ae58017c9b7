"""Outages: what is accepted waits, what cannot be is refused immediately, and everything recovers without help."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import uuid4

import pytest
from kombu import Connection, Consumer, Producer, Queue
from support import Client, count_rows, eventually, held, query, redis_of, waiting

from core.keys import GROUP, KEYS
from core.timeouts import GRACE_PERIOD
from local.ports import free_port
from local.redis import Redis
from local.system import System
from worker.celery_patches import transport

pytestmark = pytest.mark.timeout(180)


def _times_tried(system: System) -> int:
    _, times = (redis_of(system).get(KEYS.database_away) or b"0 0").split()
    return int(times)


def _most_deliveries(system: System) -> int:
    pending = redis_of(system).xpending_range(KEYS.journal, GROUP, "-", "+", 1000)
    return max((entry["times_delivered"] for entry in pending), default=0)


def test_strings_wait_while_postgresql_is_down(bare_system: System, client: Client) -> None:
    """With PostgreSQL stopped strings are accepted; started again, all are stored soon, and no attempt was counted."""
    worker = bare_system.start_worker()
    eventually(lambda: client.part_is("workers", "up"), within=30)
    bare_system.postgres.stop()
    ids = [client.submit(f"patient {n}").raise_for_status().json()["id"] for n in range(1000)]
    eventually(lambda: client.part_is("database", "away"), within=30)
    eventually(lambda: _times_tried(bare_system) > 3, within=20)
    assert worker.log.read_text().count("PostgreSQL stores nothing") <= 4  # two processes, each with two reasons
    assert {state["status"] for state in client.states(ids)} == {"queued"}
    assert _most_deliveries(bare_system) <= 1  # the try that is being made
    assert client.get(f"/dummies/{uuid4()}").status_code == 503
    assert client.get("/dummies/").status_code == 503
    bare_system.postgres.start()
    eventually(lambda: count_rows(bare_system) == 1000, within=30)
    eventually(lambda: {state["status"] for state in client.states(ids)} == {"stored"}, within=30)
    assert client.pipeline()["failed"] == 0
    eventually(lambda: client.part_is("database", "up"), within=30)


@pytest.mark.parametrize("how", ["stopped", "hanging"])
def test_submitting_is_refused_while_redis_is_unavailable(bare_system: System, client: Client, how: str) -> None:
    """It answers 503 with Retry-After within 3 s, never hangs and never says 202, and recovers by itself."""
    bare_system.start_worker()
    client.submit("before").raise_for_status()
    bare_system.redis.kill() if how == "stopped" else bare_system.redis.pause()
    for _ in range(3):
        started = time.monotonic()
        refused = client.submit("during")
        assert time.monotonic() - started < 3
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.json()["type"].endswith(":journal-away")
    eventually(lambda: client.part_is("journal", "away"), within=30)
    assert client.get("/readyz").status_code == 200
    bare_system.redis.start() if how == "stopped" else bare_system.redis.resume()
    eventually(lambda: client.submit("after", key="after").status_code == 202, within=30)
    eventually(lambda: client.part_is("journal", "up") and waiting(bare_system) == 0, within=20)
    texts = {text for (text,) in query(bare_system, "SELECT text FROM dummies")}
    assert {"before", "after"} <= texts


def test_losing_the_broker_with_a_wake_up_in_hand_ends_nothing(tmp_path: Path) -> None:
    """Celery closes the lost connection's channel. Returning the message over it fails, and must not end the worker."""
    with (
        Redis(tmp_path / "redis", free_port()) as redis,
        Connection(redis.url, transport=transport.Transport) as connection,
    ):
        channel, received = connection.channel(), []
        queue = Queue("wake-ups", channel=channel)
        Consumer(channel, [queue], callbacks=[lambda _, message: received.append(message)]).consume()
        Producer(channel).publish({}, routing_key="wake-ups")
        connection.drain_events(timeout=5)
        redis.stop()
        channel.connection.client = None  # as Celery leaves it when it cannot reconnect immediately
        channel.close()
        assert received


def test_a_full_redis_refuses_but_drains(bare_system: System, client: Client) -> None:
    """Submitting answers 503; draining continues, though no wake-up can be published, and service returns."""
    redis = redis_of(bare_system)
    client.submit_all(f"{n} {'x' * 200}" for n in range(30_000))
    redis.config_set("maxmemory", redis.info("memory")["used_memory"])
    assert client.submit("no room").status_code == 503
    eventually(lambda: client.submit("no room").json()["type"].endswith(":journal-full"), within=30)
    assert int(client.submit("no room").headers["Retry-After"]) > 0
    bare_system.start_worker()
    eventually(lambda: count_rows(bare_system) == 30_000, within=30)
    eventually(lambda: client.submit("room again", key="again").status_code == 202, within=30)
    eventually(lambda: count_rows(bare_system) == 30_001, within=30)
    assert query(bare_system, "SELECT count(*) FROM dummies WHERE text = 'no room'") == [(0,)]


def test_a_worker_ends_in_time_while_postgresql_hangs(bare_system: System, client: Client) -> None:
    """SIGTERM to a worker whose PostgreSQL is stopped by SIGSTOP: it ends in its grace period, and nothing is lost."""
    worker = bare_system.start_worker()
    client.submit("first").raise_for_status()
    eventually(lambda: count_rows(bare_system) == 1, within=30)
    bare_system.postgres.pause()
    try:
        client.submit_all(f"held {n}" for n in range(100))
        eventually(lambda: held(bare_system) > 0, within=30)
        worker.terminate(timeout=GRACE_PERIOD)
    finally:
        bare_system.postgres.resume()
    bare_system.start_worker()
    eventually(lambda: count_rows(bare_system) == 101, within=30)


def test_a_postgresql_that_hangs_is_an_outage_and_no_strings_fault(bare_system: System, client: Client) -> None:
    """A string that waits alone meanwhile is not set aside, so it is stored as soon as PostgreSQL answers again."""
    bare_system.start_worker()
    client.submit("first").raise_for_status()
    eventually(lambda: count_rows(bare_system) == 1, within=30)
    bare_system.postgres.pause()
    try:
        client.submit("alone").raise_for_status()
        eventually(lambda: _times_tried(bare_system) > 0, within=30)
        assert client.pipeline()["set_aside"] == 0
    finally:
        bare_system.postgres.resume()
    eventually(lambda: count_rows(bare_system) == 2, within=30)


def test_a_broker_of_its_own_may_be_down(bare_system: System, client: Client) -> None:
    """Where Celery's broker is another server, and down, strings are stored all the same: the timer finds them."""
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    bare_system.start_worker(env={"CELERY_BROKER_URL": nowhere})
    for n in range(3):
        submission_id = client.submit(f"no broker {n}").raise_for_status().json()["id"]
        eventually(lambda: client.state(submission_id)["status"] == "stored", within=30)  # noqa: B023
