"""A journal in shards on a Redis Cluster: a machine is destroyed, and nothing that was accepted is lost.

A Redis before 7.2 does not know what is on its replicas' disks; with one it is enough here that they have received it.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support import Client, eventually, query

import local.cluster
import local.redis
from api.ids import submission_id
from core.connection import connect, connect_shards
from core.durability import KNOWS_REPLICAS_DISKS
from core.shards import shard_of
from doctor.redis import look_at_cluster
from local.cluster import NODES, Cluster, Node, node_port
from local.system import System

pytestmark = pytest.mark.timeout(180)

TIMEOUT = 2000  # ms, after which a node has failed
SHARDS = 3
UNKNOWN = "00000000-0000-8000-8000-000000000000"


class OnCluster(System):
    """A system whose journal is on a cluster; the Redis of its own carries the wake-ups."""

    def __init__(self, folder: Path, cluster: Cluster, shards: int = SHARDS) -> None:
        super().__init__(folder)
        self.cluster, self.shards = cluster, shards

    @property
    def env(self) -> dict[str, str]:
        """The environment of the tiers."""
        journal = {"REDIS_URL": self.cluster.url, "CELERY_BROKER_URL": self.redis.url}
        old = local.redis._version(local.redis.find_server()) < KNOWS_REPLICAS_DISKS
        durable = {"JOURNAL_REPLICAS": "1", "ALLOW_VOLATILE_JOURNAL": str(old)}
        return super().env | journal | durable | {"JOURNAL_SHARDS": str(self.shards)}


class Load(threading.Thread):
    """Submits strings that belong to one shard, one after another, each until it is accepted."""

    def __init__(self, url: str, shard: int) -> None:
        super().__init__(daemon=True)
        self._url, self._shard, self._ending = url, shard, threading.Event()
        self.accepted: list[str] = []
        self.refused = 0

    def run(self) -> None:
        with Client(base_url=self._url, timeout=10) as client:
            while not self._ending.is_set():
                key = text = str(uuid.uuid4())
                if shard_of(submission_id(text, key, None), SHARDS) == self._shard:
                    self._submit(client, text, key)

    def _submit(self, client: Client, text: str, key: str) -> None:
        while not self._ending.is_set():
            try:
                response = client.submit(text, key=key)
            except httpx.TransportError:
                continue
            if response.status_code == 202:
                self.accepted.append(response.json()["id"])
                return
            self.refused += 1
            time.sleep(0.05)

    def end(self) -> None:
        self._ending.set()
        self.join()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Three primaries, each with a replica."""
    binary = local.redis.find_server()
    if local.redis._version(binary) < local.cluster.OLDEST or not binary.with_name("redis-cli").exists():
        pytest.skip("NO REDIS 7 WITH ITS redis-cli, a journal on a cluster is not tested: install redis-server 7")
    with Cluster(tmp_path / "cluster", [node_port() for _ in range(NODES)], TIMEOUT) as started:
        yield started


@pytest.fixture
def system(tmp_path: Path, cluster: Cluster) -> Iterator[OnCluster]:
    """A system whose journal has three shards, with an API and a worker."""
    with OnCluster(tmp_path / "system", cluster) as system:
        system.start_api()
        system.start_worker()
        wait_until_all_accept(system)
        yield system


@pytest.fixture
def loads(system: OnCluster) -> Iterator[list[Load]]:
    """A load of each shard."""
    started = [Load(system.api_url, shard) for shard in range(SHARDS)]
    for load in started:
        load.start()
    eventually(lambda: all(len(load.accepted) > 50 for load in started), within=60)
    yield started
    for load in started:
        load.end()


def wait_until_all_accept(system: OnCluster) -> None:
    """Return when every shard takes strings."""

    def accepts() -> bool:
        pipeline = client.get("/pipeline").json()
        return pipeline["accepting"] and not pipeline["shards_refusing"]

    with Client(base_url=system.api_url) as client:
        eventually(accepts, within=60)


def owner_of(cluster: Cluster, shard: int) -> Node:
    """Return the node that has a shard of the journal."""
    with connect(cluster.url, shard=shard) as redis:
        port = redis.config_get("port")["port"]
    return next(node for node in cluster.nodes if node.port == int(port))


def replica_of(cluster: Cluster, primary: Node) -> Node:
    """Return its replica."""
    return next(node for node in cluster.nodes if str(node.ask("INFO").get("master_port")) == str(primary.port))


def go_on(loads: list[Load], before: list[int]) -> bool:
    """Return whether each load was accepted for some time longer."""
    return all(len(load.accepted) > at + 20 for load, at in zip(loads, before, strict=True))


def stored(system: System) -> set[str]:
    """Return the ids of all rows."""
    return {id_ for (id_,) in query(system, "SELECT id FROM dummies")}


def end(system: OnCluster, loads: list[Load]) -> None:
    """End the load; all that was accepted is stored, and each shard's books balance."""
    for load in loads:
        load.end()
    accepted = {id_ for load in loads for id_ in load.accepted}
    eventually(lambda: accepted <= stored(system), within=60)
    wait_until_all_accept(system)
    with Client(base_url=system.api_url) as client:
        eventually(lambda: client.get("/pipeline").json()["waiting"] == 0, within=60)
        assert client.get("/pipeline").json()["unaccounted"] == 0


def test_shards_are_on_different_nodes(cluster: Cluster) -> None:
    assert len({owner_of(cluster, shard).port for shard in range(SHARDS)}) == SHARDS
    with connect(cluster.url) as redis:
        eventually(lambda: look_at_cluster(redis).ok, within=60)
        assert look_at_cluster(redis).seen == "16384 of 16384 slots have an owner that answers, 3 owners"


def test_a_primary_that_is_destroyed_takes_nothing_with_it(system: OnCluster, loads: list[Load]) -> None:
    """Meanwhile the other shards go on."""
    destroyed = owner_of(system.cluster, 0)
    destroyed.folder.rename(destroyed.folder.with_suffix(".destroyed"))  # first: it is restarted immediately
    destroyed.kill()
    eventually(lambda: loads[0].refused, within=60)
    before = [len(load.accepted) for load in loads]
    eventually(lambda: go_on(loads[1:], before[1:]), within=60)
    eventually(lambda: len(loads[0].accepted) > before[0] + 50, within=60)
    end(system, loads)


def test_a_planned_failover_loses_nothing(system: OnCluster, loads: list[Load]) -> None:
    before = owner_of(system.cluster, 0)
    replica = replica_of(system.cluster, before)
    with connect(f"redis://:{replica.password}@{replica.address}/0") as redis:
        redis.execute_command("CLUSTER", "FAILOVER")
    eventually(lambda: owner_of(system.cluster, 0) is replica, within=60)
    at = len(loads[0].accepted)
    eventually(lambda: len(loads[0].accepted) > at + 50, within=60)
    end(system, loads)
    with Client(base_url=system.api_url) as client:
        assert client.get("/pipeline").json()["set_back"] is None


def test_a_shard_that_is_away_refuses_its_share_only(system: OnCluster, loads: list[Load]) -> None:
    """Both of its nodes are away; the dead letters and the status of the other shards' strings are not."""
    primary = owner_of(system.cluster, 0)
    pair = [primary, replica_of(system.cluster, primary)]
    others = [load.accepted[-1] for load in loads[1:]]
    for node in pair:
        node.pause()
    try:
        with Client(base_url=system.api_url, timeout=10) as client:
            eventually(lambda: client.get("/pipeline").json()["shards_away"] == [0], within=60)
            seen = client.get("/pipeline").json()
            assert seen["accepting"]
            assert seen["shards_refusing"] == [0]
            with connect(system.cluster.url, shard=1) as redis:
                eventually(lambda: not look_at_cluster(redis).ok, within=60)
            before = [len(load.accepted) for load in loads]
            eventually(lambda: go_on(loads[1:], before[1:]), within=60)
            assert len(loads[0].accepted) <= before[0] + 1
            eventually(lambda: all(client.state(id_)["status"] == "stored" for id_ in others), within=60)
            last = {load.accepted[-1] for load in loads[1:]}
            eventually(lambda: last <= stored(system), within=60)
    finally:
        for node in pair:
            node.resume()
    eventually(lambda: len(loads[0].accepted) > before[0] + 20, within=60)
    end(system, loads)


def test_the_number_of_shards_is_raised(tmp_path: Path, cluster: Cluster) -> None:
    """What waits where it was appended is found, is no other string's, and is stored once."""
    with OnCluster(tmp_path / "system", cluster, shards=1) as system:
        api = system.start_api()
        wait_until_all_accept(system)
        with Client(base_url=system.api_url) as client:
            before = [client.submit(f"before {n}", key=f"key {n}").json()["id"] for n in range(20)]
        api.stop()
        system.shards = SHARDS
        system.start_api()
        wait_until_all_accept(system)
        with Client(base_url=system.api_url) as client:
            assert {client.get(f"/dummies/{id_}").json()["status"] for id_ in before} == {"queued"}
            states = client.get("/dummies/", params={"id": [*before, UNKNOWN]}).json()
            assert {state["status"] for state in states["items"]} == {"queued"}
            assert states["not_found"] == [UNKNOWN]
            assert client.get(f"/dummies/{UNKNOWN}").status_code == 404
            assert [client.submit(f"before {n}", key=f"key {n}").json()["id"] for n in range(20)] == before
            after = [client.submit(f"after {n}").json()["id"] for n in range(20)]
            system.start_worker()
            eventually(lambda: stored(system) == {*before, *after}, within=60)
            eventually(lambda: client.get("/pipeline").json()["waiting"] == 0, within=60)
            assert client.get("/pipeline").json()["unaccounted"] == 0
    appended = [shard.redis.get(shard.keys.appended) for shard in connect_shards(cluster.url, SHARDS)]
    assert all(appended)
