"""The servers of `make run`: a Redis and a PostgreSQL, or with CLUSTER=1 what survives the loss of a machine."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.durability import KNOWS_REPLICAS_DISKS
from local.cluster import SHARDS, Cluster
from local.ports import free_port
from local.postgres import Postgres
from local.redis import Redis, _version, find_server
from local.server import Server
from local.standby import Standby, hosts


class Servers:
    """A Redis and a PostgreSQL."""

    def __init__(self, data: Path, ports: Mapping[str, int]) -> None:
        """Keep everything in this folder."""
        self.redis = Redis(data / "redis", ports["REDIS_PORT"])
        self.postgres = Postgres(data / "postgres", ports["POSTGRES_PORT"])

    @property
    def all(self) -> list[Server]:
        """Those that end the system when they end."""
        return [self.redis, self.postgres]

    @property
    def journal(self) -> dict[str, str]:
        """Where the journal and the wake-ups are; not the broker that a shell may name."""
        return {"REDIS_URL": self.redis.url, "CELERY_BROKER_URL": self.redis.url}

    @property
    def writer(self) -> dict[str, str]:
        """Where the worker finds the database."""
        return {"DATABASE_URL": self._everywhere(self.postgres.writer_url)}

    @property
    def reader(self) -> dict[str, str]:
        """Where the API finds it."""
        return {"DATABASE_READ_URL": self._everywhere(self.postgres.reader_url)}

    @property
    def owner(self) -> dict[str, str]:
        """Where its owner finds it."""
        return {"DATABASE_OWNER_URL": self._everywhere(self.postgres.owner_url)}

    def _everywhere(self, url: str) -> str:
        """Return the address with all hosts that have the database."""
        return url

    def start(self) -> None:
        """Start them side by side. Raises ServerError."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda server: server.start(), self.all))

    def stop(self) -> None:
        """End them all."""
        for server in reversed(self.all):
            server.stop()

    def summary(self) -> str:
        """Return what there is besides, in lines."""
        return ""


class ClusteredServers(Servers):
    """A Redis Cluster for the journal, a Redis for the wake-ups, and a PostgreSQL with a synchronous standby."""

    def __init__(self, data: Path, ports: Mapping[str, int]) -> None:
        """Keep everything in a folder within this one: the PostgreSQL of one machine has no standby to wait for."""
        super().__init__(data / "cluster", ports)
        self.cluster = Cluster(data / "cluster" / "journal")
        self.standby = Standby(data / "cluster" / "standby", free_port(), self.postgres)
        self._knows_disks = _version(find_server()) >= KNOWS_REPLICAS_DISKS

    @property
    def all(self) -> list[Server]:
        """Those that end the system when they end; the standby and the nodes of the cluster may."""
        return [*super().all, self.cluster]

    @property
    def journal(self) -> dict[str, str]:
        """Where the journal and the wake-ups are."""
        durable = {"JOURNAL_REPLICAS": "1", "ALLOW_VOLATILE_JOURNAL": str(not self._knows_disks)}
        return super().journal | {"REDIS_URL": self.cluster.url, "JOURNAL_SHARDS": str(SHARDS)} | durable

    def _everywhere(self, url: str) -> str:
        return hosts(url, self.postgres.port, self.standby.port)

    def start(self) -> None:
        """Start them; the standby follows when there is something to follow. Raises ServerError."""
        super().start()
        self.standby.start()

    def stop(self) -> None:
        """End them all."""
        self.standby.stop()
        super().stop()

    def summary(self) -> str:
        """Return the line that destroys a machine."""
        node = next(node for node in self.cluster.nodes if node.ask("INFO").get("role") == "master")
        caution = (
            ""
            if self._knows_disks
            else "\n          This Redis is older than 7.2: its replicas may not have on disk what they received."
        )
        return f"""
  Cluster rm -r {shlex.quote(str(node.folder))} && kill -9 {node.pid}
          destroys a machine that has a third of the journal: see on the page how another takes its place.{caution}
"""
