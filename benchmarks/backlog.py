"""A backlog: strings that wait while no worker runs, how fast they are drained, and what each takes in Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from benchmarks import strings
from benchmarks.environment import Environment, Incomplete
from benchmarks.figures import Figures
from benchmarks.load import SHORTEST_TEXT
from benchmarks.profile import Profile
from core.append import Unit
from core.connection import connect
from core.journal import MAX_GROUP_STRINGS, Journal
from core.keys import KEYS

FILLERS = 4
PROCESSES = {"one": 1, "two": 2}
MEMORY_DATABASE = 3  # a logical database of its own, where no API and no worker looks


class Kind(NamedTuple):
    """How strings were sent that wait: the units of an append, and its strings."""

    units: Callable[[int, int], list[Unit]]
    size: int


GROUP = 30
"""Single strings per append: roughly what 64 clients cause, half of them at each API process."""
SINGLES, KEYED = Kind(strings.singles, GROUP), Kind(strings.keyed, GROUP)
BULKS = Kind(strings.part_of_bulk, MAX_GROUP_STRINGS)


def fill(environment: Environment, count: int, kind: Kind, database: int = 0) -> None:
    """Append this many strings of 17 characters to the journal, as the API does. Raises Incomplete."""
    with environment.connect_redis(database) as redis:
        before = _waiting(redis)
        groups = list(strings.numbers(count, kind.size))
        url = urlsplit(environment.system.redis.url)._replace(path=f"/{database}").geturl()
        with ThreadPoolExecutor(FILLERS) as pool:
            list(pool.map(lambda number: _append(url, kind, groups[number::FILLERS]), range(FILLERS)))
        if _waiting(redis) != before + count:
            raise Incomplete(f"{_waiting(redis) - before} of {count} appended strings are waiting")


def _append(url: str, kind: Kind, groups: Iterable[tuple[int, int]]) -> None:
    redis = connect(url, timeout=30)
    journal = Journal(redis)
    for size, first in groups:
        journal.append(kind.units(size, first))
    redis.close()


def _waiting(redis: Any) -> int:
    return int(redis.get(KEYS.waiting) or 0)


def drain(environment: Environment, count: int, processes: int, kind: Kind) -> float:
    """Fill the journal, start a worker with this many processes, and return rows stored per second.

    The time runs from the first row to the last, so the worker's start does not count.
    """
    environment.stop_worker()
    fill(environment, count, kind)
    newest = environment.newest()
    environment.restart_worker(processes)
    last = environment.last_stored("dummies", count, newest)
    [first] = environment.fetch_row(
        "SELECT extract(epoch FROM min(stored_at))::float FROM dummies WHERE seq > %s", newest
    )
    return count / (last - first)


def measure(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure draining singles and bulks with one process and with two; the worker with two keeps running."""
    for number, processes in PROCESSES.items():
        for name, kind in {"singles": SINGLES, "bulks": BULKS}.items():
            environment.empty(environment.ours)
            figures.add(f"drain.{name}.{number}", drain(environment, profile.backlog, processes, kind))


def measure_memory(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure what a waiting string takes in Redis beyond its text. Raises Incomplete."""
    for name, kind in {"single": SINGLES, "bulk": BULKS, "keyed": KEYED}.items():
        figures.add(f"memory.{name}", _bytes_beyond_text(environment, profile.pending, kind))
        if profile.waiting:
            figures.add(f"memory.{name}.large", _bytes_beyond_text(environment, profile.waiting, kind))


def _bytes_beyond_text(environment: Environment, count: int, kind: Kind) -> float:
    before = environment.redis_memory()
    fill(environment, count, kind, MEMORY_DATABASE)
    taken = environment.redis_memory() - before
    with environment.connect_redis(MEMORY_DATABASE) as redis:
        redis.flushdb()
    return taken / count - SHORTEST_TEXT
