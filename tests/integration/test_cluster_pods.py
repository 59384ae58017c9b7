"""The Redis Cluster as its pods run it: by start.sh and start-pod.sh, with the users of the tiers and of the nodes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Listener
from pathlib import Path

import pytest
import yaml
from redis import Redis
from redis.exceptions import AuthenticationError
from redis_pod import KEEPER, RedisPod, skip_without_users, url_as
from support import eventually

from local.cluster import SCRIPTS, node_port
from local.system import ROOT

pytestmark = pytest.mark.timeout(300)

SHARDS, PODS = 3, 2
PATIENCE = 120
"""Seconds for what takes a few: other tests run beside these."""
PASSWORD = "node"
Answer = tuple[int, bytes, bytes]
"""Status, output and errors of a command."""
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


class Kubectl:
    """Does with the pods what k8s/replace-redis-node.sh asks for."""

    def __init__(self, pods: Sequence[ClusterPod]) -> None:
        self._pods = {pod.folder.name: pod for pod in pods}
        self._unclaimed: set[str] = set()

    @contextmanager
    def served(self, folder: Path) -> Iterator[dict[str, str]]:
        """Answer meanwhile; yields the environment in which it is found."""
        program = folder / "bin" / "kubectl"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/tests/runbooks/shim.py kubectl "$@"\n', "utf-8")
        program.chmod(0o755)
        socket = str(folder / "socket")
        with Listener(socket, "AF_UNIX") as listener:
            threading.Thread(target=self._serve, args=[listener], daemon=True).start()
            yield os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "CLUSTER": socket}

    def _serve(self, listener: Listener) -> None:
        with suppress(OSError, EOFError):
            while True:
                with listener.accept() as connection:
                    _, words, _ = connection.recv()
                    connection.send(self._answer(words[words.index("ix-dummies") + 1 :]))

    def _answer(self, words: list[str]) -> Answer:
        match words:
            case ["exec", name, "--", *command]:
                pod = self._pods[name]
                there = [pod.here(word) for word in command]
                done = subprocess.run(["env", *pod.environment, *there], capture_output=True, timeout=30, check=False)
                return done.returncode, done.stdout, done.stderr
            case ["delete", "pvc", name, "--wait=false"]:
                self._unclaimed.add(name.removeprefix("data-"))
            case ["delete", "pod", name]:
                pod = self._pods[name]
                pod.kill()
                if name in self._unclaimed:
                    shutil.rmtree(pod.folder / "data")
                pod.start()
            case ["wait", "--for=condition=Ready", name, _]:
                return int(not self._pods[name.removeprefix("pod/")].ready()), b"", b""
            case _:
                return 1, b"", f"unknown: {words}".encode()
        return 0, b"", b""


def replace(kubectl: Kubectl, folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Run the script."""
    with kubectl.served(folder) as env:
        return subprocess.run(
            [ROOT / "k8s" / "replace-redis-node.sh", name],
            env=env,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )


def test_a_primary_hands_its_shard_over_before_it_is_replaced(pods: list[ClusterPod], tmp_path: Path) -> None:
    eventually(lambda: all(pod.ready() for pod in pods), within=PATIENCE)
    primary, replica = sorted(pods[:PODS], key=lambda pod: not is_primary(pod))
    with Redis.from_url(primary.url_as(KEEPER)) as redis:
        eventually(lambda: redis.execute_command("CLUSTER INFO")["cluster_state"] == "ok", within=PATIENCE)
        redis.set("{3}key", "value")  # in a slot of the first shard
        its_id = redis.execute_command("CLUSTER MYID")
    done = replace(Kubectl(pods), tmp_path, primary.folder.name)
    assert done.returncode == 0, done.stderr
    assert f"{replica.folder.name} has taken over the shard" in done.stderr
    assert is_primary(replica)
    with Redis.from_url(primary.url_as(KEEPER)) as redis:
        assert redis.execute_command("CLUSTER MYID") != its_id  # its folder was empty
        assert redis.keys() == [b"{3}key"]


def test_nothing_is_deleted_whose_copy_is_not_whole(pods: list[ClusterPod], tmp_path: Path) -> None:
    eventually(lambda: all(pod.ready() for pod in pods), within=PATIENCE)
    mark = pods[1].folder / "data" / "appendonlydir" / "whole"
    aside = mark.rename(tmp_path / "whole")
    done = replace(Kubectl(pods), tmp_path, pods[0].folder.name)
    shutil.copy(aside, mark)
    assert done.returncode == 1
    assert done.stderr == f"{pods[1].folder.name} has not got all data of the shard; nothing was changed\n"
    assert pods[0].running
