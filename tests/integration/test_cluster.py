"""A journal on a Redis Cluster: a machine is destroyed, disk and all, and nothing that was accepted is lost.

A Redis before 7.2 does not know what is on its replicas' disks; with one it is enough here that they have received it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support import Client, eventually, query

import local.cluster
import local.redis
from core.cluster import slot_of
from core.connection import connect
from core.durability import KNOWS_REPLICAS_DISKS
from core.keys import CLUSTER_KEYS, TAG
from local.cluster import NODES, Cluster, Node, node_port
from local.system import System

pytestmark = pytest.mark.timeout(180)

TIMEOUT = 2000  # ms, after which a node has failed


class OnCluster(System):
    """A system whose journal is on a cluster; the Redis of its own carries the wake-ups."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        super().__init__(folder)
        self.cluster = cluster

    @property
    def env(self) -> dict[str, str]:
        """The environment of the tiers."""
        journal = {"REDIS_URL": self.cluster.url, "CELERY_BROKER_URL": self.redis.url}
        old = local.redis._version(local.redis.find_server()) < KNOWS_REPLICAS_DISKS
        return super().env | journal | {"JOURNAL_REPLICAS": "1", "ALLOW_VOLATILE_JOURNAL": str(old)}


class Load(threading.Thread):
    """Submits strings one after another, each until it is accepted."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url, self._ending = url, threading.Event()
        self.accepted: list[str] = []

    def run(self) -> None:
        with Client(base_url=self._url, timeout=10) as client:
            number = 0
            while not self._ending.is_set():
                try:
                    response = client.submit(f"string {number}", key=f"key {number}")
                except httpx.TransportError:
                    continue
                if response.status_code == 202:
                    self.accepted.append(response.json()["id"])
                    number += 1
                else:
                    time.sleep(0.05)

    def end(self) -> None:
        self._ending.set()
        self.join()


@pytest.fixture
def system(tmp_path: Path) -> Iterator[OnCluster]:
    """A system on a cluster of its own, with an API and a worker."""
    binary = local.redis.find_server()
    if local.redis._version(binary) < local.cluster.OLDEST or not binary.with_name("redis-cli").exists():
        pytest.skip("NO REDIS 7 WITH ITS redis-cli, a journal on a cluster is not tested: install redis-server 7")
    with (
        Cluster(tmp_path / "cluster", [node_port() for _ in range(NODES)], TIMEOUT) as cluster,
        OnCluster(tmp_path / "system", cluster) as system,
    ):
        system.start_api()
        system.start_worker()
        with Client(base_url=system.api_url) as client:
            eventually(lambda: client.get("/pipeline").json()["accepting"], within=60)
        yield system


def owner_of_the_journal(cluster: Cluster) -> Node:
    """Return the node that has the journal."""
    with connect(cluster.url) as redis:
        port = redis.config_get("port")["port"]
    return next(node for node in cluster.nodes if node.port == int(port))


def stored(system: System) -> set[str]:
    """Return the ids of all rows."""
    return {id_ for (id_,) in query(system, "SELECT id FROM dummies")}


def test_all_keys_of_a_journal_are_in_one_slot() -> None:
    names = [name for name in vars(CLUSTER_KEYS).values() if isinstance(name, str)]
    assert all(name.startswith(f"{{{TAG}}}:") for name in names)
    assert slot_of(TAG) == 7505


def test_a_primary_that_is_destroyed_takes_nothing_with_it(system: OnCluster) -> None:
    load = Load(system.api_url)
    load.start()
    eventually(lambda: len(load.accepted) > 100, within=60)
    destroyed = owner_of_the_journal(system.cluster)
    destroyed.folder.rename(destroyed.folder.with_suffix(".destroyed"))  # first: it is restarted immediately
    destroyed.kill()
    at = len(load.accepted)
    eventually(lambda: len(load.accepted) > at + 100, within=60)
    load.end()
    eventually(lambda: stored(system) == set(load.accepted), within=60)


def test_a_planned_failover_loses_nothing(system: OnCluster) -> None:
    load = Load(system.api_url)
    load.start()
    eventually(lambda: len(load.accepted) > 50, within=60)
    before = owner_of_the_journal(system.cluster)
    replica = next(
        node for node in system.cluster.nodes if str(node.ask("INFO").get("master_port")) == str(before.port)
    )
    with connect(f"redis://:{replica.password}@{replica.address}/0") as redis:
        redis.execute_command("CLUSTER", "FAILOVER")
    eventually(lambda: owner_of_the_journal(system.cluster) is replica, within=60)
    at = len(load.accepted)
    eventually(lambda: len(load.accepted) > at + 50, within=60)
    load.end()
    eventually(lambda: stored(system) == set(load.accepted), within=60)
    with Client(base_url=system.api_url) as client:
        assert client.get("/pipeline").json()["set_back"] is None
