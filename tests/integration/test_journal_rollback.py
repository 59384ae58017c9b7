"""A Redis that comes back without what it had acknowledged: that cannot be undone, but it is noticed and reported."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from support import Client, eventually, redis_of

from core.keys import KEYS
from local.ports import free_port
from local.ready import get
from local.system import Process, System, api_command

pytestmark = pytest.mark.timeout(180)

NOTICED_WITHIN = 5.0
LOOKS = 3.0
"""Seconds in which each process looks at least twice."""


class Apis:
    """Two APIs of one process each, so that each process has a log of its own."""

    def __init__(self, system: System, stack: ExitStack) -> None:
        self.system = system
        port = free_port()
        second = system.start(api_command(port, workers=1), "second", None)
        self.processes: list[Process] = [system.start_api(workers=1), second]
        eventually(lambda: get(port, "/readyz"), within=20)
        self.clients = [
            stack.enter_context(Client(base_url=url, timeout=10))
            for url in (system.api_url, f"http://127.0.0.1:{port}")
        ]

    def accept(self, count: int) -> None:
        """Have this many strings accepted, half of them by each, and seen by both."""
        waiting = self.clients[0].pipeline()["waiting"]
        for client in self.clients:
            client.submit_all(f"text {n}" for n in range(count // 2))
        self.see(waiting + count)

    def see(self, waiting: int) -> None:
        """Wait until both have seen that this many strings wait."""
        eventually(lambda: all(client.pipeline()["waiting"] == waiting for client in self.clients), within=30)

    def set_back(self) -> list[dict[str, int]]:
        """Return what each says of the journal being set back, where it says something."""
        return [said for client in self.clients if (said := client.pipeline()["set_back"])]

    def noticed(self) -> dict[str, int]:
        """Return what both say, once they do and have looked again."""
        eventually(lambda: len(self.set_back()) == 2, within=NOTICED_WITHIN)
        time.sleep(LOOKS)
        [said, other] = self.set_back()
        assert said == other
        return said

    def times_logged(self) -> list[int]:
        """Return how often each process has said in its log that the journal was set back."""
        return [process.log.read_text(encoding="utf-8").count("journal rolled back") for process in self.processes]


@pytest.fixture
def apis(tmp_path: Path) -> Iterator[Apis]:
    """Servers and the two; no worker, so that all that is accepted waits."""
    with System(tmp_path / "system") as system, ExitStack() as stack:
        yield Apis(system, stack)


def files_of(system: System) -> Path:
    """Return where the journal is on disk: a folder since Redis 7, a file before."""
    folder = system.redis.folder / "appendonlydir"
    return folder if folder.exists() else system.redis.folder / "appendonly.aof"


def remove(files: Path) -> None:
    """Remove a file or folder."""
    shutil.rmtree(files) if files.is_dir() else files.unlink()


def copy(files: Path, to: Path) -> None:
    """Copy a file or folder."""
    shutil.copytree(files, to) if files.is_dir() else shutil.copy(files, to)


@contextmanager
def submitting(client: Client) -> Iterator[list[int]]:
    """Submit one string after the other meanwhile; yields the statuses of the answers."""
    statuses: list[int] = []
    ended = threading.Event()

    def submit() -> None:
        while not ended.is_set():
            statuses.append(client.submit("more").status_code)

    thread = threading.Thread(target=submit)
    thread.start()
    try:
        yield statuses
    finally:
        ended.set()
        thread.join()


def test_an_emptied_journal_is_noticed_and_the_note_stays_until_it_is_deleted(apis: Apis) -> None:
    apis.accept(100)
    apis.system.redis.stop()
    remove(files_of(apis.system))
    apis.system.redis.start()
    said = apis.noticed()
    assert (said["before"], said["after"]) == (100, 0)
    apis.accept(20)
    assert apis.times_logged() == [1, 1]
    later = apis.system.start(api_command(port := free_port(), workers=1), "later", None)
    eventually(lambda: get(port, "/readyz"), within=20)
    assert httpx.get(f"http://127.0.0.1:{port}/pipeline").json()["set_back"] == said
    assert "journal rolled back" not in later.log.read_text(encoding="utf-8")
    with redis_of(apis.system) as redis:
        redis.delete(KEYS.set_back)
    eventually(lambda: not apis.set_back(), within=30)


def test_an_older_copy_of_the_journal_is_noticed(apis: Apis, tmp_path: Path) -> None:
    files, kept = files_of(apis.system), tmp_path / "older"
    apis.accept(40)
    apis.system.redis.stop()
    copy(files, kept)
    apis.system.redis.start()
    apis.see(40)
    apis.accept(60)
    apis.system.redis.stop()
    remove(files)
    copy(kept, files)
    apis.system.redis.start()
    said = apis.noticed()
    assert (said["before"], said["after"]) == (100, 40)
    assert apis.times_logged() == [1, 1]


def test_strings_that_arrive_immediately_do_not_hide_it(apis: Apis) -> None:
    """Whoever comes first finds the counter as Redis came back with it; it may be higher before the other one looks."""
    apis.accept(200)
    with submitting(apis.clients[0]) as statuses:
        apis.system.redis.stop()
        remove(files_of(apis.system))
        apis.system.redis.start()
        eventually(lambda: statuses.count(202) > 300, within=20)
        said = apis.noticed()
    assert said["before"] >= 200
    assert said["after"] == 0
    assert apis.times_logged() in ([1, 0], [1, 1])


def test_a_redis_that_was_killed_comes_back_with_everything_and_is_no_alarm(apis: Apis) -> None:
    with submitting(apis.clients[0]) as statuses, submitting(apis.clients[1]):
        for _ in range(3):
            accepted = statuses.count(202)
            eventually(lambda: statuses.count(202) > accepted + 20, within=30)  # noqa: B023
            apis.system.redis.kill()
            apis.system.redis.start()
        time.sleep(LOOKS)
    assert apis.set_back() == []
    assert apis.times_logged() == [0, 0]
