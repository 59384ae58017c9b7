"""Whatever is on the wake-ups' queue, the worker survives, logs what it dropped, and takes the next wake-up."""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection
from support import Client, eventually, redis_of

from core.connection import connect
from core.wakeups import DRAIN_TASK, QUEUE, make_celery, publish_wakeup
from local.ports import free_port
from local.ready import get
from local.redis import Redis
from local.run import FLOWER
from local.system import System
from worker.celery_patches import transport
from worker.celery_patches.message import purify

pytestmark = pytest.mark.timeout(120)
BODY = [[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]


def message(body: Any = BODY, headers: Any = None, properties: Any = None, **others: Any) -> dict[str, Any]:
    """Return a wake-up as Celery writes it, with some of it changed."""
    return {
        "body": base64.b64encode(json.dumps(body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": DRAIN_TASK, "id": "1", "root_id": "1"} | (headers or {}),
        "properties": {
            "delivery_tag": "1",
            "delivery_info": {"exchange": "", "routing_key": QUEUE},
            "body_encoding": "base64",
            "correlation_id": "1",
        }
        | (properties or {}),
    } | others


def without(name: str, part: str = "properties") -> dict[str, Any]:
    """Return a wake-up that lacks something."""
    whole = message()
    del whole[part][name]
    return whole


JUNK = {
    "nothing": b"",
    "no JSON": b"drain!",
    "no UTF-8": b"\xff\xfe{}",
    "binary": bytes(range(256)),
    "pickle": pickle.dumps({"task": DRAIN_TASK}),
    "cut short": json.dumps(message()).encode()[:-20],
    "nested": b"[" * 100_000,
    "huge": b'"' + b"x" * 20_000_000 + b'"',
    "null": None,
    "a number": 1e400,
    "a list": [1, 2],
    "an empty object": {},
    "a surrogate": {"\ud800": "\ud800"},
    "a type of kombu's": {"__type__": "uuid", "__value__": {"hex": "zz"}},
    "no headers": {"body": "", "properties": message()["properties"]},
    "headers of another shape": message() | {"headers": [1]},
    "no properties": {"body": "", "headers": message()["headers"]},
    "properties of another shape": message() | {"properties": "x"},
    "no delivery tag": without("delivery_tag"),
    "a delivery tag of another shape": message(properties={"delivery_tag": {"a": 1}}),
    "no delivery info": without("delivery_info"),
    "no routing key": message(properties={"delivery_info": {}}),
    "an unknown encoding of the body": message(properties={"body_encoding": "rot13"}),
    "a body that is not base64": message() | {"body": "%%%"},
    "a body of another shape": message(body="drain"),
    "arguments": message(body=[["x"], {}, {}]),
    "named arguments": message(body=[[], {"x": 1}, {}]),
    "a chain": message(body=[[], {}, {"chain": [{"task": "x"}]}]),
    "an unknown content type": message() | {"content-type": "application/x-unknown"},
    "pickle's content type": message() | {"content-type": "application/x-python-serialize"},
    "an unknown charset": message() | {"content-encoding": "klingon"},
    "an unknown task": message(headers={"task": "dummies.undrain"}),
    "a task that forges a line": message(headers={"task": "x\r\nlevel=error\x1b[2J\u2028\u202e"}),
    "a task that is no text": message(headers={"task": ["x"]}),
    "no id": without("id", "headers"),
    "an expiry that is no time": message(headers={"expires": "soon"}),
    "an eta": message(headers={"eta": "9999-12-31T23:59:59+00:00"}),
    "a time limit that is none": message(headers={"timelimit": ["x", "y"]}),
    "compression": message(headers={"compression": "application/x-gzip"}),
    "retries": message(headers={"retries": "many"}),
}


def drains(log: str) -> int:
    """Return how many wake-ups have been processed."""
    return log.count("dummies.drain[") and log.count("succeeded in")


TO_ALL = ["x", "null", "[1]", "{}", "[" * 100_000, json.dumps(message([])), json.dumps(message({}))]
"""What Celery's own channels may carry: questions to all workers, and their events, which Flower reads."""


def flower_sees_the_worker(port: int) -> bool:
    """Tell whether Flower lives and hears the worker."""
    answer = get(port, "/workers?json=1")
    return bool(answer and any(worker["status"] for worker in json.loads(answer)["data"]))


def test_whatever_is_sent_to_all_the_worker_and_flower_live(system: System) -> None:
    port = free_port()
    flower = system.start([*FLOWER, "--address=127.0.0.1", f"--port={port}"], "flower", None)
    eventually(lambda: flower_sees_the_worker(port), within=30)
    worker, redis = system._processes[-2], redis_of(system)
    for channel in ("/0.celery.pidbox", "/0.celeryev/worker.heartbeat"):
        for junk in TO_ALL:
            eventually(lambda channel=channel, junk=junk: redis.publish(channel, junk), within=30)
    seen = lambda: "'last'" in worker.log.read_text() or not worker.running  # noqa: E731
    eventually(lambda: redis.publish("/0.celery.pidbox", "last") and seen(), within=30)
    assert make_celery(system.redis.url).control.ping(timeout=5, limit=1)
    assert (worker.running, flower.running) == (True, True)
    assert flower_sees_the_worker(port)


@pytest.mark.parametrize("key", [QUEUE, "unacked", "unacked_index"])
def test_a_key_of_another_type_is_dropped(system: System, key: str) -> None:
    redis = redis_of(system)
    redis.zadd("unacked_index", {"old": 1})
    redis.delete(key)
    redis.set(key, "x")
    eventually(lambda: redis.type(key) != b"string", within=20)


def test_an_unacknowledged_message_that_cannot_be_read_is_dropped(system: System) -> None:
    redis = redis_of(system)
    redis.hset("unacked", "junk", b"\xff")
    redis.zadd("unacked_index", {"junk": 1})
    eventually(lambda: not redis.hexists("unacked", "junk"), within=20)


def test_a_reply_that_comes_too_late_is_dropped(system: System) -> None:
    """Flower's question is over by then; it may write to no queue, and no one would look there."""
    late = message(properties={"delivery_info": {"exchange": "", "routing_key": "gone"}})
    with Connection(system.redis.url, transport=transport.Transport) as connection, redis_of(system) as redis:
        connection.channel().connection._deliver(late, "gone")
        assert not redis.exists("gone")


def test_the_worker_has_lived_through_it_all(system: System, client: Client) -> None:
    publish_wakeup(make_celery(system.redis.url))
    eventually(lambda: "succeeded in" in system._processes[1].log.read_text(), within=30)
    kept = client.submit("after all that").json()["id"]
    eventually(lambda: client.state(kept)["status"] == "stored", within=30)


def test_a_wake_up_of_a_workers_own_is_one(tmp_path: Path) -> None:
    """It carries the time limit of the worker's settings, as its calls for help do."""
    with Redis(tmp_path / "redis", free_port()) as server, connect(server.url) as redis:
        app = make_celery(server.url)
        app.conf.update(task_time_limit=30)
        app.task(name=DRAIN_TASK, shared=False)(purify)  # any one: with it its limit goes along
        app.finalize()
        publish_wakeup(app)
        purify(redis.rpop(QUEUE))


def test_whatever_is_on_the_queue_the_worker_lives(bare_system: System, client: Client) -> None:
    worker = bare_system.start_worker()
    redis = redis_of(bare_system)
    eventually(lambda: "ready." in worker.log.read_text(), within=30)
    for what, junk in JUNK.items():
        redis.lpush(QUEUE, junk if isinstance(junk, bytes) else json.dumps(junk))
        eventually(lambda: not redis.llen(QUEUE), within=30)
        assert worker.running, f"{what}: {worker.log.read_text()[-3000:]}"
    eventually(lambda: worker.log.read_text().count("message dropped") == len(JUNK), within=30)
    assert all(line.isprintable() for line in worker.log.read_bytes().decode().split("\n"))
    done = drains(worker.log.read_text())
    publish_wakeup(make_celery(bare_system.redis.url))
    eventually(lambda: drains(worker.log.read_text()) > done, within=30)
    assert "Connection to broker lost" not in worker.log.read_text()
    kept = client.submit("after all that").json()["id"]
    eventually(lambda: client.state(kept)["status"] == "stored", within=30)
