"""What the turns are played on: the running system, its database as the owner sees it, and its worker."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg2
from redis import Redis

from benchmarks.ways import PEERS_REDIS, Way, start_ours, start_peers
from local.system import Process, System

STORED_WITHIN = 180.0
LOOK_EVERY = 0.2  # seldom, since counting takes time from the way that is measured


class Incomplete(Exception):
    """What is stored is not as much as was accepted."""


class Stage:
    """The system, its peers, and looks into the servers; a context manager that ends them all."""

    def __init__(self, folder: Path) -> None:
        """Keep data and logs in this folder."""
        self.folder = folder
        self.system = System(folder)
        self._started = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as started:
            started.enter_context(self.system)
            self.ours, self.api = start_ours(self.system)
            self.worker: Process | None = self.system.start_worker()
            self.ways = [self.ours, *start_peers(self.system)]
            connection = started.enter_context(closing(psycopg2.connect(self.system.postgres.owner_url)))
            connection.autocommit = True
            self.cursor = connection.cursor()
            self.redis = started.enter_context(closing(self.connect_redis(0)))
            self._peers_redis = started.enter_context(closing(self.connect_redis(PEERS_REDIS)))
            self._started = started.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._started.close()

    def restart_worker(self, concurrency: int = 2) -> None:
        """Start a worker with so many processes, once the present one has ended."""
        self.end_worker()
        self.worker = self.system.start_worker(concurrency)

    def end_worker(self) -> None:
        """End the worker in good order."""
        if self.worker is not None:
            self.worker.stop()
            self.worker = None

    def empty(self, way: Way) -> None:
        """Empty the table or the stream in which the way's strings end."""
        if way.table:
            self.cursor.execute(f"TRUNCATE {way.table}")
        if way.stream:
            self._peers_redis.delete(way.stream)

    def appended(self, way: Way) -> int:
        """Return how many entries the way's stream has."""
        return int(self._peers_redis.xlen(way.stream))

    def last_stored(self, table: str, accepted: int, after: int | None = None) -> float:
        """Wait until all are rows; return the Unix time of the last one. Raises Incomplete.

        ``after`` is a seq of our own table: older rows are left out.
        """
        newer = "" if after is None else f"WHERE seq > {after}"
        look = f"SELECT count(*), extract(epoch FROM max(stored_at))::float FROM {table} {newer}"
        deadline = time.monotonic() + STORED_WITHIN
        while True:
            [rows, last] = self.fetch_row(look)
            if rows == accepted:
                return float(last)
            if rows > accepted or time.monotonic() > deadline:
                raise Incomplete(f"{rows} rows in {table} for {accepted} accepted strings")
            time.sleep(LOOK_EVERY)

    def fetch_row(self, sql: str, *parameters: object) -> tuple[Any, ...]:
        """Return the only row that a question to PostgreSQL gives."""
        self.cursor.execute(sql, parameters)
        row: tuple[Any, ...] = self.cursor.fetchone()
        return row

    def connect_redis(self, database: int) -> Any:
        """Return a client for one of the system's Redis' logical databases."""
        return Redis(port=self.system.redis.port, db=database, socket_timeout=30)

    def cpu_seconds(self) -> dict[str, float]:
        """Return how much processor time each tier, with all its processes, has used so far."""
        pids = {"api": self.api.pid, "redis": self.system.redis.pid, "postgres": self.system.postgres.pid}
        if self.worker is not None:
            pids["worker"] = self.worker.pid
        return {tier: sum(map(_used, family(pid))) for tier, pid in pids.items()}


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all that it started."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def _used(process: psutil.Process) -> float:
    """Return the processor time of a process and of its children that have ended; those that run count themselves."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
