"""The real system with a network between its tiers: what the faults act upon.

nginx with the image's own configuration, two API processes, two workers, Redis and PostgreSQL; every arrow between two
tiers leads through the proxy.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class in spite of its name
from redis import Redis as RedisClient
from redis.exceptions import RedisError
from support import eventually

from core.connection import Shard
from core.counts import Counts, added_up
from core.journal import Journal
from core.keys import GROUP
from faults import small_disk
from faults.clients import Clients
from faults.clock import ClockedRedis, wrong_by
from faults.points import FOLDER
from faults.texts import POISON
from local import nginx
from local.ports import free_port
from local.ready import get
from local.system import ROOT, Process, System, api_command, worker_command

APIS = 2
WORKERS = 2
READY_WITHIN = 60.0
SETTLED_WITHIN = 60.0
"""Seconds after which no string may wait any more, once everything has healed."""
JUST_COME_MS = 5_000
CONSTRAINT = f"ALTER TABLE dummies ADD CONSTRAINT planted CHECK (split_part(text, ' ', 1) NOT LIKE '%%{POISON}')"


class World:
    """Everything started, on free ports, with data and logs in a folder; a context manager that ends it all."""

    shard_count = 1

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.system = System(folder / "system")
        self.redis = self.system.redis = ClockedRedis(self.system.redis.folder, self.system.redis.port)
        self.postgres = self.system.postgres
        self.points = folder / "points"
        self.web_port = free_port()
        self.url = f"http://127.0.0.1:{self.web_port}"
        self.api_ports = [free_port() for _ in range(APIS)]
        self._link_ports: defaultdict[str, int] = defaultdict(free_port)
        self.apis: list[Process] = []
        self.workers: list[Process] = []
        self._names = iter(range(1_000_000))
        self._proxy: subprocess.Popen[str] | None = None
        self._proxy_lock = threading.Lock()
        self.clock_offsets: dict[int, str] = {}
        self.client: RedisClient
        self.clients: Clients

    def __enter__(self) -> Self:
        self.points.mkdir(parents=True)
        small_disk.mount(self.redis.folder)
        try:
            self._start_proxy()
            self.start_servers()
            self.query(CONSTRAINT)
            self.apis = [self.start_api(number) for number in range(APIS)]
            self.workers = [self.start_worker() for _ in range(WORKERS)]
            self._start_web()
            self.wait_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if self._proxy is not None:
            self._proxy.kill()
            self._proxy.communicate()
        self.system.stop()
        small_disk.unmount(self.redis.folder)
        self.client.close()

    def start_servers(self) -> None:
        """Start what the tiers need."""
        self.client = RedisClient.from_url(self.redis.url, socket_timeout=5)
        self.system.__enter__()

    @property
    def shards(self) -> list[Shard]:
        """The shards of the journal, past the proxy."""
        return [Shard(self.client)]

    def link(self, name: str, command: str) -> str:
        """Set how the proxy treats a link, or ask it how often that took effect."""
        assert self._proxy is not None
        assert self._proxy.stdin is not None
        assert self._proxy.stdout is not None
        with self._proxy_lock:
            self._proxy.stdin.write(f"{name} {command}\n")
            self._proxy.stdin.flush()
            return self._proxy.stdout.readline().strip()

    def connects(self, link: str) -> bool:
        """Tell whether a connection to this link can be made."""
        try:
            socket.create_connection(("127.0.0.1", self._link_ports[link]), timeout=2).close()
        except OSError:
            return False
        return True

    def start_api(self, number: int) -> Process:
        """Start one of the API's processes and wait until it is ready."""
        port = self.api_ports[number]
        draining = self._draining_file(number)
        draining.unlink(missing_ok=True)
        command = ["faults.launch_api" if word == "api" else word for word in api_command(port, workers=1)]
        env = self.api_env() | {"DRAINING_FILE": str(draining)}
        api = self._start(command, f"api{number}", env | wrong_by(self.clock_offsets.get(number)))
        eventually(lambda: get(port, "/readyz") is not None, READY_WITHIN)
        return api

    def drain_api(self, number: int) -> None:
        """Do what the pod's preStop does."""
        self._draining_file(number).touch()

    def start_worker(self, more: Mapping[str, str] | None = None) -> Process:
        """Start a worker with two processes, with more in its environment; it is not waited for."""
        name = f"worker{next(self._names)}"
        command = ["faults.launch_worker" if word == "worker" else word for word in worker_command(name=name)]
        return self._start(command, name, self.worker_env() | (more or {}))

    def api_env(self) -> dict[str, str]:
        """Return where an API finds its servers."""
        reader = self._through("api-postgres", self.postgres.reader_url)
        return {"REDIS_URL": self._through("api-redis", self.redis.url), "DATABASE_READ_URL": reader}

    def worker_env(self) -> dict[str, str]:
        """Return where a worker finds them."""
        writer = self._through("worker-postgres", self.postgres.writer_url)
        return {"REDIS_URL": self._through("worker-redis", self.redis.url), "DATABASE_URL": writer}

    def reach(self, number: int) -> Any:
        """Return what an API process says of the pipeline, asked past nginx; None when it does not answer."""
        return get(self.api_ports[number], "/pipeline")

    def ask(self, path: str, ids: list[str]) -> bytes:
        """Return the answer about these strings, through nginx."""
        answer = get(self.web_port, f"{path}?{urlencode({'id': ids}, doseq=True)}")
        assert answer is not None, f"no answer about {len(ids)} strings"
        return answer

    def wait_ready(self) -> None:
        """Wait until strings get through."""
        eventually(lambda: get(self.web_port, "/pipeline") is not None, READY_WITHIN)
        for redis, keys in self.shards:
            eventually(lambda: redis.zcard(keys.workers) >= WORKERS, READY_WITHIN)  # noqa: B023

    def waiting(self) -> int:
        """Return how many strings wait in the journal."""
        return sum(int(redis.get(keys.waiting) or 0) for redis, keys in self.shards)

    def is_settled(self) -> bool:
        """Tell whether only new strings wait: nothing is set aside, was delivered twice or is held for long."""
        return all(_is_settled(shard) for shard in self.shards)

    def counts(self) -> Counts:
        """Return the counts of the journal."""
        return added_up([Journal(*shard).counts() for shard in self.shards])

    def dead_letters(self) -> list[Any]:
        """Return the dead letters."""
        return [json.loads(each) for redis, keys in self.shards for each in redis.hvals(keys.failed)]

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return what a statement gives, past the proxy and as the superuser."""
        with self.connected() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def connected(self, url: str = "") -> Iterator[Cursor]:
        """Yield a cursor of the superuser; every statement commits by itself."""
        options = "-c default_transaction_read_only=off"  # to cure what was planted
        connection = psycopg2.connect(url or self.postgres.superuser_url, connect_timeout=5, options=options)
        connection.autocommit = True
        try:
            yield connection.cursor()
        finally:
            connection.close()

    def log_of(self, process: Process) -> str:
        """Return a process's log."""
        return process.log.read_text(encoding="utf-8", errors="replace")

    def _start(self, command: list[str], name: str, env: dict[str, str]) -> Process:
        paths = {"PYTHONPATH": str(ROOT / "tests"), FOLDER: str(self.points), "LOG_JSON": "true"}
        return self.system.start(command, name, env | paths)

    def targets(self) -> dict[str, int]:
        """Return the port to which each link leads."""
        return {
            "web-api0": self.api_ports[0],
            "web-api1": self.api_ports[1],
            "api-redis": self.redis.port,
            "api-postgres": self.postgres.port,
            "worker-redis": self.redis.port,
            "worker-postgres": self.postgres.port,
        }

    def _start_proxy(self) -> None:
        links = [f"{name}:{self._link_ports[name]}:{target}" for name, target in self.targets().items()]
        self._proxy = subprocess.Popen(
            [sys.executable, "-m", "faults.proxy", *links],
            cwd=ROOT / "tests",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._proxy.stdout is not None
        assert self._proxy.stdout.readline().strip() == "ready"

    def _start_web(self) -> None:
        """Serve with nginx; both API processes are behind the one name that it is given."""
        binary = nginx.find()
        assert binary is not None
        folder = self.folder / "nginx"
        command = nginx.write_config(
            binary, folder, ROOT / "web", nginx.Front(self.web_port, free_port(), "api_processes")
        )
        file = folder / "nginx.conf"
        servers = "".join(
            f" server 127.0.0.1:{self._link_ports[f'web-api{number}']} max_fails=0;" for number in range(APIS)
        )
        group = f"http {{\nupstream api_processes {{{servers} }}"
        file.write_text(file.read_text(encoding="utf-8").replace("http {", group, 1), encoding="utf-8")
        self.system.start(command, "nginx", {})

    def _through(self, link: str, url: str) -> str:
        """Return a server's URL with the proxy's port instead of its own."""
        address = urlsplit(url)
        return address._replace(
            netloc=address.netloc.replace(f":{address.port}", f":{self._link_ports[link]}")
        ).geturl()

    def _draining_file(self, number: int) -> Path:
        return self.folder / f"draining{number}"


def _is_settled(shard: Shard) -> bool:
    redis, keys = shard
    held = redis.xpending_range(keys.journal, GROUP, "-", "+", 1000)
    tried = (each["times_delivered"] > 1 or each["time_since_delivered"] > JUST_COME_MS for each in held)
    return not redis.zcard(keys.set_aside) and not any(tried)


def wait_for_calm(world: World, most: int, within: float) -> float | None:
    """Wait until no more strings than this wait; return the seconds it took, None where it took too long."""
    started = time.monotonic()
    while not _is_calm(world, most):
        if time.monotonic() > started + within:
            return None
        time.sleep(0.05)
    return time.monotonic() - started


def _is_calm(world: World, most: int) -> bool:
    try:
        return world.waiting() <= most
    except RedisError:  # a fault still has its effect
        return False
