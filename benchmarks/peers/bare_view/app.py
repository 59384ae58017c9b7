"""Not a peer but a limit: a Flask view that parses JSON and answers JSON, and does nothing else.

    python -m granian --interface wsgi --factory benchmarks.peers.bare_view.app:create_app

It promises nothing: the string is gone once it is answered.
"""

from __future__ import annotations

from uuid import uuid4

from flask import Flask, request
from flask.typing import ResponseReturnValue


def create_app() -> Flask:
    """Return the view's API."""
    api = Flask("bare_view")

    @api.post("/")
    def submit() -> ResponseReturnValue:
        return {"id": str(uuid4()), "characters": len(request.get_json()["text"])}, 202

    return api
