"""How much a run measures: QUICK=1 to see that everything works, the default, or FULL=1 with the large cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

SWEEP = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Clients of the trials that only this system has."""


class Profile(NamedTuple):
    """Durations in seconds, counts in strings."""

    name: str
    rounds: int
    many_s: float
    """How long 64 clients send; a contender that stores more slowly than it accepts sends for part of it."""
    one_s: float
    """How long 1 client sends."""
    sweep_s: float
    """How long each number of clients of the sweep sends."""
    paced_s: float
    reads_s: int
    bulk: int
    """Strings sent in bulk."""
    batch: int
    """Rows of each insert loop and COPY, entries of redis-benchmark."""
    backlog: int
    """Strings of a backlog to drain."""
    pending: int
    """Strings left pending to measure the memory that each takes in Redis."""
    restarts: bool
    """Whether `make run` is started."""
    waiting: int
    """Strings that wait while that memory and the append rate are measured again; 0 leaves it out."""
    stored: int
    """Rows stored while storing and history are measured again; 0 leaves it out."""
    outage: int
    """Strings that wait at the end of PostgreSQL's outage; 0 leaves it out."""


QUICK = Profile(
    name="quick",
    rounds=1,
    many_s=1.0,
    one_s=0.5,
    sweep_s=0.5,
    paced_s=1.0,
    reads_s=1,
    bulk=40_000,
    batch=50_000,
    backlog=40_000,
    pending=50_000,
    restarts=False,
    waiting=0,
    stored=0,
    outage=0,
)
DEFAULT = Profile(
    name="default",
    rounds=3,
    many_s=4.0,
    one_s=1.5,
    sweep_s=2.0,
    paced_s=4.0,
    reads_s=2,
    bulk=200_000,
    batch=200_000,
    backlog=200_000,
    pending=1_000_000,
    restarts=True,
    waiting=0,
    stored=0,
    outage=0,
)
FULL = DEFAULT._replace(name="full", waiting=10_000_000, stored=100_000_000, outage=3_600_000)


def chosen(environ: Mapping[str, str]) -> Profile:
    """Return the profile that QUICK=1 or FULL=1 selects."""
    if environ.get("QUICK") == "1":
        return QUICK
    return FULL if environ.get("FULL") == "1" else DEFAULT
