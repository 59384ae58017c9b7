"""What Flower lists."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
from support import eventually

from core.wakeups import DRAIN_TASK, QUEUE, make_celery
from local.ports import free_port
from local.ready import get
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


def listed(port: int) -> list[str]:
    """Return the names of the workers that Flower lists."""
    answer = get(port, "/workers?json=1")
    return sorted(worker["hostname"].partition("@")[0] for worker in json.loads(answer)["data"]) if answer else []


def test_a_worker_that_has_ended_is_listed_for_a_while_only(bare_system: System, tmp_path: Path) -> None:
    """Here for a shorter time than by default."""
    config = (ROOT / "worker" / "flowerconfig.py").read_text()
    short, found = re.subn(r"(purge_offline_workers) = \d+", r"\1 = 3", config)
    assert found == 1
    (tmp_path / "flowerconfig.py").write_text(short)
    port = free_port()
    command = [*FLOWER[:-1], f"--conf={tmp_path / 'flowerconfig.py'}", "--address=127.0.0.1", f"--port={port}"]
    bare_system.start(command, "flower", None)
    stopped, killed, _ = [bare_system.start_worker() for _ in range(3)]
    eventually(lambda: len(listed(port)) == 3, within=40)
    stopped.terminate()
    killed.kill()
    eventually(lambda: listed(port) == ["worker4"], within=40)


def test_workers_answer_what_flower_asks_them(bare_system: System) -> None:
    """Their answers travel like wake-ups, on a queue of their own."""
    port = free_port()
    bare_system.start([*FLOWER, "--address=127.0.0.1", f"--port={port}", "--basic-auth=a:b"], "flower", None)
    bare_system.start_worker()
    eventually(lambda: get(port, "/healthcheck"), within=20)

    def answered() -> set[str]:
        url = f"http://127.0.0.1:{port}/api/workers?refresh=1"
        workers = httpx.get(url, auth=("a", "b"), timeout=15).raise_for_status().json()
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
    flower = bare_system.start([*FLOWER, "--address=127.0.0.1", f"--port={port}"], "flower", None)
    eventually(lambda: get(port, "/"), within=20)
    assert get(port, "/task/x%0d%0alevel=error%1b%5b2J%c2%85%e2%80%ae") is None
    eventually(lambda: "Unknown task" in flower.log.read_text(), within=30)
    lines = flower.log.read_bytes().decode().split("\n")
    assert all(line.isprintable() for line in lines)
    assert all("level=" in line for line in lines[:-1])
