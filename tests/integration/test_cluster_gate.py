"""The gate of a Redis Cluster: a node whose folder is empty opens its port only when that can harm nothing."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import MovedError
from redis.retry import Retry
from support import eventually

import local.cluster
import local.redis
from local.cluster import NODES, SCRIPTS, SHARDS, Cluster, Node, node_port
from local.ports import free_port, is_free

TIMEOUT = 2000  # ms
WRITES = 50
SHUT = "stays shut"


class Tried(Cluster):
    """A cluster whose nodes the test itself restarts."""

    def _restart(self) -> None:
        self._ending.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster for all tests; each leaves it as it was, up to which node of a shard is the primary."""
    skip_without_redis_7()
    with Tried(tmp_path_factory.mktemp("cluster"), [node_port() for _ in range(NODES)], TIMEOUT) as made:
        eventually(lambda: in_pairs(made), within=60)
        yield made
        made.kill()  # Redis does not end while it writes its file for the first time


def skip_without_redis_7() -> None:
    binary = local.redis.find_server()
    if local.redis._version(binary) < local.cluster.OLDEST or not binary.with_name("redis-cli").exists():
        pytest.skip("NO REDIS 7 WITH ITS redis-cli, the gate of a cluster is not tested: install redis-server 7")


def client(node: Node) -> Redis:
    return Redis("127.0.0.1", node.port, password=node.password, socket_timeout=2, retry=Retry(NoBackoff(), 0))


def told(node: Node) -> str:
    """Return what a node has logged since it was started."""
    return node.log.read_text("utf-8")


def is_primary(node: Node) -> bool:
    info = node.ask("INFO")
    return info.get("role") == "master" and info.get("connected_slaves") == 1


def is_replica(node: Node) -> bool:
    info = node.ask("INFO")
    return info.get("role") == "slave" and info.get("master_link_status") == "up"


def pair(cluster: Cluster, shard: int) -> tuple[Node, Node]:
    """Return the primary of a shard, and its replica."""
    first, second = cluster.nodes[shard::SHARDS]
    return (first, second) if is_primary(first) else (second, first)


def in_pairs(cluster: Cluster) -> bool:
    """Tell whether each shard has a primary and a replica with all data, which may take over."""
    return all(
        is_primary(primary) and is_replica(replica) and (replica.folder / "appendonlydir/whole").exists()
        for primary, replica in (pair(cluster, shard) for shard in range(SHARDS))
    )


def acknowledged(primary: Node, number: int = WRITES) -> set[str]:
    """Write keys to a shard, each acknowledged by its replica."""
    eventually(lambda: primary.ask("CLUSTER INFO").get("cluster_state") == "ok", within=60)
    with client(primary) as redis:
        tag = next(str(number) for number in range(1000) if owns(redis, f"{{{number}}}"))
        keys = {f"{{{tag}}}{time.monotonic_ns()}" for _ in range(number)}
        for key in keys:
            redis.set(key, "x")
            assert redis.wait(1, 2000) == 1
    return keys


def owns(redis: Redis, key: str) -> bool:
    try:
        redis.exists(key)
    except MovedError:
        return False
    return True


def missing(node: Node, keys: set[str]) -> set[str]:
    """Return which keys a node does not have, a replica too."""
    with client(node) as redis:
        return keys - {key.decode() for key in redis.keys("*")}


def known(node: Node) -> dict[str, dict[str, str]]:
    """Return what a node knows of each node, by its address."""
    with client(node) as redis:
        return redis.execute_command("CLUSTER NODES")


def failed(witness: Node, node: Node) -> bool:
    """Tell whether a node has seen that another has failed."""
    return "fail" in known(witness)[node.address]["flags"].split(",")


def empty(node: Node) -> None:
    """Kill a node and erase its folder, before anyone can notice."""
    node.pause()
    shutil.rmtree(node.folder)
    node.kill()


def listens(node: Node) -> bool:
    return not is_free(node.port)


def test_an_emptied_primary_stays_shut_until_its_replica_has_taken_over(cluster: Cluster) -> None:
    primary, replica = pair(cluster, 0)
    keys = acknowledged(primary)
    empty(primary)
    primary.start()
    while replica.ask("INFO").get("role") != "master":
        assert not listens(primary)
        time.sleep(0.02)
    eventually(lambda: in_pairs(cluster), within=60)
    assert is_primary(replica)
    assert missing(replica, keys) == missing(primary, keys) == set()
    assert told(primary).count(SHUT) == 1
    eventually(lambda: all(known(node).keys() == set(cluster.addresses) for node in cluster.nodes), within=60)


def test_an_unfinished_copy_is_not_elected(cluster: Cluster) -> None:
    """The primary dies, with its folder, while its emptied replica waits for the data."""
    primary, replica = pair(cluster, 1)
    keys = acknowledged(primary)
    with client(primary) as redis:
        redis.config_set("repl-diskless-sync-delay", 60)
    empty(replica)
    replica.start()
    eventually(lambda: replica.ask("INFO").get("role") == "slave", within=60)
    primary.kill()
    others = pair(cluster, 2)[0]
    eventually(lambda: failed(others, primary), within=60)
    time.sleep(1.5 * TIMEOUT / 1000)
    assert replica.ask("INFO").get("role") == "slave"
    primary.start()
    eventually(lambda: in_pairs(cluster), within=60)
    assert missing(primary, keys) == missing(replica, keys) == set()


def test_making_the_cluster_again_changes_nothing(cluster: Cluster) -> None:
    before = {node.port: node.ask("CLUSTER INFO")["cluster_current_epoch"] for node in cluster.nodes}
    keys = acknowledged(pair(cluster, 0)[0])
    cluster.nodes[0].create(10)
    assert in_pairs(cluster)
    assert before == {node.port: node.ask("CLUSTER INFO")["cluster_current_epoch"] for node in cluster.nodes}
    assert missing(pair(cluster, 0)[0], keys) == set()


def test_a_node_that_kept_its_folder_is_restarted_and_waits_for_no_one(cluster: Cluster) -> None:
    primary, replica = pair(cluster, 2)
    keys = acknowledged(primary)
    primary.kill()
    with restarting(cluster):
        eventually(primary.answers, within=TIMEOUT / 1000)
    assert "opens" not in told(primary)
    eventually(lambda: in_pairs(cluster), within=60)
    assert missing(primary, keys) == missing(replica, keys) == set()


@contextmanager
def restarting(cluster: Cluster) -> Iterator[None]:
    """Have nodes that end restarted, as in `make run`."""
    thread = threading.Thread(target=Cluster._restart, args=[cluster])
    thread.start()
    yield
    cluster._ending.set()
    thread.join()
    cluster._ending.clear()


def test_all_nodes_come_back_under_other_addresses(cluster: Cluster) -> None:
    """As pods do; each has the others meet it."""
    keys = acknowledged(pair(cluster, 0)[0])
    cluster.stop()
    before = cluster.nodes
    cluster.nodes = Cluster(cluster.folder, [node_port() for _ in range(NODES)], TIMEOUT).nodes
    cluster.start()
    eventually(lambda: in_pairs(cluster), within=60)
    assert missing(pair(cluster, 0)[0], keys) == missing(pair(cluster, 0)[1], keys) == set()
    assert not {node.address for node in before} & known(cluster.nodes[0]).keys()


def test_a_cluster_without_its_nodes_conf_is_not_taken_for_a_new_one(cluster: Cluster) -> None:
    """Its data would be lost; with nodes.conf the whole cluster comes back."""
    keys = {shard: acknowledged(pair(cluster, shard)[0], 10) for shard in range(SHARDS)}
    cluster.stop()
    for node in cluster.nodes:
        (node.folder / "nodes.conf").rename(node.folder / "kept")
        node.start()
    eventually(lambda: all(SHUT in told(node) for node in cluster.nodes), within=60)
    time.sleep(1)
    assert not any(listens(node) for node in cluster.nodes)
    for node in cluster.nodes:
        node.kill()
        (node.folder / "kept").rename(node.folder / "nodes.conf")
    cluster.start()
    eventually(lambda: in_pairs(cluster), within=60)
    for shard, of_shard in keys.items():
        primary, replica = pair(cluster, shard)
        assert missing(primary, of_shard) == missing(replica, of_shard) == set()
    assert not any("opens" in told(node) for node in cluster.nodes)


def test_peers_that_are_silent_keep_it_shut(cluster: Cluster) -> None:
    """Those that answer have given it up; they are too few."""
    replica = pair(cluster, 0)[1]
    silent = [*pair(cluster, 1), pair(cluster, 2)[1]]
    for node in silent:
        node.pause()
    empty(replica)
    replica.start()
    eventually(lambda: SHUT in told(replica), within=60)
    time.sleep(1.5)
    assert not listens(replica)
    assert "2 of 5 peers have given it up" in told(replica)
    for node in silent:
        assert node.address in told(replica).split("Silent:")[1].split(".  ")[0]
        node.resume()
    eventually(lambda: in_pairs(cluster), within=60)


def test_an_operator_gives_up_a_shard_that_lost_both_folders(cluster: Cluster) -> None:
    primary, replica = pair(cluster, 2)
    empty(replica)
    empty(primary)
    replica.start()
    primary.start()
    eventually(lambda: replica.answers() and known(replica).keys() >= set(cluster.addresses), within=60)
    assert SHUT in told(primary)
    [lost] = known(cluster.nodes[0])[primary.address]["slots"]
    with client(replica) as redis:
        redis.execute_command("CLUSTER ADDSLOTSRANGE", *lost)
        redis.execute_command("CLUSTER BUMPEPOCH")
    eventually(lambda: in_pairs(cluster), within=60)
    assert is_primary(replica)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "no mark": lambda folder: (folder / "appendonlydir/whole").unlink(),
    "no data": lambda folder: shutil.rmtree(folder / "appendonlydir"),
    "no nodes.conf": lambda folder: (folder / "nodes.conf").unlink(),
    "half of nodes.conf": lambda folder: os.truncate(folder / "nodes.conf", 300),
    "no incremental file": lambda folder: next(folder.glob("appendonlydir/*.incr.aof")).unlink(),
    "an empty base": lambda folder: os.truncate(next(folder.glob("appendonlydir/*.base.rdb")), 0),
    "an empty manifest": lambda folder: os.truncate(next(folder.glob("appendonlydir/*.manifest")), 0),
    "another's mark": lambda folder: (folder / "appendonlydir/whole").write_text("0" * 40),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_folder_that_is_not_whole_counts_as_empty(cluster: Cluster, tmp_path: Path, damage: str) -> None:
    shutil.copytree(cluster.nodes[0].folder, tmp_path / "node")
    port = node_port()
    with Node(tmp_path / "node", port, f"127.0.0.1:{port},127.0.0.1:{free_port()}", "password") as node:
        pass
    DAMAGE[damage](tmp_path / "node")
    with node:
        eventually(lambda: SHUT in told(node) or "Ready to accept" in told(node), within=60)
        assert (SHUT in told(node)) == (damage != "nothing")


def test_without_the_gate_all_is_lost(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last test, since it breaks the cluster."""
    mutant = shutil.copytree(SCRIPTS, tmp_path / "mutant") / "redis-node.sh"
    mutant.write_text(mutant.read_text("utf-8").replace("\n    wait_outside\n", "\n"), "utf-8")
    primary, replica = pair(cluster, 0)
    keys = acknowledged(primary)
    monkeypatch.setattr(local.cluster, "SCRIPTS", mutant.parent)
    empty(primary)
    primary.start()
    eventually(lambda: missing(replica, keys) == keys, within=60)
