"""After an outage of PostgreSQL: what its strings take in Redis, and how soon they are drained beside new ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from benchmarks import backlog, paced
from benchmarks.environment import LOOK_EVERY, Environment, Incomplete
from benchmarks.figures import Figures
from benchmarks.large import wait_for_rewrite
from benchmarks.profile import Profile
from core.keys import KEYS

PER_S = 1_000
SLICE_S = 2.0
DRAINED_WITHIN = 600.0
MEGABYTE = 1_000_000
DRAINED = """
SELECT extract(epoch FROM max(stored_at) - min(stored_at))::float FROM dummies WHERE received_at < to_timestamp(%s)"""


def measure(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Let as many singles wait as an outage leaves, in appends as large as at that rate; drain them beside new ones."""
    if not profile.outage:
        return
    environment.stop_worker()
    environment.empty(environment.ours)
    sent = len(paced.run(environment.ours.url, PER_S, SLICE_S))
    group = sent / int(environment.redis.xlen(KEYS.journal))
    figures.add("outage.group", group)
    backlog.fill(environment, profile.outage - sent, backlog.SINGLES._replace(size=max(1, round(group))))
    wait_for_rewrite(environment)
    figures.add("outage.redis_mb", environment.redis_memory() / MEGABYTE)
    ended, stored = time.time(), _stored(environment)
    with _beside(environment) as took:
        environment.restart_worker()
        _await(environment, stored + profile.outage)
    environment.last_stored("dummies", profile.outage + len(took))
    figures.add("outage.drain_s", environment.fetch_row(DRAINED, ended)[0])


@contextmanager
def _beside(environment: Environment) -> Iterator[list[float]]:
    """Send strings at the steady rate meanwhile; yield how long each acknowledgement took, in ms."""
    ended, took, failed = Event(), [], []

    def send() -> None:
        try:
            while not ended.is_set():
                took.extend(paced.run(environment.ours.url, PER_S, SLICE_S))
        except Exception as error:  # noqa: BLE001 - it is raised below
            failed.append(error)

    thread = Thread(target=send)
    thread.start()
    try:
        yield took
    finally:
        ended.set()
        thread.join()
    if failed:
        raise failed[0]


def _await(environment: Environment, stored: int) -> None:
    """Wait until this many strings have ever been stored; the oldest are stored first. Raises Incomplete."""
    deadline = time.monotonic() + DRAINED_WITHIN
    while _stored(environment) < stored:
        if time.monotonic() > deadline:
            raise Incomplete(f"{stored - _stored(environment)} strings still wait after {DRAINED_WITHIN:.0f} s")
        time.sleep(LOOK_EVERY)


def _stored(environment: Environment) -> int:
    return int(environment.redis.get(KEYS.stored) or 0)
