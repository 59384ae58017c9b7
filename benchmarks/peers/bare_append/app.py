"""A limit, not a peer: a Flask view that appends the string to a Redis stream with one XADD.

    export REDIS_URL=redis://…
    python -m granian --interface wsgi --factory benchmarks.peers.bare_append.app:create_app

In its favour: persistent connections, and the same Redis, which has the string on disk before the response.
What it does not promise, and ours does: the string is neither checked nor stored as a row, a repeated one is not
recognised, and there is no status.
"""

from __future__ import annotations

import os

from flask import Flask, request
from flask.typing import ResponseReturnValue
from redis import Redis

STREAM = "bare_append"


def create_app() -> Flask:
    """Return the limit's API."""
    redis = Redis.from_url(os.environ["REDIS_URL"])
    api = Flask("bare_append")

    @api.post("/")
    def submit() -> ResponseReturnValue:
        entry = redis.xadd(STREAM, {"text": request.get_json()["text"]})
        return {"id": entry.decode()}, 202

    return api
