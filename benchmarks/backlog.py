"""A backlog: strings that wait while no worker runs, and how fast they are drained."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import uuid_utils

from benchmarks import load, rounds
from benchmarks.environment import Environment, Incomplete
from benchmarks.figures import Figures
from benchmarks.profile import Profile
from core.append import Unit
from core.connection import connect
from core.journal import Journal
from core.keys import KEYS
from core.submission import Submission

GROUP = 30
"""Strings per entry: roughly what 64 clients cause, half of them at each API process."""
FILLERS = 4
PROCESSES = {"drain.one": 1, "drain.two": 2}


def fill(environment: Environment, strings: int, group: int = GROUP) -> None:
    """Append this many strings of 17 characters to the journal, as the API does. Raises Incomplete."""
    before = waiting(environment)
    sizes = [group] * (strings // group) + ([strings % group] if strings % group else [])
    with ThreadPoolExecutor(FILLERS) as pool:
        list(pool.map(lambda number: _fill(environment, sizes[number::FILLERS]), range(FILLERS)))
    if waiting(environment) != before + strings:
        raise Incomplete(f"{waiting(environment) - before} of {strings} appended strings are waiting")


def _fill(environment: Environment, sizes: list[int]) -> None:
    redis = connect(environment.system.redis.url, timeout=30)
    journal = Journal(redis)
    for size in sizes:
        now = time.time_ns() // 1000
        group = [Submission(str(uuid_utils.uuid7()), f"text-{number:012d}", now) for number in range(size)]
        journal.append([Unit(group)])
    redis.close()


def waiting(environment: Environment) -> int:
    """Return the number of waiting strings."""
    return int(environment.redis.get(KEYS.waiting) or 0)


def drain(environment: Environment, strings: int, processes: int) -> float:
    """Fill the journal, start a worker with this many processes, and return rows stored per second.

    The time runs from the first row to the last, so the worker's start does not count.
    """
    environment.stop_worker()
    fill(environment, strings)
    [newest] = environment.fetch_row("SELECT coalesce(max(seq), 0) FROM dummies")
    environment.restart_worker(processes)
    last = environment.last_stored("dummies", strings, newest)
    [first] = environment.fetch_row(
        "SELECT extract(epoch FROM min(stored_at))::float FROM dummies WHERE seq > %s", newest
    )
    return strings / (last - first)


def measure(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure draining with one process and with two; the worker with two keeps running."""
    for key, processes in PROCESSES.items():
        environment.empty(environment.ours)
        figures.add(key, drain(environment, profile.backlog, processes))


def measure_pending(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure the memory in Redis of a pending string beyond its text: submit singly while no worker runs."""
    environment.stop_worker()
    environment.empty(environment.ours)
    waited, memory, accepted = waiting(environment), _used_memory(environment), 0
    while accepted < profile.pending:
        accepted += load.submit(environment.ours.url, rounds.MANY, profile.many_s).answered
    if waiting(environment) - waited != accepted:
        raise Incomplete(f"{waiting(environment) - waited} of {accepted} accepted strings are waiting")
    figures.add("memory.pending_bytes", (_used_memory(environment) - memory) / accepted - load.SHORTEST_TEXT)
    environment.restart_worker()
    environment.last_stored("dummies", accepted)


def _used_memory(environment: Environment) -> int:
    return int(environment.redis.info("memory")["used_memory"])
