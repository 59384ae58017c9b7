"""The ids of a request: the one in its response and log lines, and nginx' own, from which ids of strings derive.

The first is `X-Request-ID`, which any client may send and several requests may share: it decides nothing. The second
comes in a header that nginx sets in every request, whatever the client sent, and is the same in two requests only if
nginx retries one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from wsgiref.types import WSGIEnvironment

import uuid_utils
from flask import Flask, Response, request
from structlog.contextvars import STRUCTLOG_KEY_PREFIX

HEADER = "X-Request-ID"
NGINX_HEADER = "X-Dummies-Request"
BEGAN = "dummies.began"
"""When (monotonic) the request was met, in its WSGI environment."""
TRACE = "dummies.trace"
"""The trace context of a traced request's span, in W3C's form, in its WSGI environment."""
_OURS = "dummies.request_id"
_NGINX = "HTTP_X_DUMMIES_REQUEST"
_bound: ContextVar[object] = ContextVar(f"{STRUCTLOG_KEY_PREFIX}request_id")
"""What structlog's ``bind_contextvars`` would set, in a third of the time; structlog treats an Ellipsis as unset."""
_is_plain = re.compile(r"[!-~]{1,255}").fullmatch
_is_of_nginx = re.compile(r"[0-9a-f]{32}").fullmatch


def request_id_of(environ: WSGIEnvironment) -> str:
    """Return the id of a request: the one that it came with if that can be sent back, else a new one."""
    known = environ.get(_OURS)
    if known is None:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        known = environ[_OURS] = given if _is_plain(given) else str(uuid_utils.uuid7())
    return str(known)


def nginx_id_of(environ: WSGIEnvironment) -> str | None:
    """Return the id that nginx gave a request, the same when it retries it; None without one in nginx' own form."""
    given = environ.get(_NGINX)
    return given if given and _is_of_nginx(given) else None


def bind(environ: WSGIEnvironment) -> str:
    """Have this thread's log lines carry the id of a request, until the next one or ``unbind``; return the id."""
    request_id = request_id_of(environ)
    _bound.set(request_id)
    return request_id


def unbind() -> None:
    """Have this thread's log lines carry no id."""
    _bound.set(...)


@contextmanager
def bound(environ: WSGIEnvironment) -> Iterator[None]:
    """Have this thread's log lines carry the id of a request within the block, and none after it."""
    bind(environ)
    try:
        yield
    finally:
        unbind()


def install(app: Flask) -> None:
    """Have the application's log lines and responses carry the id."""
    app.before_request(_bind)
    app.after_request(_send_back)


def _bind() -> None:
    bind(request.environ)


def _send_back(response: Response) -> Response:
    response.headers[HEADER] = request_id_of(request.environ)
    return response
