"""A limit, not a peer: a WSGI function without a framework that reads the body and returns what ours returns.

    python -m granian --interface wsgi --factory benchmarks.peers.bare_wsgi.app:create_app

The response has the status, the headers and the length of this system's own, but the same id each time. It promises
nothing: the string is gone after the response.
"""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

ID = "01997f7e-9d5c-7c3a-8f0e-5b1f6a2c4d3e"
BODY = (
    f'{{"id":"{ID}","status":"queued","status_url":"/dummies/{ID}",'
    '"received_at":"2026-01-01T00:00:00.000000Z","accepted_total":1000000}'
).encode()
HEADERS = [
    ("Content-Type", "application/json"),
    ("Content-Length", str(len(BODY))),
    ("X-Request-ID", ID),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Location", f"/dummies/{ID}"),
    ("Retry-After", "1"),
]


def create_app() -> WSGIApplication:
    """Return the limit's API."""
    return submit


def submit(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Read the string and return the constant response; only POST is allowed."""
    if environ["REQUEST_METHOD"] != "POST":
        start_response("405 METHOD NOT ALLOWED", [("Content-Length", "0")])
        return []
    environ["wsgi.input"].read()
    start_response("202 ACCEPTED", HEADERS)
    return [BODY]
