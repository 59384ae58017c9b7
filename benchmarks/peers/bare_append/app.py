"""Not a peer but a limit: a Flask view that appends the string to a stream in Redis with one XADD, and answers.

    export REDIS_URL=redis://…
    python -m granian --interface wsgi --factory benchmarks.peers.bare_append.app:create_app

What is done in its favour: connections are kept, and the same Redis has the string on disk before it answers.
What it does not promise, and ours does: nobody stores the string, checks it, recognises it when it is sent again, or
can say what became of it.
"""

from __future__ import annotations

import os

from flask import Flask, request
from flask.typing import ResponseReturnValue
from redis import Redis

STREAM = "bare_append"


def create_app() -> Flask:
    """Return the view's API."""
    redis = Redis.from_url(os.environ["REDIS_URL"])
    api = Flask("bare_append")

    @api.post("/")
    def submit() -> ResponseReturnValue:
        entry = redis.xadd(STREAM, {"text": request.get_json()["text"]})
        return {"id": entry.decode()}, 202

    return api
