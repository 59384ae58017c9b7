"""The peer without a queue: Flask inserts each string, with SQLAlchemy Core, while the request waits.

    export DATABASE_URL=postgresql://…  (a role that may create a table)
    python -m granian --interface wsgi --factory benchmarks.peers.insert_in_request.app:create_app

In its favour: one statement a request, which commits by itself, so one round trip; a pool of 16 connections that are
kept (SQLAlchemy keeps 5 by default), and no check of a connection before use; no log line per request.
What it does not promise, and ours does: while PostgreSQL is unavailable or slow, so is this API, and strings are
refused; a client that repeats a request stores its string twice.
"""

from __future__ import annotations

import os
from uuid import uuid4

from flask import Flask, request
from flask.typing import ResponseReturnValue
from sqlalchemy import create_engine, text

TABLE = "insert_in_request"
CONNECTIONS = 16  # per process; with the others' they stay below PostgreSQL's default of 100
CREATE_LOCK = 1
CREATE = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    id uuid PRIMARY KEY,
    text text NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp()
)"""
INSERT = text(f"INSERT INTO {TABLE} (id, text) VALUES (:id, :text)")


def create_app() -> Flask:
    """Return the peer's API."""
    url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://", 1)
    engine = create_engine(url, pool_size=CONNECTIONS, max_overflow=0)
    with engine.begin() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({CREATE_LOCK})"))  # several processes start together
        connection.execute(text(CREATE))
    engine.dispose()
    committing = engine.execution_options(isolation_level="AUTOCOMMIT")
    api = Flask("insert_in_request")

    @api.post("/")
    def submit() -> ResponseReturnValue:
        string_id = uuid4()
        with committing.connect() as connection:
            connection.execute(INSERT, {"id": string_id, "text": request.get_json()["text"]})
        return {"id": str(string_id)}, 201

    return api
