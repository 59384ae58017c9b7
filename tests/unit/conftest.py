"""Redis in memory, and the API over it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fakeredis import FakeRedis, FakeServer
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from api.services import EXTENSION, Services
from api.settings import ApiSettings
from core.consumer import Consumer
from core.durability import Info
from core.journal import Journal

ROOM = {"used_memory": 1, "maxmemory": 100, "maxmemory_policy": "noeviction"}
DURABLE = {"aof_enabled": 1, "aof_last_bgrewrite_status": "ok", "loading": 0}
ALONE = {"role": "master", "connected_slaves": 0}


@pytest.fixture
def redis_server() -> FakeServer:
    """A Redis in memory; a test may clear ``connected``."""
    return FakeServer(version=(7,))


@pytest.fixture
def redis(redis_server: FakeServer) -> Iterator[FakeRedis]:
    """An empty Redis for one test."""
    with FakeRedis(server=redis_server, protocol=2) as client:
        yield client


@pytest.fixture
def journal(redis: FakeRedis) -> Journal:
    """The API's side of the journal."""
    return Journal(redis)


@pytest.fixture
def consumer(redis: FakeRedis) -> Consumer:
    """The worker's side of the journal."""
    return Consumer(redis)


@pytest.fixture
def redis_info(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Redis says about itself, for a test to change; fakeredis has no INFO.

    The monitor looks once, and then when a test tells it to: its threads would outlive the test. There is no broker.
    A request waits long for its append, because a busy machine must not turn a 202 into a 503.
    """
    monkeypatch.setattr("api.process.appender.PATIENCE", 60)
    monkeypatch.setattr("api.process.monitor._repeat", lambda *_: None)
    monkeypatch.setattr("core.wakeups.publish_wakeup", lambda _: None)
    info = {"memory": dict(ROOM), "persistence": dict(DURABLE), "replication": dict(ALONE)}
    monkeypatch.setattr("api.process.journal_monitor.read_info", lambda _: Info(**info))
    return info


@pytest.fixture
def settings() -> dict[str, Any]:
    """The API's settings, for a test module to override."""
    return {}


@pytest.fixture
def app(redis: FakeRedis, settings: dict[str, Any], redis_info: dict[str, Any]) -> Flask:  # noqa: ARG001
    """The API, without a database."""
    return create_app(ApiSettings(redis_url="redis://127.0.0.1:1/0", **settings), redis)


@pytest.fixture
def services(app: Flask) -> Services:
    """What the API's views work with."""
    return app.extensions[EXTENSION]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the API."""
    return app.test_client()
