"""The peer with Celery, in its most common form: a task for each string, a row for each task.

Flask responds 202 once ``store.delay(text)`` has put the string into the broker as a task's argument; a prefork
worker takes the tasks one by one and commits each:

    export CELERY_BROKER_URL=redis://… DATABASE_URL=postgresql://…  (a role that may create a table)
    python -m granian --interface wsgi --factory benchmarks.peers.task_per_string.app:create_app
    python -m celery -A benchmarks.peers.task_per_string.app worker --concurrency 2

In its favour: late acknowledgement and an insert under the task's own id, so that redelivery adds no row; a connection
for each worker process; no events, no result backend, no gossip, no log line per task.
What it does not promise, and ours does: a worker killed between taking a message from Redis and recording it loses it,
and a task that fails while PostgreSQL is unavailable is lost.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import psycopg2
from celery import Celery, Task, signals
from flask import Flask, request
from flask.typing import ResponseReturnValue

TABLE = "task_per_string"
CREATE = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    id uuid PRIMARY KEY,
    text text NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp()
)"""
INSERT = f"INSERT INTO {TABLE} (id, text) VALUES (%s, %s) ON CONFLICT (id) DO NOTHING"

app = Celery("task_per_string")  # Celery itself reads the broker from CELERY_BROKER_URL
app.conf.update(task_acks_late=True, task_ignore_result=True, broker_connection_retry_on_startup=True)


def connect() -> Any:
    """Return a new connection to PostgreSQL."""
    return psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=3)


@cache
def connection() -> Any:
    """Return this worker process's connection."""
    return connect()


@signals.worker_init.connect
def create_table(**_: object) -> None:
    """Create the table before the pool forks, over a connection that ends here."""
    setup = connect()
    with setup, setup.cursor() as cursor:
        cursor.execute(CREATE)
    setup.close()


@app.task(bind=True)
def store(self: Task, text: str) -> None:
    """Store one string."""
    with connection() as transaction, transaction.cursor() as cursor:
        cursor.execute(INSERT, [self.request.id, text])


def create_app() -> Flask:
    """Return the peer's API."""
    api = Flask("task_per_string")

    @api.post("/")
    def submit() -> ResponseReturnValue:
        task = store.delay(request.get_json()["text"])
        return {"id": task.id}, 202

    return api
