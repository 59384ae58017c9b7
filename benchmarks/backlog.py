"""A backlog: strings that wait because no worker runs, and what it takes to drain them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import uuid_utils

from benchmarks import load, turns
from benchmarks.effort import Effort
from benchmarks.figures import Figures
from benchmarks.stage import Incomplete, Stage
from core.connection import connect
from core.journal import Journal, Unit
from core.keys import KEYS
from core.submission import Submission

ENTRY_STRINGS = 30
"""Strings an entry: what 64 clients bring about, half of them at each API process."""
FILLERS = 4
PROCESSES = {"drain.one": 1, "drain.two": 2}


def fill(stage: Stage, strings: int, group: int = ENTRY_STRINGS) -> None:
    """Append so many strings of 17 characters to the journal, as the API does, and see that they wait."""
    before = waiting(stage)
    sizes = [group] * (strings // group) + ([strings % group] if strings % group else [])
    with ThreadPoolExecutor(FILLERS) as pool:
        list(pool.map(lambda number: _fill(stage, sizes[number::FILLERS]), range(FILLERS)))
    if waiting(stage) != before + strings:
        raise Incomplete(f"{waiting(stage) - before} strings wait of {strings} appended ones")


def _fill(stage: Stage, sizes: list[int]) -> None:
    redis = connect(stage.system.redis.url, timeout=30)
    journal = Journal(redis)
    for size in sizes:
        now = time.time_ns() // 1000
        group = [Submission(str(uuid_utils.uuid7()), f"text-{number:012d}", now) for number in range(size)]
        journal.append([Unit(group)])
    redis.close()


def waiting(stage: Stage) -> int:
    """Return how many strings wait."""
    return int(stage.redis.get(KEYS.waiting) or 0)


def drain(stage: Stage, strings: int, processes: int) -> float:
    """Fill the journal, start a worker with so many processes, and return the rows a second.

    The time is that between the first row and the last one, so a worker's start does not count.
    """
    stage.end_worker()
    fill(stage, strings)
    [newest] = stage.fetch_row("SELECT coalesce(max(seq), 0) FROM dummies")
    stage.restart_worker(processes)
    last = stage.last_stored("dummies", strings, newest)
    [first] = stage.fetch_row("SELECT extract(epoch FROM min(stored_at))::float FROM dummies WHERE seq > %s", newest)
    return strings / (last - first)


def play(stage: Stage, effort: Effort, figures: Figures) -> None:
    """Drain a backlog with one process and with two; a worker with two is left running."""
    for key, processes in PROCESSES.items():
        stage.empty(stage.ours)
        figures.add(key, drain(stage, effort.backlog, processes))


def measure_pending(stage: Stage, effort: Effort, figures: Figures) -> None:
    """Submit single strings while no worker runs, and note what each takes in Redis beyond its text."""
    stage.end_worker()
    stage.empty(stage.ours)
    waited, memory, accepted = waiting(stage), _used_memory(stage), 0
    while accepted < effort.pending:
        accepted += load.submit(stage.ours.url, turns.MANY, effort.many_s).answered
    if waiting(stage) - waited != accepted:
        raise Incomplete(f"{waiting(stage) - waited} strings wait of {accepted} accepted ones")
    figures.add("memory.pending_bytes", (_used_memory(stage) - memory) / accepted - load.SHORTEST_TEXT)
    stage.restart_worker()
    stage.last_stored("dummies", accepted)


def _used_memory(stage: Stage) -> int:
    return int(stage.redis.info("memory")["used_memory"])
