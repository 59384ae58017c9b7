"""A limit, not a peer: a Flask view that parses JSON and returns JSON, and does nothing else.

    python -m granian --interface wsgi --factory benchmarks.peers.bare_view.app:create_app

It promises nothing: the string is gone after the response.
"""

from __future__ import annotations

from uuid import uuid4

from flask import Flask, request
from flask.typing import ResponseReturnValue


def create_app() -> Flask:
    """Return the limit's API."""
    api = Flask("bare_view")

    @api.post("/")
    def submit() -> ResponseReturnValue:
        return {"id": str(uuid4()), "characters": len(request.get_json()["text"])}, 202

    return api
