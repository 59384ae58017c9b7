"""The peer with a list: Flask pushes each string onto a list in Redis, a loop pops many and inserts them together.

Like Docker's example voting app, but its worker takes one vote at a time and sleeps 0.1 s after each:

    export REDIS_URL=redis://… DATABASE_URL=postgresql://…  (a role that may create a table)
    python -m granian --interface wsgi --factory benchmarks.peers.push_and_pop.app:create_app
    python -m benchmarks.peers.push_and_pop.app

In its favour: the same Redis, which has the string on disk before the push returns; a blocking pop instead of polling,
then up to 1,000 strings a pop, which one statement inserts and commits; a persistent connection to each server.
What it does not promise, and ours does: strings leave the list before they are rows, so up to 1,000 are lost if the
loop dies in between or PostgreSQL is unavailable; there is no status.
"""

from __future__ import annotations

import json
import os
from uuid import uuid4

import psycopg2
from flask import Flask, request
from flask.typing import ResponseReturnValue
from redis import Redis

TABLE = "push_and_pop"
LIST = "push_and_pop"
CREATE = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    id uuid PRIMARY KEY,
    text text NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp()
)"""
INSERT = f"INSERT INTO {TABLE} (id, text) SELECT * FROM unnest(%s::uuid[], %s::text[])"
MOST = 1_000
"""Strings a pop."""


def create_app() -> Flask:
    """Return the peer's API."""
    redis = Redis.from_url(os.environ["REDIS_URL"])
    api = Flask("push_and_pop")

    @api.post("/")
    def submit() -> ResponseReturnValue:
        string_id = str(uuid4())
        redis.rpush(LIST, json.dumps({"id": string_id, "text": request.get_json()["text"]}))
        return {"id": string_id}, 202

    return api


def main() -> None:
    """Store the list's strings until a signal ends the process."""
    redis = Redis.from_url(os.environ["REDIS_URL"], socket_timeout=None)
    connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=3)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(CREATE)
    while True:
        popped = [redis.blpop(LIST)[1], *(redis.lpop(LIST, MOST - 1) or ())]
        strings = [json.loads(string) for string in popped]
        cursor.execute(INSERT, [[string[field] for string in strings] for field in ("id", "text")])


if __name__ == "__main__":
    main()
