"""Each alert fires once its fault is there and clears once it is over; each query of the dashboard has an answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
import yaml
from support import eventually, query, redis_of

from core.keys import KEYS
from local.system import ROOT

if TYPE_CHECKING:
    from alerts.conftest import Watched

pytestmark = pytest.mark.timeout(900)
CLEARS = 400.0
"""Seconds; windows that look back 6 hours are 3 minutes here."""
CAUSES: dict[str, tuple[Callable[[Watched], object], Callable[[Watched], object], set[str]]] = {}
"""Fault -> what causes it, what undoes it, and the alerts that must be seen."""
LATE = {"DummiesStoresLateFast", "DummiesStoresLate", "DummiesStoresLateSlowly"}


def refuse(watched: Watched) -> None:
    """Have PostgreSQL refuse each text that ends with 7."""
    query(watched.system, "ALTER TABLE dummies ADD CONSTRAINT planted CHECK (text NOT LIKE '%%7') NOT VALID")


def accept_again(watched: Watched) -> None:
    """Drop the constraint, and discard the dead letters."""
    query(watched.system, "ALTER TABLE dummies DROP CONSTRAINT planted")
    discard = [sys.executable, "-m", "worker.dead_letters", "discard", "--all", "--why", "planted"]
    subprocess.run(discard, cwd=ROOT, env=os.environ | watched.system.env, timeout=60, check=True)


def maintain(watched: Watched, *arguments: str) -> None:
    """Run the operator's command."""
    command = [sys.executable, "-m", "worker.maintenance", *arguments]
    subprocess.run(command, cwd=ROOT, env=os.environ | watched.system.env, timeout=60, check=True)


def fill_memory(watched: Watched) -> None:
    """Leave Redis a sixth of its memory."""
    with redis_of(watched.system) as redis:
        redis.config_set("maxmemory", int(redis.info("memory")["used_memory"] * 1.18))


def roll_back(watched: Watched) -> None:
    """Have the counter of strings fall, as it does on an older copy of Redis' files."""
    with redis_of(watched.system) as redis:
        redis.decrby(KEYS.appended, 1_000)


def put_right(watched: Watched) -> None:
    """Have the counter as it was, and delete the note."""
    with redis_of(watched.system) as redis:
        redis.incrby(KEYS.appended, 1_000)
        redis.delete(KEYS.set_back)


def fail_rewrite(watched: Watched) -> None:
    """Kill the process that rewrites the append-only file."""
    with redis_of(watched.system) as redis:
        redis.config_set("rdb-key-save-delay", 1_000_000)
        redis.bgrewriteaof()
        eventually(psutil.Process(watched.system.redis.pid).children, within=30)
        for child in psutil.Process(watched.system.redis.pid).children():
            child.kill()
        redis.config_set("rdb-key-save-delay", 0)


def rewrite(watched: Watched) -> None:
    """Rewrite the append-only file."""
    with redis_of(watched.system) as redis:
        redis.bgrewriteaof()


CAUSES |= {
    "no worker": (
        lambda watched: watched.worker.stop(60),
        lambda watched: watched.start_worker(),
        {"DummiesNoWorker", "DummiesWorkerNotScraped", "DummiesNothingIsStored", "DummiesOldestStringWaits"},
    ),
    "a pause": (
        lambda watched: maintain(watched, "pause", "--why", "planted"),
        lambda watched: maintain(watched, "resume"),
        {"DummiesPaused"},
    ),
    "PostgreSQL ends": (
        lambda watched: watched.system.postgres.stop(),
        lambda watched: watched.system.postgres.start(),
        {"DummiesDatabaseUnavailable", "DummiesNothingIsStored", *LATE},
    ),
    "Redis ends": (
        lambda watched: watched.system.redis.stop(),
        lambda watched: watched.system.redis.start(),
        {"DummiesJournalUnavailable", "DummiesRefusesStrings", "DummiesErrors"},
    ),
    "the API ends": (
        lambda watched: watched.api.stop(60),
        lambda watched: watched.start_api(),
        {"DummiesApiNotScraped"},
    ),
    "memory": (
        fill_memory,
        lambda watched: redis_of(watched.system).config_set("maxmemory", "512mb"),
        {"DummiesRedisMemory"},
    ),
    "refused texts": (refuse, accept_again, {"DummiesDeadLetters"}),
    "a rollback": (roll_back, put_right, {"DummiesJournalRolledBack", "DummiesBalanceBroken"}),
    "a rewrite that fails": (fail_rewrite, rewrite, {"DummiesRedisDisk"}),
}


@pytest.mark.parametrize("fault", CAUSES)
def test_an_alert_fires_once_its_fault_is_there_and_clears_once_it_is_over(watched: Watched, fault: str) -> None:
    cause, undo, expected = CAUSES[fault]
    seen: set[str] = set()

    def see(wanted: set[str]) -> bool:
        seen.update(watched.firing())
        return wanted <= seen

    eventually(lambda: watched.query("dummies_workers") and not watched.firing(), within=CLEARS)
    cause(watched)
    try:
        eventually(lambda: see(expected - LATE), within=60)
    finally:
        undo(watched)
    eventually(lambda: see(expected), within=120)
    assert fault != "a pause" or not seen & {"DummiesNothingIsStored", "DummiesOldestStringWaits"}
    took = eventually(lambda: not expected & watched.firing(), within=CLEARS)
    print(f"{fault}: {', '.join(sorted(seen))}; cleared {took:.0f} s after it was over")


def test_every_alert_was_seen() -> None:
    rules = yaml.safe_load((ROOT / "monitoring/alerts.yaml").read_text("utf-8"))["groups"]
    alerts = {rule["alert"] for group in rules for rule in group["rules"] if "alert" in rule}
    assert alerts == {name for _, _, expected in CAUSES.values() for name in expected}


def test_every_query_of_the_dashboard_has_an_answer(watched: Watched) -> None:
    board = json.loads(Path(ROOT / "monitoring/dashboard.json").read_text("utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            asked = target["expr"].replace("$__rate_interval", "1h")  # the faults' errors, too
            answer = watched.query(asked)
            print(f"{panel['title']}: {[(each['metric'], each['value'][1]) for each in answer]}")
            assert answer, asked
