"""The operations port: probes are answered whatever others do there, as long as the process lives."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest
from slow import connections, ended, refuses
from support import eventually

from core.operations_port import MOST_PROBERS
from local.ports import free_port
from local.ready import get
from local.redis import Redis
from local.system import ROOT, Process, api_command

pytestmark = pytest.mark.timeout(120)
KINDS = [
    b"",
    b"GET /healthz HTTP/1.1\r\n",
    b"G" * 5000,
    b"\x16\x03\x01\r\n\r\n",
    b"GET\r\n\r\n",
    b"\r\n\r\n",
    b"POST /healthz HTTP/1.1\r\nContent-Length: 99\r\n\r\n",
]


class Api(Process):
    """The API, with or without a Redis that runs."""

    def __init__(self, folder: Path, redis: Redis, workers: int = 1, **more: str) -> None:
        """Start it with two free ports."""
        self.operations, self.draining = free_port(), folder / "draining"
        env = {"REDIS_URL": redis.url, "OPERATIONS_PORT": str(self.operations), "DRAINING_FILE": str(self.draining)}
        super().__init__(api_command(free_port(), workers), folder / "api.log", env | more)

    def answers(self, path: str) -> bool:
        """Tell whether a probe succeeds."""
        return get(self.operations, path) is not None


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis that runs."""
    with Redis(tmp_path_factory.mktemp("redis"), free_port()) as started:
        yield started


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, redis: Redis) -> Iterator[Api]:
    """An API that is ready."""
    started = Api(tmp_path_factory.mktemp("api"), redis)
    try:
        eventually(lambda: started.answers("/readyz"), within=20)
        yield started
    finally:
        started.stop()


def test_probers_do_not_wait_for_each_other(api: Api) -> None:
    """However many there are, and whatever they send or do not send."""
    with ExitStack() as opened:
        for kind in KINDS:
            probers = opened.enter_context(connections(api.operations, MOST_PROBERS // len(KINDS) + 1, kind))
            assert api.answers("/healthz")
            assert api.answers("/readyz")
        eventually(lambda: all(map(ended, probers)), within=30)


def test_a_prober_that_sends_its_request_byte_by_byte_is_answered_or_ended(api: Api) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    with connections(api.operations, 1, b"") as [slow]:
        for byte in request:
            slow.sendall(bytes([byte]))
        assert slow.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
    with connections(api.operations, 1, request[:-1]) as [slow]:
        eventually(lambda: ended(slow), within=30)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/dummies/", 404), ("GET", "/", 404), ("POST", "/healthz", 405)]
)
def test_it_does_nothing_else(api: Api, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, f"http://127.0.0.1:{api.operations}{path}", trust_env=False)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers.get("Allow") == ("GET, HEAD" if status == 405 else None)


@pytest.mark.parametrize("path", ["/healthz", "/none"])
def test_head_is_answered_like_get_without_a_body(api: Api, path: str) -> None:
    got = httpx.get(f"http://127.0.0.1:{api.operations}{path}", trust_env=False)
    with connections(api.operations, 1, f"HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()) as [asked]:
        received = b"".join(iter(lambda: asked.recv(1000), b""))
    assert received.startswith(f"HTTP/1.1 {got.status_code} ".encode())
    assert f"Content-Length: {len(got.content)}\r\n".encode() in received
    assert received.endswith(b"\r\n\r\n")


def test_a_process_that_is_shutting_down_lives_but_is_not_ready(api: Api) -> None:
    api.draining.touch()
    try:
        assert refuses(api.operations, "/readyz")
        assert api.answers("/healthz")
    finally:
        api.draining.unlink()
    assert api.answers("/readyz")


def test_a_process_that_takes_anothers_place_answers(api: Api) -> None:
    [serving] = psutil.Process(api.pid).children()
    serving.send_signal(signal.SIGKILL)
    eventually(lambda: not api.answers("/healthz"), within=30)
    eventually(lambda: api.answers("/healthz") and api.answers("/readyz"), within=20)


def test_several_processes_share_it(tmp_path: Path, redis: Redis) -> None:
    api = Api(tmp_path, redis, workers=2, PROMETHEUS_MULTIPROC_DIR=str(tmp_path / "metrics"))
    try:
        eventually(lambda: api.answers("/readyz"), within=20)
        eventually(lambda: api.log.read_text().count("Started worker") == 2, within=20)
        assert all(api.answers("/healthz") for _ in range(20))
        assert len(psutil.Process(api.pid).children()) == 2
    finally:
        api.stop()


def test_several_processes_do_not_start_where_each_would_show_its_own_figures(tmp_path: Path, redis: Redis) -> None:
    api = Api(tmp_path, redis, workers=2)
    assert api.wait(30) == 2
    [line] = api.log.read_text().splitlines()
    assert line.startswith("PROMETHEUS_MULTIPROC_DIR: set it")


def test_a_process_becomes_ready_with_its_redis_though_no_request_comes(tmp_path: Path) -> None:
    redis = Redis(tmp_path / "redis", free_port())
    api = Api(tmp_path, redis)
    try:
        eventually(lambda: api.answers("/healthz"), within=20)
        assert refuses(api.operations, "/readyz")
        with redis:
            eventually(lambda: api.answers("/readyz"), within=30)
    finally:
        api.stop()


def test_a_port_that_is_taken_stops_the_start_with_one_line(redis: Redis) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ended = subprocess.run(
            api_command(free_port()),
            cwd=ROOT,
            env=os.environ | {"REDIS_URL": redis.url, "OPERATIONS_PORT": port},
            timeout=30,
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 2
    assert ended.stderr.startswith("OPERATIONS_PORT: Address already in use")
    assert ended.stderr.count("\n") == 1
