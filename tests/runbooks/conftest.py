"""A system that kubectl and ssh lead to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from k8s.render import missing
from redis_pod import skip_without_users
from runbooks.commands import Commands
from runbooks.processes import Processes
from support import Client


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """The overlay's tiers as processes."""
    skip_without_users()
    if reason := missing():
        pytest.skip(reason)
    with Processes(tmp_path_factory.mktemp("cluster")).running() as started:
        yield started


@pytest.fixture
def shell(cluster: Processes) -> Iterator[dict[str, str]]:
    """The variables of an operator's shell."""
    with Commands(cluster).served() as variables:
        yield variables


@pytest.fixture
def client(cluster: Processes) -> Iterator[Client]:
    """A client of the page's port."""
    with Client(base_url=cluster.url, timeout=15) as made:
        yield made
