"""The Redis Cluster as its pods run it: by start.sh and start-pod.sh, with the users of the tiers and of the nodes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from redis import Redis
from redis.exceptions import AuthenticationError
from redis_pod import KEEPER, RedisPod, skip_without_users, url_as
from support import eventually

from local.cluster import SCRIPTS, node_port

pytestmark = pytest.mark.timeout(300)

SHARDS, PODS = 3, 2
PATIENCE = 120
"""Seconds for what takes a few: other tests run beside these."""
PASSWORD = "node"
MANIFEST = yaml.safe_load((SCRIPTS / "shard" / "statefulset.yaml").read_text("utf-8"))
[CONTAINER] = MANIFEST["spec"]["template"]["spec"]["containers"]


class ClusterPod(RedisPod):
    """A node of the cluster."""

    def __init__(self, folder: Path, name: str, port: int, layout: str) -> None:
        super().__init__(folder / name)
        self.port = port
        self.files = {**self.files, **{path.name: path.read_text("utf-8") for path in SCRIPTS.glob("*.sh")}}
        self.variables = {each["name"]: each["value"] for each in CONTAINER["env"] if "value" in each}
        self.variables |= {"POD_NAME": name, "REDIS_NODE": f"127.0.0.1:{port}", "REDIS_NODES": layout}
        self.variables |= {"REDISCLI_AUTH": PASSWORD, "REDIS_NODE_TIMEOUT": "3000"}

    def prepare(self) -> None:
        super().prepare()
        options = f"--bind 127.0.0.1 --port {self.port}"
        self._program(
            "redis-server",
            f'[ "$1" != - ] || exec {self.binary} -\nconf=$1; shift\nexec {self.binary} "$conf" {options} "$@"',
        )

    def ready(self) -> bool:
        """Probe once whether it is ready."""
        return self._run(*CONTAINER["readinessProbe"]["exec"]["command"])

    def create(self) -> bool:
        """Run what the Job runs."""
        return self._run("sh", "/etc/redis/redis-create.sh")

    def _run(self, *command: str) -> bool:
        words = [self.here(word) for word in command]
        return subprocess.run(["env", *self.environment, *words], check=False, timeout=PATIENCE).returncode == 0


@pytest.fixture(scope="module")
def pods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ClusterPod]]:
    """The pods of each shard, the first one's first."""
    skip_without_users()
    ports = [[node_port() for _ in range(PODS)] for _ in range(SHARDS)]
    layout = " ".join(",".join(f"127.0.0.1:{port}" for port in shard) for shard in ports)
    folder = tmp_path_factory.mktemp("pods")
    made = [
        ClusterPod(folder, f"redis-cluster-{shard}-{number}", port, layout)
        for shard, of_shard in enumerate(ports)
        for number, port in enumerate(of_shard)
    ]
    try:
        with ThreadPoolExecutor(len(made)) as pool:
            list(pool.map(lambda pod: pod.start(), made))  # they wait for each other
        assert made[0].create()
        yield made
    finally:
        for pod in made:
            pod.kill()


def test_the_nodes_users_suffice_and_the_job_may_run_twice(pods: list[ClusterPod]) -> None:
    eventually(lambda: all(pod.ready() for pod in pods), within=PATIENCE)
    eventually(lambda: all(known(pod) == known(pods[0]) for pod in pods), within=PATIENCE)
    before = known(pods[0])
    assert pods[0].create()
    assert all(known(pod) == before for pod in pods)


def known(pod: ClusterPod) -> dict[str, tuple[str, str]]:
    """Return what a node knows of each: whose replica it is, and its slots."""
    with Redis.from_url(pod.url) as redis:
        nodes = redis.execute_command("CLUSTER NODES")
    return {address: (about["master_id"], str(about["slots"])) for address, about in nodes.items()}


def test_an_emptied_primary_comes_back_with_the_data_of_its_replica(pods: list[ClusterPod]) -> None:
    eventually(lambda: all(pod.ready() for pod in pods), within=PATIENCE)
    primary, replica = sorted(pods[:PODS], key=lambda pod: not is_primary(pod))
    with Redis.from_url(primary.url_as(KEEPER)) as redis:
        eventually(lambda: redis.execute_command("CLUSTER INFO")["cluster_state"] == "ok", within=PATIENCE)
        redis.set("{3}key", "value")  # in a slot of the first shard
        assert redis.wait(1, 20_000) == 1
    primary.pause()
    shutil.rmtree(primary.folder / "data")
    primary.kill()
    assert not primary.ready()
    primary.start()
    eventually(primary.ready, within=PATIENCE)
    for pod in (primary, replica):
        with Redis.from_url(pod.url_as(KEEPER)) as redis:
            assert redis.keys() == [b"{3}key"]
    assert is_primary(replica)


def is_primary(pod: ClusterPod) -> bool:
    """Return whether it is its shard's primary: on a busy machine that may have changed."""
    with Redis.from_url(pod.url_as(KEEPER)) as redis:
        return redis.info("replication")["role"] == "master"


def test_no_shard_can_copy_another(pods: list[ClusterPod]) -> None:
    first, other = (hashlib.sha256(f"redis-cluster-{shard} {PASSWORD}".encode()).hexdigest() for shard in (0, 1))
    with Redis.from_url(url_as(pods[0].port, "replica", first)) as redis:
        assert redis.ping()
    with Redis.from_url(url_as(pods[0].port, "replica", other)) as redis, pytest.raises(AuthenticationError):
        redis.ping()
