"""The peer with procrastinate: a job for each string, kept in PostgreSQL itself, a row for each job.

Flask responds 202 once ``store.defer(…)`` has committed the job; two workers take the jobs one by one, 16 at a time:

    export DATABASE_URL=postgresql://…  (a role that may create tables and functions)
    python -m granian --interface wsgi --factory benchmarks.peers.job_per_string.app:create_app
    python -m benchmarks.peers.job_per_string.app

In its favour: it needs no Redis; psycopg's C code and pools of connections that are kept; asynchronous jobs, each one
statement, which commits by itself; a finished job is deleted, so that the table of jobs stays small; no log line a job.
What it does not promise, and ours does: while PostgreSQL is unavailable, strings are refused; a client that repeats a
request stores its string twice.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from uuid import uuid4

import psycopg
from flask import Flask, request
from flask.typing import ResponseReturnValue
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from psycopg_pool import AsyncConnectionPool

TABLE = "job_per_string"
CREATE_LOCK = 2
CREATE = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    id uuid PRIMARY KEY,
    text text NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp()
)"""
INSERT = f"INSERT INTO {TABLE} (id, text) VALUES (%s, %s) ON CONFLICT (id) DO NOTHING"
DEFERRING = 8
"""Connections of an API process; with the others' they stay below PostgreSQL's default of 100."""
WORKERS, JOBS = 2, 16
"""Processes, and the jobs that each runs at the same time."""
INSERTING = 4
"""Connections of a worker process for the rows, and likewise for the jobs."""
TASK = "store"


def create_app() -> Flask:
    """Return the peer's API."""
    jobs = App(connector=SyncPsycopgConnector(conninfo=os.environ["DATABASE_URL"], min_size=1, max_size=DEFERRING))
    _create(jobs)
    store = jobs.open().configure_task(TASK)
    api = Flask("job_per_string")

    @api.post("/")
    def submit() -> ResponseReturnValue:
        string_id = str(uuid4())
        store.defer(string_id=string_id, text=request.get_json()["text"])
        return {"id": string_id}, 202

    return api


def _create(jobs: App) -> None:
    """Create the tables, unless another process has."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [CREATE_LOCK])
        connection.execute(CREATE)
        [there] = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone() or [None]
        if there is None:
            connection.execute(jobs.schema_manager.get_schema())


def work() -> None:
    """Run jobs until a signal ends the process."""
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    url = os.environ["DATABASE_URL"]
    jobs = App(connector=PsycopgConnector(conninfo=url, min_size=1, max_size=INSERTING))
    rows = AsyncConnectionPool(url, min_size=1, max_size=INSERTING, kwargs={"autocommit": True}, open=False)

    @jobs.task(name=TASK)
    async def store(string_id: str, text: str) -> None:
        await rows.open()
        async with rows.connection() as connection:
            await connection.execute(INSERT, [string_id, text])

    jobs.run_worker(concurrency=JOBS, delete_jobs="successful")


def main() -> None:
    """Run the workers until a signal ends them."""
    workers = [multiprocessing.Process(target=work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
