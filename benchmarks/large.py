"""The large cases: a million strings that wait, and ten million rows that are stored."""

from __future__ import annotations

import time
from contextlib import closing

import psycopg2

from benchmarks import backlog, exports, load, reads, turns
from benchmarks.effort import Effort
from benchmarks.figures import Figures
from benchmarks.stage import Stage

FILL_GROUP = 500
REWRITE_LOOK_EVERY = 0.5
FILL_ROWS = """
INSERT INTO dummies (id, text, received_at)
SELECT gen_random_uuid(), 'text-' || lpad(number::text, 12, '0'), now() FROM generate_series(1, %s) AS number"""


def play(stage: Stage, effort: Effort, figures: Figures) -> None:
    """Measure appending and storing with little there, and again with much."""
    if effort.waiting:
        stage.end_worker()
        stage.redis.flushdb()
        _append(stage, effort, figures, "large.append_empty")
        backlog.fill(stage, effort.waiting, FILL_GROUP)
        _wait_for_rewrite(stage)
        _append(stage, effort, figures, "large.append_waiting")
        stage.redis.flushdb()
    if effort.stored:
        stage.empty(stage.ours)
        _store(stage, effort, figures, "large.store_empty")
        stage.empty(stage.ours)
        stage.cursor.execute(FILL_ROWS, [effort.stored])
        stage.cursor.execute("VACUUM (ANALYZE) dummies")  # as a table that grew over time; else autovacuum starts now
        with closing(psycopg2.connect(stage.system.postgres.superuser_url)) as superuser, superuser.cursor() as cursor:
            cursor.execute("CHECKPOINT")  # or what the filling left to be written would count against the first turn
        _store(stage, effort, figures, "large.store_rows")
        for _ in range(effort.rounds):
            reads.read_history(stage, effort, figures, "large.history")
        exports.play(stage, effort, figures)


def _wait_for_rewrite(stage: Stage) -> None:
    """Wait until Redis has rewritten the append-only file that the filling made: it would count against the turn."""
    while stage.redis.info("persistence")["aof_rewrite_in_progress"]:
        time.sleep(REWRITE_LOOK_EVERY)


def _append(stage: Stage, effort: Effort, figures: Figures, key: str) -> None:
    """Note how many strings a second 64 clients have acknowledged while no worker runs."""
    for _ in range(effort.rounds):
        figures.add(key, load.submit(stage.ours.url, turns.MANY, effort.many_s).rate)


def _store(stage: Stage, effort: Effort, figures: Figures, key: str) -> None:
    """Note the rate at which one process drains a backlog."""
    for _ in range(effort.rounds):
        figures.add(key, backlog.drain(stage, effort.backlog, 1))
