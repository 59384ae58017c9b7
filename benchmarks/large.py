"""The large cases: ten million waiting strings, and a hundred million stored rows."""

from __future__ import annotations

import time
from contextlib import closing

import psycopg2

from benchmarks import backlog, exports, load, reads, requests, rounds
from benchmarks.environment import Environment
from benchmarks.figures import Figures
from benchmarks.profile import Profile

REWRITE_LOOK_EVERY = 0.5
PIECE = 5_000_000
FILL_ROWS = """
INSERT INTO dummies (id, text, received_at)
SELECT (lpad(to_hex(number), 12, '0') || '7000' || '8' || substr(md5(number::text), 1, 15))::uuid,
    'text-' || lpad(number::text, 12, '0'), now()
FROM generate_series(%s, %s) AS number"""
"""The ids grow as those of the API's do, UUIDs of version 7."""


def measure(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure appending and storing on an empty journal and table, then on full ones."""
    if profile.waiting:
        environment.stop_worker()
        _append(environment, profile, figures, "large.append_empty")
        environment.forget_waiting()
        backlog.fill(environment, profile.waiting, backlog.BULKS)
        wait_for_rewrite(environment)
        _append(environment, profile, figures, "large.append_waiting")
        environment.forget_waiting()
        environment.restart_worker()
    if profile.stored:
        rounds.run_trial(environment, environment.ours, rounds.MANY, profile.one_s)  # the worker may just have started
        environment.empty(environment.ours)
        _store(environment, profile, figures, "empty")
        environment.empty(environment.ours)
        _fill_table(environment, profile.stored)
        _store(environment, profile, figures, "rows")
        for _ in range(profile.rounds):
            reads.read_history(environment, profile, figures, "large.history")
        exports.measure(environment, profile, figures)
        environment.empty(environment.ours)


def _fill_table(environment: Environment, rows: int) -> None:
    """Store rows, vacuum them and write them to disk."""
    started = time.monotonic()
    for first in range(1, rows + 1, PIECE):
        environment.cursor.execute(FILL_ROWS, [first, min(rows, first + PIECE - 1)])
    # as if the table had grown over time; otherwise autovacuum starts now
    environment.cursor.execute("VACUUM (ANALYZE) dummies")
    superuser_url = environment.system.postgres.superuser_url
    with closing(psycopg2.connect(superuser_url)) as superuser, superuser.cursor() as cursor:
        cursor.execute("CHECKPOINT")  # otherwise writing what the filling left would slow down the first trial
    print(f"filled with {rows:,} rows in {time.monotonic() - started:.0f} s", flush=True)


def wait_for_rewrite(environment: Environment) -> None:
    """Wait for Redis to finish rewriting the append-only file after the filling: it would slow down the trial."""
    while environment.redis.info("persistence")["aof_rewrite_in_progress"]:
        time.sleep(REWRITE_LOOK_EVERY)


def _append(environment: Environment, profile: Profile, figures: Figures, key: str) -> None:
    """Measure how many strings are acknowledged per second with 64 clients while no worker runs."""
    for _ in range(profile.rounds):
        figures.add(key, load.submit(environment.ours.url, rounds.MANY, profile.many_s).rate)


def _store(environment: Environment, profile: Profile, figures: Figures, key: str) -> None:
    """Measure from the request to the row, in bulk and single strings, beside the rows that are there."""
    for _ in range(profile.rounds):
        figures.add(f"large.bulk_{key}", requests.store_bulk(environment, profile.bulk))
        newest, start = environment.newest(), time.time()
        seen = load.submit(environment.ours.url, rounds.MANY, profile.many_s)
        last = environment.last_stored("dummies", seen.answered, newest)
        figures.add(f"large.singles_{key}", seen.answered / (last - start))
