"""What the servers can do when nothing stands before them: bare inserts, COPY, and redis-benchmark's XADD."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import psycopg2
import uuid_utils

from benchmarks.effort import Effort
from benchmarks.figures import Figures
from benchmarks.stage import Incomplete, Stage
from local.system import ROOT

TABLE = "limits"
CREATE = f"CREATE TABLE IF NOT EXISTS {TABLE} (LIKE dummies INCLUDING ALL)"
INSERT = (ROOT / "worker" / "sql" / "insert.sql").read_text(encoding="utf-8").replace("INTO dummies ", f"INTO {TABLE} ")
A_COMMIT = 1_000
PIPELINED, XADD_CLIENTS, XADD_DATABASE = 32, 8, 2

Rows = list[tuple[str, str, int]]


def play(stage: Stage, effort: Effort, figures: Figures) -> None:
    """Measure each once."""
    stage.cursor.execute(CREATE)
    now = time.time_ns() // 1000
    rows = [(str(uuid_utils.uuid7()), f"text-{number:012d}", now) for number in range(effort.batch)]
    for key, insert in (("limit.unnest", _unnest), ("limit.copy", _copy)):
        figures.add(key, _rate(stage, rows, insert))
    entries = _xadd(stage, effort.batch)
    if entries is None:
        figures.skip("redis-benchmark's XADD: redis-benchmark is missing, apt-get install redis-tools")
    else:
        figures.add("limit.xadd", entries)


def _rate(stage: Stage, rows: Rows, insert: Callable[[Any, Rows], None]) -> float:
    stage.cursor.execute(f"TRUNCATE {TABLE}")
    with closing(psycopg2.connect(stage.system.postgres.owner_url)) as connection:
        start = time.perf_counter()
        insert(connection, rows)
        seconds = time.perf_counter() - start
    [stored] = stage.fetch_row(f"SELECT count(*) FROM {TABLE}")
    if stored != len(rows):
        raise Incomplete(f"{stored} rows in {TABLE} for {len(rows)} inserted ones")
    return len(rows) / seconds


def _unnest(connection: Any, rows: Rows) -> None:
    """Insert by the worker's own statement, 1,000 rows a commit."""
    for start in range(0, len(rows), A_COMMIT):
        ids, texts, received = map(list, zip(*rows[start : start + A_COMMIT], strict=True))
        with connection, connection.cursor() as cursor:
            cursor.execute(INSERT, {"ids": ids, "texts": texts, "received": received})


def _copy(connection: Any, rows: Rows) -> None:
    """Copy them all in one commit; the text that COPY reads is made within the time."""
    lines = "".join(f"{row_id}\t{text}\tnow\n" for row_id, text, _ in rows)
    with connection, connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {TABLE} (id, text, received_at) FROM STDIN", io.StringIO(lines))


def _xadd(stage: Stage, entries: int) -> float | None:
    """Return how many XADD a second 8 clients get, with 32 in each pipeline; None without redis-benchmark."""
    if shutil.which("redis-benchmark") is None:
        return None
    server = ["-p", str(stage.system.redis.port), "--dbnum", str(XADD_DATABASE), "--csv"]
    load = ["-n", str(entries), "-c", str(XADD_CLIENTS), "-P", str(PIPELINED)]
    command = ["redis-benchmark", *server, *load, "XADD", "limits", "*", "text", "text-000000000000"]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    with closing(stage.connect_redis(XADD_DATABASE)) as redis:
        redis.flushdb()
    return _requests_per_s(run.stdout.splitlines())


def _requests_per_s(lines: Sequence[str]) -> float:
    """Return the second field of the last line: what comes after it differs from version to version."""
    return float(list(csv.reader(lines))[-1][1])
