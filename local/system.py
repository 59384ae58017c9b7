"""The tiers as child processes: the commands that run them, and a system on free ports for tests and benchmarks."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Self

from database.migrate import migrate, migrations
from local.child import Child
from local.ports import free_port
from local.postgres import Postgres
from local.ready import get
from local.redis import Redis

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT = 30.0
ALLOCATORS = {
    "MALLOC_ARENA_MAX": "1",
    "_RJEM_MALLOC_CONF": "narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0",
}
"""What the images set too: C's allocator, and granian's (jemalloc), give back what a bulk has taken, 15 MB of it."""


def api_command(port: int, workers: int = 2) -> list[str]:
    """Return the command that serves the API on a port of the loopback interface."""
    return [sys.executable, "-m", "api", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]


def worker_command(concurrency: int = 2, name: str = "worker@%h") -> list[str]:
    """Return the command that runs a worker; %h becomes the machine's name."""
    return [sys.executable, "-m", "worker", "--concurrency", str(concurrency), "--hostname", name]


class Process(Child):
    """A child with its log in a file."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str], cwd: Path = ROOT) -> None:
        super().__init__(command, log, env, cwd)
        self.log = log


class System:
    """Redis, PostgreSQL with the schema, one API and any number of workers; a context manager that ends them all."""

    def __init__(self, folder: Path) -> None:
        """Keep data and logs in this folder."""
        self.folder = folder
        self.redis = Redis(folder / "redis", free_port())
        self.postgres = Postgres(folder / "postgres", free_port())
        self.api_port = free_port()
        self.api_url = f"http://127.0.0.1:{self.api_port}"
        self._processes: list[Process] = []

    @property
    def env(self) -> dict[str, str]:
        """The environment of the tiers: where the servers are, and the allocator's setting that their images have."""
        return {
            "REDIS_URL": self.redis.url,
            "DATABASE_URL": self.postgres.writer_url,
            "DATABASE_READ_URL": self.postgres.reader_url,
            "DATABASE_OWNER_URL": self.postgres.owner_url,
        } | ALLOCATORS

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self.redis.start()
            self.postgres.start()
            migrate(self.postgres.owner_url, migrations())
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start_api(self, env: dict[str, str] | None = None, workers: int = 2) -> Process:
        """Start the API and wait until it is ready."""
        api = self.start(api_command(self.api_port, workers), "api", self.metrics_env("api") | (env or {}))
        deadline = time.monotonic() + START_TIMEOUT
        while get(self.api_port, "/readyz") is None:
            if time.monotonic() > deadline or not api.running:
                raise RuntimeError(f"the API did not start, see {api.log}")
            time.sleep(0.05)
        return api

    def start_worker(self, concurrency: int = 2, env: dict[str, str] | None = None) -> Process:
        """Start a worker; it is not waited for, because strings wait for it."""
        number = len(self._processes)
        name = f"worker{number}"
        return self.start(worker_command(concurrency, f"{name}@%h"), name, self.metrics_env(name) | (env or {}))

    def metrics_env(self, name: str) -> dict[str, str]:
        """Return where the processes of a tier keep what they count."""
        return {"PROMETHEUS_MULTIPROC_DIR": str(self.folder / f"{name}.metrics")}

    def start(self, command: list[str], name: str, env: dict[str, str] | None) -> Process:
        """Start any program of the system's: it ends with it. ``env`` comes on top of the tiers' environment."""
        process = Process(command, self.folder / f"{name}.log", self.env | (env or {}))
        self._processes.append(process)
        return process

    def stop(self) -> None:
        """End everything that was started here; the tiers are killed, since a worker takes seconds to end by itself."""
        for process in self._processes:
            process.kill()
        self.postgres.stop()
        self.redis.stop()
