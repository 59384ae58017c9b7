"""A Redis Cluster as child processes: three primaries and a replica of each, for a journal in shards.

redis-node.sh starts each node, and decides when one whose folder is empty may open its port.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.shards import SLOTS
from local import private
from local.child import POLL_INTERVAL
from local.ports import free_port, is_free
from local.redis import Redis, _version, find_server
from local.server import Server, ServerError, tail

SCRIPTS = Path(__file__).resolve().parent.parent / "k8s" / "components" / "redis-cluster"
OLDEST = (7, 0)  # CLUSTER ADDSLOTSRANGE, and an append-only file that is a folder
SHARDS, NODES = 3, 6
FIRST_PORT = 17_000
BUS = 10_000  # the nodes talk to each other on ports this much higher
RESTART_INTERVAL = 0.2


class Node(Redis):
    """A node: redis-node.sh, which becomes Redis once it may."""

    name = "a node of the Redis Cluster"

    def __init__(self, folder: Path, port: int, layout: str, password: str, timeout: int = 2000) -> None:
        """Belong to the shards of the layout, as in REDIS_NODES; a node that is silent this long (ms) has failed."""
        super().__init__(folder, port)
        self.password = password
        self._given = {"REDIS_NODES": layout, "REDIS_NODE_TIMEOUT": str(timeout)}

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """What redis-node.sh needs to know."""
        path = {"PATH": f"{self.binary.parent}:{os.environ['PATH']}"}
        own = {"REDIS_NODE": self.address, "REDIS_FOLDER": str(self.folder), "REDISCLI_AUTH": self.password}
        return path | self._given | own

    def command(self) -> list[str]:
        """Return the command line: Redis' own arguments, and the program that adds the cluster's."""
        return ["sh", str(SCRIPTS / "redis-node.sh"), *super().command()[1:]]

    def create(self, timeout: float) -> None:
        """Make the cluster of all nodes, unless there is one. Raises ServerError."""
        command = ["sh", str(SCRIPTS / "redis-create.sh")]
        try:
            done = subprocess.run(
                command, env=os.environ | self.env, capture_output=True, text=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired as expired:
            raise ServerError(f"Redis Cluster: it is not made after {timeout:.0f} s: {expired.stdout!r}") from None
        if done.returncode:
            raise ServerError(f"Redis Cluster: {done.stdout}{done.stderr}")

    def ask(self, command: str) -> dict[str, str]:
        """Return the answer to INFO or CLUSTER INFO; empty if there is none."""
        once = Retry(NoBackoff(), 0)
        client = redis.Redis("127.0.0.1", self.port, password=self.password, socket_timeout=1, retry=once)
        try:
            lines = client.execute_command(*command.split())
        except redis.RedisError:
            return {}
        finally:
            client.close()
        return lines if isinstance(lines, dict) else dict(line.split(":", 1) for line in lines.decode().split())

    def _wait(self) -> None:
        """Return immediately: the node may have to wait for its peers."""


class Cluster(Server):
    """All nodes, each restarted if it ends: started and ended like one server."""

    name = "Redis Cluster"
    node_type: ClassVar[type[Node]] = Node

    def __init__(self, folder: Path, ports: Sequence[int] = (), timeout: int = 2000) -> None:
        """Keep the nodes in this folder. If no ports are given, they are chosen once; the timeout is that of a Node."""
        if _version(find_server()) < OLDEST or not find_server().with_name("redis-cli").exists():
            raise ServerError("Redis Cluster: install redis-server 7.0 or newer, with its redis-cli")
        super().__init__(folder, 0)
        ports = ports or _kept_ports(self.folder / "ports")
        shards = (ports[shard::SHARDS] for shard in range(SHARDS))
        layout = " ".join(",".join(f"127.0.0.1:{port}" for port in shard) for shard in shards)
        self.password = private.kept(self.folder / "password", lambda: secrets.token_urlsafe(18))
        self.nodes = [
            self.node_type(self.folder / str(number), port, layout, self.password, timeout)
            for number, port in enumerate(ports)
        ]
        self.held: set[Node] = set()
        """Those that are not restarted."""
        self._ending = threading.Event()
        self._restarting: threading.Thread | None = None

    @property
    def addresses(self) -> list[str]:
        """Host and port of each node."""
        return [node.address for node in self.nodes]

    @property
    def url(self) -> str:
        """The address of all nodes, with the password."""
        return f"redis+cluster://:{self.password}@{','.join(self.addresses)}/"

    @property
    def running(self) -> bool:
        """Whether the nodes run, or are restarted."""
        return self._restarting is not None and self._restarting.is_alive()

    def start(self) -> None:
        """Start all nodes, make the cluster the first time, and wait until it has an owner for every slot."""
        if self.running:
            return
        for node in self.nodes:
            node.start()
        self._ending.clear()
        deadline = time.monotonic() + self.start_timeout
        self.nodes[0].create(self.start_timeout)
        while not self.answers():
            if time.monotonic() > deadline:
                raise ServerError(f"{self.name}: not all slots have an owner\n{self._logs()}")
            time.sleep(POLL_INTERVAL)
        self._restarting = threading.Thread(target=self._restart, daemon=True)
        self._restarting.start()

    def answers(self) -> bool:
        """Return whether a node sees an owner for every slot."""
        return any(node.ask("CLUSTER INFO").get("cluster_slots_ok") == str(SLOTS) for node in self.nodes)

    def stop(self, number: signal.Signals | None = None) -> None:
        """End all nodes, side by side: a primary waits for its replicas, which end as well."""
        self._end()
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda node: node.stop(number), self.nodes))

    def kill(self) -> None:
        """End all nodes with SIGKILL."""
        self._end()
        for node in self.nodes:
            node.kill()

    def why_ended(self) -> str:
        """Return what the nodes logged last."""
        return f"{self.name} ended:\n{self._logs()}"

    def _end(self) -> None:
        self._ending.set()
        if self._restarting:
            self._restarting.join()

    def _restart(self) -> None:
        while not self._ending.wait(RESTART_INTERVAL):
            for node in self.nodes:
                if not node.running and node not in self.held:
                    with suppress(ServerError, OSError):  # it is tried again
                        node.kill()  # what the node started holds its folder
                        node.start()

    def _logs(self) -> str:
        return "\n".join(f"{node.address}\n{tail(node.log, 2)}" for node in self.nodes if node.log.exists())


def _kept_ports(file: Path) -> list[int]:
    """Return the nodes' ports, the same each time; one that was taken since is replaced, which the others learn."""
    kept = private.kept(file, lambda: " ".join(str(FIRST_PORT + number) for number in range(NODES)))
    ports = [int(port) for port in kept.split()]
    free = [port if is_free(port) and is_free(port + BUS) else node_port() for port in ports]
    if free != ports:
        private.write(file, " ".join(map(str, free)))
    return free


def node_port() -> int:
    """Return a free port whose bus port is free, too."""
    while True:
        port = free_port() - BUS
        if is_free(port):
            return port
