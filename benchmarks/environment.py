"""The environment of a run: this system, its worker and its peers, with access to Redis and PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg2
from redis import Redis

from benchmarks.contenders import PEERS_REDIS, Contender, start_peers
from benchmarks.observer import scraped
from benchmarks.serve import start_front
from local.system import Process, System

STORED_WITHIN = 180.0
LOOK_EVERY = 0.2  # seldom: counting slows down what is measured
ROOM = {"JOURNAL_LIMIT": "50000000"}
"""What the API has that is not deployed: as many strings may wait as a run leaves waiting."""
REDIS_MEMORY = "8gb"


class Incomplete(Exception):
    """The number of strings stored differs from the number accepted."""


class Environment:
    """A context manager that starts this system and its peers, and stops them.

    This system runs as it is deployed: metrics that are scraped, and a log of JSON. Its API can be reached through
    nginx as well, where the machine has it.
    """

    def __init__(self, folder: Path) -> None:
        """Keep data and logs in this folder."""
        self.folder = folder
        self.system = System(folder)
        self.system.redis.maxmemory = REDIS_MEMORY
        self.fronted: Contender | None = None
        """This system through nginx; None without nginx."""
        self._started = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as started:
            started.enter_context(self.system)
            self.api_env, self._worker_env = started.enter_context(scraped())
            self.api = self.system.start_api(self.api_env | ROOM)
            self.worker: Process | None = self.system.start_worker(env=self._worker_env)
            self.ours = Contender("ours", f"{self.system.api_url}/dummies/", table="dummies")
            if front := start_front(self.system):
                self.fronted = self.ours._replace(key="fronted", url=front[0])
                started.callback(front[1].stop)
            ours = [self.ours, self.fronted] if self.fronted else [self.ours]
            self.contenders = [*ours, *start_peers(self.system)]
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
        """Stop the worker, if there is one, and start one with this many processes."""
        self.stop_worker()
        self.worker = self.system.start_worker(concurrency, self._worker_env)

    def stop_worker(self) -> None:
        """Shut the worker down, if there is one."""
        if self.worker is not None:
            self.worker.stop()
            self.worker = None

    def empty(self, contender: Contender) -> None:
        """Empty the table or the stream that the contender writes to."""
        if contender.table:
            self.cursor.execute(f"TRUNCATE {contender.table}")
        if contender.stream:
            self._peers_redis.delete(contender.stream)

    def stream_length(self, contender: Contender) -> int:
        """Return the number of entries in the contender's stream."""
        return int(self._peers_redis.xlen(contender.stream))

    def last_stored(self, table: str, accepted: int, after: int | None = None) -> float:
        """Wait until all accepted strings are rows; return the Unix time of the last one. Raises Incomplete.

        ``after`` is a seq of this system's own table: rows up to it do not count.
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

    def forget_waiting(self) -> None:
        """Forget all waiting strings, and all counters with them; no worker runs."""
        self.redis.flushdb(asynchronous=True)  # else the API would have to wait for it

    def start_again(self) -> None:
        """Leave nothing of a part that failed: no waiting strings, no rows, and a worker."""
        self.stop_worker()
        self.forget_waiting()
        self.empty(self.ours)
        self.restart_worker()

    def newest(self) -> int:
        """Return the highest seq of this system's own table."""
        return int(self.fetch_row("SELECT coalesce(max(seq), 0) FROM dummies")[0])

    def redis_memory(self) -> int:
        """Return the memory that Redis uses, in bytes."""
        return int(self.redis.info("memory")["used_memory"])

    def fetch_row(self, sql: str, *parameters: object) -> tuple[Any, ...]:
        """Return the only row of a query's result."""
        self.cursor.execute(sql, parameters)
        [row] = self.cursor.fetchall()
        return row

    def connect_redis(self, database: int) -> Any:
        """Return a client for a logical database of the system's Redis."""
        server = self.system.redis
        return Redis(port=server.port, password=server.password, db=database, socket_timeout=30)

    def pids(self) -> dict[str, Sequence[int]]:
        """Return the main processes of each tier."""
        tiers = {"api": self.api, "redis": self.system.redis, "postgres": self.system.postgres, "worker": self.worker}
        return {tier: [process.pid] for tier, process in tiers.items() if process is not None}


def cpu_seconds(pids: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Return the processor time that the processes of each tier and their descendants have used so far."""
    return {tier: sum(used(each) for pid in mains for each in family(pid)) for tier, mains in pids.items()}


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all its descendants."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def used(process: psutil.Process) -> float:
    """Return the processor time of a process and its ended children; running ones are counted on their own."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
