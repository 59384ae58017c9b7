"""A Redis that would lose what it acknowledges stops the start with one line, and one that is unreachable does not."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fakeredis import FakeRedis
from support import capture_logs

from core.connection import Shard
from core.durability import Durability, Info, refuse_volatile
from core.settings import CoreSettings

KEEPS = {"memory": {"maxmemory_policy": "noeviction"}, "persistence": {"aof_enabled": 1}, "replication": {}}
FORGETS = KEEPS | {"persistence": {"aof_enabled": 0}}
EVICTS = KEEPS | {"memory": {"maxmemory_policy": "allkeys-lru"}}


@pytest.fixture
def said_by_redis(redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Redis says about itself, for a test to change; fakeredis has no INFO."""
    said = dict(KEEPS)
    monkeypatch.setattr("core.durability.connect_shards", lambda *_: [Shard(redis)])
    monkeypatch.setattr("core.durability.read_info", lambda _: Info(*(said[section] for section in Info._fields)))
    monkeypatch.setattr(redis, "info", lambda _: {"redis_version": said.get("version", "8.0.2")})
    return said


@pytest.fixture
def silent() -> Iterator[int]:
    """A port on which connections are taken and nothing is ever answered."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def settings(*, allowed: bool = False, port: int = 1, replicas: int = 0) -> CoreSettings:
    """Return the settings of a tier."""
    return CoreSettings(
        redis_url=f"redis://127.0.0.1:{port}/0", allow_volatile_journal=allowed, journal_replicas=replicas
    )


@pytest.mark.parametrize(
    ("said", "remedies"),
    [
        (FORGETS, ["appendonly yes"]),
        (EVICTS, ["allkeys-lru", "maxmemory-policy noeviction"]),
        (FORGETS | EVICTS | {"persistence": {}}, ["appendonly yes", "maxmemory-policy noeviction"]),
    ],
)
def test_a_volatile_redis_is_refused_with_one_line(
    said_by_redis: dict[str, Any], capsys: pytest.CaptureFixture[str], said: dict[str, Any], remedies: list[str]
) -> None:
    said_by_redis.update(said)
    with pytest.raises(SystemExit) as stopped:
        refuse_volatile(settings())
    assert stopped.value.code == 2
    line = capsys.readouterr().err
    assert line.startswith("REDIS_URL: ")
    assert line.count("\n") == 1
    assert all(remedy in line for remedy in [*remedies, "ALLOW_VOLATILE_JOURNAL"])


def test_a_redis_that_keeps_what_it_acknowledges_is_taken(
    said_by_redis: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert said_by_redis == KEEPS
    refuse_volatile(settings())
    assert not capsys.readouterr().err


def test_a_laptop_may_take_a_volatile_one(said_by_redis: dict[str, Any]) -> None:
    said_by_redis.update(FORGETS)
    refuse_volatile(settings(allowed=True))


def test_an_unreachable_redis_stops_nothing() -> None:
    refuse_volatile(settings())


def test_a_redis_that_hangs_stops_nothing_and_is_not_waited_for_long(silent: int) -> None:
    began = time.monotonic()
    refuse_volatile(settings(port=silent))
    assert time.monotonic() - began < 2.5


@pytest.mark.parametrize(("allowed", "level"), [(False, "error"), (True, "warning")])
def test_a_redis_that_turns_volatile_is_logged_once_each_time(*, allowed: bool, level: str) -> None:
    durability = Durability(settings(allowed=allowed))
    with capture_logs() as said:
        for info in (KEEPS, FORGETS, FORGETS, KEEPS, FORGETS):
            durability.note(Info(**info))
            assert durability.refused == (info == FORGETS and not allowed)
    turned = ("journal is volatile", level)
    assert [(line["event"], line["log_level"]) for line in said] == [
        turned,
        ("journal is durable again", "info"),
        turned,
    ]


def test_a_replica_that_leaves_or_comes_back_is_logged_once() -> None:
    durability = Durability(settings())
    with capture_logs() as said:
        for count in (1, 1, 0, 0, 1):
            durability.note(Info(**KEEPS | {"replication": {"connected_slaves": count}}))
    assert [(line["event"], line["before"], line["connected"]) for line in said] == [
        ("replicas of Redis changed", 1, 0),
        ("replicas of Redis changed", 0, 1),
    ]


@pytest.mark.parametrize(("version", "taken"), [("7.0.15", False), ("7.2.0", True), ("8.0.2", True), ("10.0", True)])
def test_replicas_need_a_redis_that_knows_what_is_on_their_disks(
    said_by_redis: dict[str, Any], capsys: pytest.CaptureFixture[str], version: str, *, taken: bool
) -> None:
    said_by_redis["version"] = version
    refuse_volatile(settings())
    if not taken:
        with pytest.raises(SystemExit):
            refuse_volatile(settings(replicas=1))
        assert f"JOURNAL_REPLICAS: Redis {version} " in capsys.readouterr().err
    refuse_volatile(settings(replicas=1, allowed=not taken))


def test_too_few_replicas_are_logged_once_and_refuse_meanwhile() -> None:
    durability = Durability(settings(replicas=1))
    syncing = {"connected_slaves": 1, "slave0": {"state": "wait_bgsave"}}
    online = {"connected_slaves": 1, "slave0": {"state": "online", "lag": 2}}
    with capture_logs() as said:
        silent = {"connected_slaves": 1, "slave0": {"state": "online", "lag": 3}}
        for replication in (online, syncing, {}, silent, online):
            refused = replication is not online
            durability.note(Info(**KEEPS | {"replication": replication}))
            assert durability.too_few_replicas == refused
    assert [line["reason"] for line in said if line["event"] == "too few replicas of Redis"] == [
        "0 replicate, 1 must: nothing is accepted"
    ]
