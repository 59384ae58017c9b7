"""Every answer and every log line about a request carry the request's id: the proxy's, or else one made here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import structlog
import uuid_utils
from flask import Flask, Response, request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HEADER = "X-Request-ID"
_OURS = "dummies.request_id"
_is_plain = re.compile(r"[!-~]{1,255}").fullmatch


def request_id_of(environ: WSGIEnvironment) -> str:
    """Return the id to answer a request with: the one that it came with where that can be sent back, else a new one."""
    known = environ.get(_OURS)
    if known is None:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        known = environ[_OURS] = given if _is_plain(given) else str(uuid_utils.uuid7())
    return str(known)


def install(app: Flask) -> None:
    """Have the application's log lines and answers carry the id."""
    app.before_request(_bind)
    app.after_request(_send_back)


def _bind() -> None:
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id_of(request.environ))


def _send_back(response: Response) -> Response:
    response.headers[HEADER] = request_id_of(request.environ)
    return response
