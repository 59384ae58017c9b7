"""What a worker's heartbeat files tell the probes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakeredis import FakeRedis, FakeServer
from strings import single
from structlog.testing import capture_logs
from support import eventually

from core.connection import Shard
from core.consumer import Consumer
from core.counts import read_pause
from core.durability import Info
from core.journal import Journal
from core.keys import KEYS
from core.maintenance import Maintenance
from core.wakeups import make_celery
from core.watch import Watch
from worker.celery_patches import reports, timer
from worker.celery_patches.reports import MOST_WAITING
from worker.job import DrainFailed
from worker.tally import Tally


class Pool:
    """A pool with a process that may be stuck."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.drains = 0
        self.restarted = threading.Event()
        self.reason = ""

    def apply_async(self, _: Callable[[], object], accept_callback: Callable[[int, float], None]) -> Any:
        """Wait for a free process, as the real one does."""
        self.free.wait(20)
        self.drains += 1
        accept_callback(1, 0.0)
        return SimpleNamespace(get=lambda timeout: timeout)

    def restart(self, reason: str) -> None:
        """Note that the worker would restart, and why."""
        self.reason = reason
        self.restarted.set()


@pytest.fixture
def pool() -> Pool:
    """A pool that works."""
    return Pool()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis: FakeRedis, pool: Pool) -> Iterator[Path]:
    """The heartbeat files of a worker whose timer runs."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/dummy")
    monkeypatch.setenv("HEARTBEAT_FOLDER", str(tmp_path / "worker"))
    monkeypatch.setattr(timer, "PERIOD", 0.02)
    monkeypatch.setattr(reports, "WAIT", 0.02)
    worker = SimpleNamespace(hostname="worker@test", pool=pool, app=make_celery("memory://"))
    step = timer.DrainTimer(worker)
    step._shards[0].watch = Watch(redis)
    step.start(worker)
    yield tmp_path / "worker"
    pool.free.set()
    step.close(worker)
    for thread in threading.enumerate():
        if thread.name in {"journal watch 0", "drain timer", "reports of drains"}:
            thread.join(5)


def renewed(file: Path, within: float = 5) -> bool:
    """Tell whether a file is still being touched."""
    file.unlink(missing_ok=True)
    try:
        eventually(file.exists, within)
    except AssertionError:
        return False
    return True


def queue_one(redis: FakeRedis) -> None:
    """Put a string on the journal."""
    Journal(redis).append([single()])


def test_an_idle_worker_makes_progress(folder: Path) -> None:
    assert renewed(folder / "progress")
    assert renewed(folder / "journal")


def test_a_worker_that_redis_does_not_hear_is_not_ready_but_lives(folder: Path, redis_server: FakeServer) -> None:
    """Restarting it would not bring Redis back."""
    redis_server.connected = False
    eventually(lambda: not renewed(folder / "journal", 0.3), within=30)
    assert renewed(folder / "progress")


def test_a_worker_whose_redis_turns_volatile_logs_it_once_and_goes_on(
    folder: Path, pool: Pool, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it drains cannot be lost there any more."""
    info = Info({"maxmemory_policy": "allkeys-lru"}, {"aof_enabled": 1}, {})
    assert renewed(folder / "journal")
    with capture_logs() as said:
        monkeypatch.setattr("worker.celery_patches.timer.read_info", lambda _: info)
        queue_one(redis)
        eventually(lambda: pool.drains > 2, within=30)
        assert renewed(folder / "journal")
    assert [(line["event"], line["log_level"]) for line in said] == [("journal is volatile", "error")]


def test_a_worker_says_once_that_postgresql_stores_again_though_nothing_waits(
    folder: Path, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timer, "OVER_AFTER", 0.0)

    def heard() -> list[str]:
        assert all(renewed(folder / "journal") for _ in range(2))
        return [line["server"] for line in said if line["event"] == "PostgreSQL stores again"]

    with capture_logs() as said:
        Consumer(redis).mark_database_unavailable()
        assert heard() == []
        Consumer(redis).mark_database_available()
        eventually(heard, within=30)
        assert heard() == ["127.0.0.1:1/dummy"]


def test_a_pause_is_logged_and_no_outage_is_called_over_that_may_go_on(
    folder: Path, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While draining is paused no one asks PostgreSQL, and the mark of its outage expires."""
    monkeypatch.setattr(timer, "OVER_AFTER", 0.0)
    monkeypatch.setattr("core.outage_log.OVER_AFTER", 0.0)

    def heard() -> list[tuple[str, str | None, str | None]]:
        assert all(renewed(folder / "journal") for _ in range(2))
        return [
            (line["event"], line.get("operator"), line.get("reason"))
            for line in said
            if line["event"].startswith(("draining", "PostgreSQL"))
        ]

    with capture_logs() as said:
        Consumer(redis).mark_database_unavailable()
        assert heard() == []
        Maintenance([Shard(redis)]).pause("an-operator", "an upgrade")
        eventually(heard, within=30)
        assert heard() == [("draining is paused", "an-operator", "an upgrade")]
        Consumer(redis).mark_database_available()  # as when it expires
        heard()
        Maintenance([Shard(redis)]).resume()
        eventually(lambda: heard()[1:] == [("draining has resumed", None, None)], within=30)


def test_a_note_of_a_pause_that_cannot_be_read_is_one(redis: FakeRedis) -> None:
    redis.set(KEYS.paused, "by hand")
    assert Watch(redis).heartbeat("worker@test").paused == Journal(redis).counts().paused == read_pause(b"by hand")


def test_no_drain_waits_for_a_broker_to_hear_of_it(
    folder: Path, pool: Pool, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than are kept for it."""
    silent = threading.Event()

    @contextmanager
    def dispatcher(*_: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(send=lambda *_, **__: silent.wait(30))

    monkeypatch.setattr("celery.app.events.Events.default_dispatcher", dispatcher)
    queue_one(redis)
    eventually(lambda: pool.drains > MOST_WAITING + 2, within=30)
    assert renewed(folder / "progress")
    silent.set()


@pytest.mark.usefixtures("folder")
def test_a_broker_that_refuses_reports_is_logged_once(redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not over when there was nothing to report."""
    tried: list[None] = []

    @contextmanager
    def dispatcher(*_: object) -> Iterator[SimpleNamespace]:
        tried.append(None)
        raise OSError("refused by this test")
        yield SimpleNamespace()

    monkeypatch.setattr("celery.app.events.Events.default_dispatcher", dispatcher)
    with capture_logs() as said:
        queue_one(redis)
        eventually(lambda: len(tried) > 2, within=30)
    assert [line["event"] for line in said if "report" in line["event"]] == ["drains are not reported"]


def test_flower_hears_of_no_drain_that_had_nothing() -> None:
    waiting = reports.Reports(make_celery("memory://"), "worker@test")
    waiting.succeeded(0.0, Tally())
    assert waiting._waiting.empty()
    waiting.succeeded(0.0, Tally(stored=1))
    waiting.failed(0.0, DrainFailed("KeyError"))
    assert waiting._waiting.get()[2]["result"] == "stored 1, skipped 0, failed 0 in 0 ms"
    assert waiting._waiting.get()[2]["exception"] == "KeyError"


def test_a_worker_whose_pool_is_stuck_makes_none(folder: Path, pool: Pool, redis: FakeRedis) -> None:
    pool.free.clear()
    queue_one(redis)
    eventually(lambda: not renewed(folder / "progress", 0.3), within=30)
    assert renewed(folder / "journal")
    pool.free.set()
    eventually(lambda: pool.drains > 1, within=30)
    assert renewed(folder / "progress")


def test_a_worker_whose_pool_stays_stuck_restarts_and_one_that_works_does_not(
    folder: Path, pool: Pool, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.celery_patches.timer.STUCK_AFTER", 0.5)
    queue_one(redis)
    eventually(lambda: pool.drains > 1, within=30)
    assert renewed(folder / "progress")
    assert not pool.restarted.wait(1)
    pool.free.clear()
    assert pool.restarted.wait(5)


def test_a_worker_that_cannot_look_says_so_once_and_restarts(
    folder: Path, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever keeps it from looking: strings without a wake-up would wait forever."""

    def break_down(*_: object) -> None:
        raise RuntimeError("not listed")

    monkeypatch.setattr("core.loops.PAUSE", (0.01, 0.02))
    monkeypatch.setattr("worker.celery_patches.timer.STUCK_AFTER", 0.5)
    with capture_logs() as said:
        monkeypatch.setattr(Watch, "heartbeat", break_down)
        assert pool.restarted.wait(5)
    assert pool.reason == "the journal is not watched"
    assert [line["event"] for line in said] == ["journal watch 0 failed"]
    monkeypatch.undo()
    assert renewed(folder / "journal")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("name", ["_look", "_hand_over"])
def test_a_worker_restarts_when_one_of_its_threads_ends(
    folder: Path, pool: Pool, redis: FakeRedis, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No Exception ends one; what is not an Exception, such as SystemExit, may."""
    assert renewed(folder / "journal")
    owner, method = {"_look": (Watch, "heartbeat"), "_hand_over": (Pool, "apply_async")}[name]

    def end(*_: object, **__: object) -> None:
        raise SystemExit

    monkeypatch.setattr(owner, method, end)
    if name == "_hand_over":
        queue_one(redis)
    assert pool.restarted.wait(5)
    assert "ended" in pool.reason
