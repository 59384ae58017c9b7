"""The large cases: a million waiting strings, and ten million stored rows."""

from __future__ import annotations

import time
from contextlib import closing

import psycopg2

from benchmarks import backlog, exports, load, reads, rounds
from benchmarks.environment import Environment
from benchmarks.figures import Figures
from benchmarks.profile import Profile

FILL_GROUP = 500
REWRITE_LOOK_EVERY = 0.5
FILL_ROWS = """
INSERT INTO dummies (id, text, received_at)
SELECT gen_random_uuid(), 'text-' || lpad(number::text, 12, '0'), now() FROM generate_series(1, %s) AS number"""


def measure(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure appending and storing on an empty journal and table, then on full ones."""
    if profile.waiting:
        environment.stop_worker()
        environment.redis.flushdb()
        _append(environment, profile, figures, "large.append_empty")
        backlog.fill(environment, profile.waiting, FILL_GROUP)
        _wait_for_rewrite(environment)
        _append(environment, profile, figures, "large.append_waiting")
        environment.redis.flushdb()
    if profile.stored:
        environment.empty(environment.ours)
        _store(environment, profile, figures, "large.store_empty")
        environment.empty(environment.ours)
        _fill_table(environment, profile.stored)
        _store(environment, profile, figures, "large.store_rows")
        for _ in range(profile.rounds):
            reads.read_history(environment, profile, figures, "large.history")
        exports.measure(environment, profile, figures)


def _fill_table(environment: Environment, rows: int) -> None:
    """Store rows, vacuum them and write them to disk."""
    environment.cursor.execute(FILL_ROWS, [rows])
    # as if the table had grown over time; otherwise autovacuum starts now
    environment.cursor.execute("VACUUM (ANALYZE) dummies")
    superuser_url = environment.system.postgres.superuser_url
    with closing(psycopg2.connect(superuser_url)) as superuser, superuser.cursor() as cursor:
        cursor.execute("CHECKPOINT")  # otherwise writing what the filling left would slow down the first trial


def _wait_for_rewrite(environment: Environment) -> None:
    """Wait for Redis to finish rewriting the append-only file after the filling: it would slow down the trial."""
    while environment.redis.info("persistence")["aof_rewrite_in_progress"]:
        time.sleep(REWRITE_LOOK_EVERY)


def _append(environment: Environment, profile: Profile, figures: Figures, key: str) -> None:
    """Measure how many strings are acknowledged per second with 64 clients while no worker runs."""
    for _ in range(profile.rounds):
        figures.add(key, load.submit(environment.ours.url, rounds.MANY, profile.many_s).rate)


def _store(environment: Environment, profile: Profile, figures: Figures, key: str) -> None:
    """Measure how fast one process drains a backlog."""
    for _ in range(profile.rounds):
        figures.add(key, backlog.drain(environment, profile.backlog, 1))
