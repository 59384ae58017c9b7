"""A Redis that would lose what it acknowledges: nothing starts on it, and once one becomes so nothing is promised."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import Client, count_rows, eventually

from api.__main__ import OPTIONS, TARGET
from core.connection import connect
from core.keys import KEYS
from local.ports import free_port
from local.ready import get
from local.redis import Redis
from local.system import ROOT, Process, System, api_command, worker_command

pytestmark = pytest.mark.timeout(180)

NO_FILE = ["--appendonly", "no"]
EVICTING = ["--maxmemory-policy", "allkeys-lru"]
REMEDIES = {"no file": (NO_FILE, "appendonly yes"), "evicting": (EVICTING, "maxmemory-policy noeviction")}
ALLOWED = {"ALLOW_VOLATILE_JOURNAL": "true"}


class Volatile(Redis):
    """A Redis with other settings than the journal needs."""

    settings: list[str]

    def command(self) -> list[str]:
        return [*super().command(), *self.settings]


def volatile(folder: Path, port: int, settings: list[str]) -> Volatile:
    """Return such a server; it is not started."""
    server = Volatile(folder, port)
    server.settings = settings
    return server


def said_by(process: Process) -> str:
    """Return what a process has written."""
    return process.log.read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=REMEDIES)
def refused(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Redis, str]]:
    """A Redis of each kind that is refused, and the remedy that is to be named."""
    settings, remedy = REMEDIES[request.param]
    with volatile(tmp_path_factory.mktemp("redis"), free_port(), settings) as server:
        yield server, remedy


def run(command: list[str], redis: Redis) -> subprocess.CompletedProcess[str]:
    """Run a tier that is to end by itself."""
    env = {"REDIS_URL": redis.url, "DATABASE_URL": "postgresql://127.0.0.1:1/dummy"}
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | env, timeout=60, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("tier", ["api", "worker"])
def test_a_tier_does_not_start_on_it_and_says_why_in_one_line(refused: tuple[Redis, str], tier: str) -> None:
    redis, remedy = refused
    ended = run(api_command(free_port()) if tier == "api" else worker_command(), redis)
    assert ended.returncode == 2
    [line] = [line for line in ended.stderr.splitlines() if "Redis" in line]
    assert line.startswith("REDIS_URL: ")
    assert remedy in line
    assert "Traceback" not in ended.stderr


def test_the_factory_refuses_it_too_however_it_is_served(refused: tuple[Redis, str]) -> None:
    redis, remedy = refused
    directly = [sys.executable, "-m", "granian", *OPTIONS, *api_command(free_port(), workers=1)[3:], TARGET]
    ended = run(directly, redis)
    assert ended.returncode != 0
    assert remedy in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_api_started_without_redis_is_not_ready_on_a_volatile_one(tmp_path: Path) -> None:
    port = free_port()
    server = volatile(tmp_path / "redis", free_port(), EVICTING)
    # one process: a second one may start after the server, which refuses to, and takes the first along
    api = Process(api_command(port, workers=1), tmp_path / "api.log", {"REDIS_URL": server.url})
    try:
        with Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            eventually(lambda: get(port, "/healthz"), within=20)
            assert client.submit("a").json()["type"].endswith(":journal-away")
            with server:
                eventually(lambda: client.submit("a").json()["type"].endswith(":journal-volatile"), within=30)
                assert client.get("/readyz").status_code == 503
                assert not client.pipeline()["accepting"]
                with connect(server.url) as redis:
                    redis.config_set("maxmemory-policy", "noeviction")
                eventually(lambda: client.get("/readyz").status_code == 200, within=30)
                eventually(lambda: client.submit("a").status_code == 202, within=30)
    finally:
        api.stop()


def test_what_turns_volatile_is_promised_nothing_more_and_is_drained(tmp_path: Path) -> None:
    with System(tmp_path / "system") as system, connect(system.redis.url) as redis:
        system.start_api(workers=1)
        with Client(base_url=system.api_url, timeout=10) as client:
            client.submit_all(f"kept {n}" for n in range(100))
            redis.config_set("appendonly", "no")
            eventually(lambda: client.submit("a").status_code == 503, within=30)
            assert client.submit("a").json()["type"].endswith(":journal-volatile")
            waiting = int(redis.get(KEYS.waiting) or 0)  # what /pipeline says may be a moment older
            system.start_worker(env=ALLOWED)
            eventually(lambda: count_rows(system) == waiting, within=60)
            redis.config_set("appendonly", "yes")
            eventually(lambda: client.submit("a").status_code == 202, within=30)
            eventually(lambda: count_rows(system) > waiting, within=30)


def test_a_worker_whose_redis_turns_volatile_logs_it_once_and_drains(tmp_path: Path) -> None:
    with System(tmp_path / "system") as system, connect(system.redis.url) as redis:
        system.start_api()
        worker = system.start_worker()
        with Client(base_url=system.api_url, timeout=10) as client:
            eventually(lambda: client.part_is("workers", "up"), within=20)
            system.postgres.stop()
            client.submit_all(f"kept {n}" for n in range(100))
            redis.config_set("maxmemory-policy", "allkeys-lru")
            eventually(lambda: "journal is volatile" in said_by(worker), within=30)
            system.postgres.start()
            eventually(lambda: count_rows(system) == 100, within=20)
            eventually(lambda: client.pipeline()["waiting"] == 0, within=30)
        worker.stop()
    assert said_by(worker).count("journal is volatile") == 1
    assert "level=error" in next(line for line in said_by(worker).splitlines() if "journal is volatile" in line)


def test_on_a_laptop_it_may_be_allowed_and_is_logged_once(tmp_path: Path) -> None:
    system = System(tmp_path / "system")
    system.redis = volatile(system.folder / "redis", free_port(), NO_FILE)
    with system:
        api, worker = system.start_api(ALLOWED, workers=1), system.start_worker(env=ALLOWED)
        with Client(base_url=system.api_url, timeout=10) as client:
            assert client.submit("a").status_code == 202
            eventually(lambda: count_rows(system) == 1, within=20)
        for process in (api, worker):
            eventually(lambda process=process: "journal is volatile" in said_by(process), within=20)
            process.stop()
    for process in (api, worker):
        [line] = [line for line in said_by(process).splitlines() if "journal is volatile" in line]
        assert "level=warning" in line
