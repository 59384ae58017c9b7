"""What Flower lists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import httpx
import pytest
from flower.urls import handlers
from support import (
    FLOWER_LOGIN,
    REFUSE,
    TALLY,
    Client,
    drains_in_flower,
    eventually,
    from_flower,
    query,
    redis_of,
    start_flower,
)

from core.wakeups import DRAIN_TASK, QUEUE, make_celery
from local.ports import free_port
from local.run import FLOWER
from local.system import ROOT, System

ORDERS = {
    "shutdown": {},
    "pool_shrink": {"n": 2},
    "pool_restart": {},
    "cancel_consumer": {"queue": QUEUE},
    "rate_limit": {"task_name": DRAIN_TASK, "rate_limit": "1/h"},
    "time_limit": {"task_name": DRAIN_TASK, "hard": 0.001},
    "autoscale": {"max": 0, "min": 0},
    "disable_events": {},
}


OPEN = {"/flower/healthcheck", "/flower/login/?", "/flower/logout", "/flower/static/(.*)"}
"""Pages for everyone: a probe's, and those that show nothing."""
SECRET = "a text that no one else may read"


def listed(port: int) -> list[str]:
    """Return the names of the workers that Flower lists."""
    answer = from_flower(port, "/workers?json=1")
    return sorted(worker["hostname"].partition("@")[0] for worker in answer.json()["data"])


def test_a_worker_that_has_ended_is_listed_for_a_while_only(bare_system: System, tmp_path: Path) -> None:
    """Here for a shorter time than by default."""
    config = (ROOT / "worker" / "flowerconfig.py").read_text()
    short, found = re.subn(r"(purge_offline_workers) = \d+", r"\1 = 3", config)
    assert found == 1
    (tmp_path / "flowerconfig.py").write_text(short)
    port = free_port()
    start_flower(bare_system, port, config=tmp_path / "flowerconfig.py")
    stopped, killed, _ = [bare_system.start_worker() for _ in range(3)]
    eventually(lambda: len(listed(port)) == 3, within=40)
    stopped.terminate()
    killed.kill()
    eventually(lambda: listed(port) == ["worker4"], within=40)


def test_whoever_has_no_login_sees_and_does_nothing(bare_system: System) -> None:
    """Its metrics neither, which name workers; nor can who has the login order a worker to do anything."""
    port = free_port()
    start_flower(bare_system, port)
    bare_system.start_worker()
    eventually(lambda: listed(port), within=30)
    paths = {"/flower" + (each[0] if isinstance(each, tuple) else each.regex.pattern.rstrip("$")) for each in handlers}
    assert paths >= OPEN
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=15) as client:
        for path in sorted(paths - OPEN - {"/flower.*"}):
            asked = re.sub(r"\(.+\)", "x", path)
            for method in ("GET", "POST"):
                assert client.request(method, asked).status_code in {401, 405}, (method, path)
            if "/api/worker/" in path or ("/api/task/" in path and "info" not in path and "result" not in path):
                assert client.post(asked, auth=FLOWER_LOGIN).status_code in {403, 405}, path
        assert client.get("/flower/metrics", auth=("operator", "x")).status_code == 401
    assert from_flower(port, "/metrics").status_code == 200


@pytest.mark.parametrize("login", [None, "operator:password,operator:"])
def test_flower_does_not_start_without_a_login(tmp_path: Path, login: str | None) -> None:
    env = {"PATH": "/usr/bin", "REDIS_URL": "redis://127.0.0.1:1/0", "HOME": str(tmp_path)}
    env |= {} if login is None else {"FLOWER_BASIC_AUTH": login}
    command = [*FLOWER, "--address=127.0.0.1", f"--port={free_port()}"]
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stderr) == (1, "FLOWER_BASIC_AUTH: Flower has no login; set one, user:password\n")


@pytest.mark.parametrize("by", ["a wake-up", "the timer"])
def test_flower_shows_what_each_drain_did_and_none_of_its_strings(bare_system: System, by: str) -> None:
    """One string that is stored, one twice, and one that PostgreSQL refuses in words that quote it."""
    port = free_port()
    start_flower(bare_system, port)
    query(bare_system, REFUSE.format("IF NEW.text LIKE 'bad%%' THEN RAISE EXCEPTION '%%', NEW.text; END IF;"))
    with Client(base_url=bare_system.api_url, timeout=10) as client:
        if by == "a wake-up":
            bare_system.start_worker()
            eventually(lambda: listed(port), within=30)
        client.submit(SECRET, "same")
        client.submit(f"bad {SECRET}")
        if by == "the timer":
            redis_of(bare_system).delete(QUEUE)  # the wake-up is lost
            bare_system.start_worker()
        eventually(lambda: totals(port)[::2] == (1, 1), within=30)
        client.submit(SECRET, "same")
        eventually(lambda: totals(port)[:2] == (1, 1), within=30)
    assert all(re.fullmatch(TALLY, each) for each in drains_in_flower(port))
    pages = [from_flower(port, path).text for path in ("/api/tasks", "/tasks", "/workers?json=1", "/metrics")]
    assert "dummies.drain" in pages[0]
    assert [page for page in pages if SECRET in page] == []


def totals(port: int) -> tuple[int, ...]:
    """Return how many strings all drains that Flower lists stored, skipped, and failed to store."""
    counts = [map(int, re.fullmatch(TALLY, each).groups()) for each in drains_in_flower(port)]
    return tuple(map(sum, zip((0, 0, 0), *counts, strict=True)))


def test_workers_answer_what_flower_asks_them(bare_system: System) -> None:
    """Their answers travel like wake-ups, on a queue of their own."""
    port = free_port()
    start_flower(bare_system, port)
    bare_system.start_worker()

    def answered() -> set[str]:
        workers = from_flower(port, "/api/workers?refresh=1").raise_for_status().json()
        return {what for worker in workers.values() for what in worker}

    eventually(lambda: {"stats", "active_queues", "registered", "conf"} <= answered(), within=20)


def test_a_worker_takes_no_orders_from_who_may_look_at_it(bare_system: System) -> None:
    """Flower's user in Redis may send any: as often as pods start again, strings would wait."""
    worker = bare_system.start_worker()
    control = make_celery(bare_system.redis.url).control
    eventually(lambda: control.ping(timeout=1), within=20)
    for order, arguments in ORDERS.items():
        control.broadcast(order, arguments)
    control.broadcast("revoke", {"task_id": "0", "terminate": True, "signal": "KILL"})
    eventually(lambda: control.ping(timeout=1), within=20)
    [processes] = [stats["pool"]["processes"] for stats in control.inspect(timeout=5).stats().values()]
    assert (worker.running, len(processes)) == (True, 2)


def test_what_a_client_asks_for_forges_no_line_of_its_log(bare_system: System) -> None:
    port = free_port()
    flower = start_flower(bare_system, port)
    assert from_flower(port, "/task/x%0d%0alevel=error%1b%5b2J%c2%85%e2%80%ae").status_code == 404
    eventually(lambda: "Unknown task" in flower.log.read_text(), within=30)
    lines = flower.log.read_bytes().decode().split("\n")
    assert all(line.isprintable() for line in lines)
    assert all("level=" in line for line in lines[:-1])
