"""What the servers reach on their own: inserts in batches, the worker's and bare ones, COPY, redis-benchmark's XADD."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TypeVar

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class in spite of its name
from psycopg2.extensions import get_wait_callback, set_wait_callback

from benchmarks import strings
from benchmarks.environment import Environment, Incomplete
from benchmarks.figures import Figures
from benchmarks.profile import Profile
from core.submission import Submission
from worker.store import Store

TABLE = "limits"
CREATE = f"CREATE TABLE IF NOT EXISTS {TABLE} (LIKE dummies INCLUDING ALL)"
INSERT = f"""
INSERT INTO {TABLE} (id, text, received_at)
SELECT id, text, TIMESTAMPTZ 'epoch' + received_at * INTERVAL '1 microsecond'
FROM unnest(%s::uuid[], %s::text[], %s::bigint[]) AS batch (id, text, received_at)
ON CONFLICT (id) DO NOTHING"""
PER_COMMIT = 1_000
PIPELINED, XADD_CLIENTS, XADD_DATABASE = 32, 8, 2

Batch = Sequence[Submission]
T = TypeVar("T")


def measure(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure the worker's own insert, then each limit, once."""
    environment.cursor.execute(CREATE)
    rows = strings.submissions(profile.batch)
    batches = [rows[start : start + PER_COMMIT] for start in range(0, len(rows), PER_COMMIT)]
    store = Store(environment.system.postgres.writer_url)
    figures.add(
        "insert.store", _rate(environment, len(rows), [[strings.written(batch)] for batch in batches], store.insert)
    )
    with _bare_cursor(environment) as cursor:
        figures.add("limit.insert", _rate(environment, len(rows), batches, lambda batch: _insert(cursor, batch), TABLE))
        figures.add(
            "limit.copy_batches", _rate(environment, len(rows), batches, lambda batch: _copy(cursor, batch), TABLE)
        )
        figures.add("limit.copy", _rate(environment, len(rows), [rows], lambda batch: _copy(cursor, batch), TABLE))
    entries = _xadd(environment, profile.batch)
    if entries is None:
        figures.skip("redis-benchmark's XADD: redis-benchmark is missing; apt-get install redis-tools")
    else:
        figures.add("limit.xadd", entries)


def _rate(
    environment: Environment, rows: int, batches: Iterable[T], insert: Callable[[T], object], table: str = "dummies"
) -> float:
    """Return rows per second, each batch in a commit of its own. Raises Incomplete."""
    environment.cursor.execute(f"TRUNCATE {table}")
    start = time.perf_counter()
    for batch in batches:
        insert(batch)
    seconds = time.perf_counter() - start
    [stored] = environment.fetch_row(f"SELECT count(*) FROM {table}")
    if stored != rows:
        raise Incomplete(f"{stored} rows in {table} after {rows} inserts")
    return rows / seconds


def _insert(cursor: Cursor, batch: Batch) -> None:
    columns = zip(*((row.id, row.text, row.received_at) for row in batch), strict=True)
    cursor.execute(INSERT, [_literal(column) for column in columns])


def _literal(values: Iterable[object]) -> str:
    """Return PostgreSQL's text of an array: one parameter, where a list would be quoted value by value."""
    quoted = (str(value).replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return '{"' + '","'.join(quoted) + '"}'


def _copy(cursor: Cursor, batch: Batch) -> None:
    """Copy rows; building the text that COPY reads is part of the time."""
    lines = "".join(f"{row.id}\t{row.text}\tnow\n" for row in batch)
    cursor.copy_expert(f"COPY {TABLE} (id, text, received_at) FROM STDIN", io.StringIO(lines))


@contextmanager
def _bare_cursor(environment: Environment) -> Iterator[Cursor]:
    """Connect, each statement a commit, and let psycopg2 wait by itself.

    The callback of database.deadline counts for the process; it would slow down what is bare, and allows no COPY.
    """
    callback = get_wait_callback()
    set_wait_callback(None)
    try:
        with closing(psycopg2.connect(environment.system.postgres.owner_url)) as connection:
            connection.autocommit = True
            yield connection.cursor()
    finally:
        set_wait_callback(callback)


def _xadd(environment: Environment, entries: int) -> float | None:
    """Return XADDs per second with 8 clients and pipelines of 32; None without redis-benchmark."""
    if shutil.which("redis-benchmark") is None:
        return None
    redis = environment.system.redis
    # 7.0 takes the password nowhere else; it is that of a server for this run alone
    server = ["-p", str(redis.port), "-a", redis.password, "--dbnum", str(XADD_DATABASE), "--csv"]
    load = ["-n", str(entries), "-c", str(XADD_CLIENTS), "-P", str(PIPELINED)]
    command = ["redis-benchmark", *server, *load, "XADD", "limits", "*", "text", "text-000000000000"]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    with closing(environment.connect_redis(XADD_DATABASE)) as client:
        client.flushdb()
    return _requests_per_s(run.stdout.splitlines())


def _requests_per_s(lines: Sequence[str]) -> float:
    """Return the second field of the last line; the fields after it differ between versions."""
    return float(list(csv.reader(lines))[-1][1])
