"""Real servers for the tests of the promise: Redis with AOF and fsync always, PostgreSQL, granian, Celery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import Client

from local.system import System


@pytest.fixture
def bare_system(tmp_path: Path) -> Iterator[System]:
    """A system of one's own: Redis, PostgreSQL, an API; no worker yet."""
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
