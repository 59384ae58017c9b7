"""The real system where any machine may be lost: a journal in shards on a Redis Cluster, and a synchronous standby."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from support import eventually

from core.connection import Shard, connect_shards
from core.durability import KNOWS_REPLICAS_DISKS
from faults.world import READY_WITHIN, World
from local.cluster import BUS, NODES, SHARDS, SLOTS, Cluster, Node, node_port
from local.ports import free_port
from local.postgres import Postgres
from local.redis import _version, find_server
from local.standby import Standby, hosts

TIMEOUT = 2000
"""ms after which a node has failed."""
KNOWS_DISKS = _version(find_server()) >= KNOWS_REPLICAS_DISKS


class Machine(Node):
    """A node that can be told to say nothing to the others, who reach it through a proxy."""

    bus: int

    def command(self) -> list[str]:
        """Return the command line."""
        return [*super().command(), "--enable-debug-command", "yes", "--cluster-announce-bus-port", str(self.bus)]


class Machines(Cluster):
    """A cluster of such nodes."""

    node_type = Machine


class ClusterWorld(World):
    """Everything started; the Redis of the other world has the wake-ups alone, and no proxy is between the tiers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.cluster = Machines(folder / "cluster", [node_port() for _ in range(NODES)], TIMEOUT)
        for number, node in enumerate(self.cluster.nodes):
            node.bus = self._link_ports[f"bus{number}"]  # type: ignore[attr-defined]
        self.shard_count = SHARDS
        self.primary: Postgres = self.postgres
        self.standby = Standby(folder / "standby", free_port(), self.postgres)
        self._hosts = (self.primary.port, self.standby.port)
        self._retired: list[Postgres] = []

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        for server in (self.cluster, self.standby, self.primary, *self._retired):
            server.kill()

    def start_servers(self) -> None:
        """Start what the tiers need."""
        super().start_servers()
        self.cluster.start()
        self.standby.start()
        self._shards = connect_shards(self.cluster.url, 48, 5)
        self.wait_whole()

    def targets(self) -> dict[str, int]:
        """Return the port to which each link leads, those between the nodes as well."""
        return super().targets() | {f"bus{number}": node.port + BUS for number, node in enumerate(self.cluster.nodes)}

    @property
    def shards(self) -> list[Shard]:
        """The shards of the journal."""
        return self._shards[: self.shard_count]

    def api_env(self) -> dict[str, str]:
        """Return where an API finds its servers."""
        return self._journal() | {"DATABASE_READ_URL": hosts(self.postgres.reader_url, *self._hosts)}

    def worker_env(self) -> dict[str, str]:
        """Return where a worker finds them."""
        return self._journal() | {"DATABASE_URL": hosts(self.postgres.writer_url, *self._hosts)}

    def connected(self) -> Any:
        """Yield a cursor of the superuser of the present primary."""
        return super().connected(self.primary.superuser_url)

    def replace_database(self) -> None:
        """Destroy the primary, promote its standby, and have a new one, which takes the place of the destroyed."""
        old = self.primary
        old.kill()
        shutil.rmtree(old.home / "cluster")
        self.standby.promote()
        self.primary = self.standby
        self._retired.append(old)
        self.standby = Standby(self.folder / f"standby{len(self._retired)}", old.port, self.primary)
        self.standby.start()

    def owner_of(self, shard: int) -> Node:
        """Return the node that has a shard."""
        port = int(self._shards[shard].redis.config_get("port")["port"])
        return next(node for node in self.cluster.nodes if node.port == port)

    def replica_of(self, primary: Node) -> Node:
        """Return its replica."""
        found = (
            node
            for node in self.cluster.nodes
            if node.ask("INFO").get("master_port") in {primary.port, str(primary.port)}
        )
        return next(found)

    def is_whole(self) -> bool:
        """Tell whether every shard has an owner and a replica with all its data, and is accepting strings."""
        infos = [node.ask("INFO") for node in self.cluster.nodes]
        owners = sum(info.get("role") == "master" and bool(info.get("connected_slaves")) for info in infos)
        copies = sum(info.get("master_link_status") == "up" for info in infos)
        slots = (node.ask("CLUSTER INFO").get("cluster_slots_ok") for node in self.cluster.nodes)
        if owners != SHARDS or copies != NODES - SHARDS or set(slots) != {str(SLOTS)}:
            return False
        seen = [json.loads(self.reach(number) or "{}") for number in range(len(self.apis))]
        return all(each.get("accepting") and not each["shards_refusing"] for each in seen)

    def wait_whole(self) -> None:
        """Wait until it is: what is harmed before would be a second loss."""
        eventually(self.is_whole, READY_WITHIN)

    def _journal(self) -> dict[str, str]:
        return {
            "REDIS_URL": self.cluster.url,
            "CELERY_BROKER_URL": self.redis.url,
            "JOURNAL_SHARDS": str(self.shard_count),
            "JOURNAL_REPLICAS": "1",
            "ALLOW_VOLATILE_JOURNAL": str(not KNOWS_DISKS),
        }
