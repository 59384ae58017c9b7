"""What the servers reach on their own: bare inserts, COPY, and redis-benchmark's XADD."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import uuid_utils
from msgspec.structs import astuple
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in spite of its name
from psycopg2.extensions import get_wait_callback, set_wait_callback

from benchmarks.environment import Environment, Incomplete
from benchmarks.figures import Figures
from benchmarks.profile import Profile
from core.submission import Submission
from local.system import ROOT

TABLE = "limits"
CREATE = f"CREATE TABLE IF NOT EXISTS {TABLE} (LIKE dummies INCLUDING ALL)"
INSERT = (ROOT / "worker/sql/insert.sql").read_text(encoding="ascii").replace("public.dummies ", f"{TABLE} ")
PER_COMMIT = 1_000
PIPELINED, XADD_CLIENTS, XADD_DATABASE = 32, 8, 2

Rows = list[tuple[Any, ...]]
"""The fields of submissions."""


def measure(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure each limit once."""
    environment.cursor.execute(CREATE)
    now = time.time_ns() // 1000
    rows = [astuple(Submission(str(uuid_utils.uuid7()), f"text-{number:012d}", now)) for number in range(profile.batch)]
    for key, insert in (("limit.unnest", _unnest), ("limit.copy", _copy)):
        figures.add(key, _rate(environment, rows, insert))
    entries = _xadd(environment, profile.batch)
    if entries is None:
        figures.skip("redis-benchmark's XADD: redis-benchmark is missing; apt-get install redis-tools")
    else:
        figures.add("limit.xadd", entries)


def _rate(environment: Environment, rows: Rows, insert: Callable[[Connection, Rows], None]) -> float:
    environment.cursor.execute(f"TRUNCATE {TABLE}")
    with closing(psycopg2.connect(environment.system.postgres.owner_url)) as connection:
        start = time.perf_counter()
        insert(connection, rows)
        seconds = time.perf_counter() - start
    [stored] = environment.fetch_row(f"SELECT count(*) FROM {TABLE}")
    if stored != len(rows):
        raise Incomplete(f"{stored} rows in {TABLE} after {len(rows)} inserts")
    return len(rows) / seconds


def _unnest(connection: Connection, rows: Rows) -> None:
    """Insert with the worker's own statement, 1,000 rows per commit."""
    for start in range(0, len(rows), PER_COMMIT):
        columns = map(list, zip(*rows[start : start + PER_COMMIT], strict=True))
        with connection, connection.cursor() as cursor:
            cursor.execute(INSERT, dict(zip(Submission.__struct_fields__, columns, strict=True)))


def _copy(connection: Connection, rows: Rows) -> None:
    """Copy all rows in one commit; building the text that COPY reads is part of the time."""
    lines = "".join(f"{row_id}\t{text}\tnow\n" for row_id, text, *_ in rows)
    with _no_wait_callback(), connection, connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {TABLE} (id, text, received_at) FROM STDIN", io.StringIO(lines))


@contextmanager
def _no_wait_callback() -> Iterator[None]:
    """Let psycopg2 wait by itself: the callback of database.deadline, which counts for the process, allows no COPY."""
    callback = get_wait_callback()
    set_wait_callback(None)
    try:
        yield
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
