"""The API's operations port: probes, and what Prometheus gets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus

import structlog
from flask import Response

from api.http.problems import ApiProblem
from api.process.monitor import Monitor
from core import operations_port
from core.loops import repeat

log = structlog.get_logger()

Responses = Mapping[str, Callable[[], Response]]
"""What answers each path: a function that must not wait, and may raise ApiProblem."""


def serve(listener: socket.socket, responses: Responses, monitor: Monitor) -> None:
    """Answer on this socket for as long as the process lives, and start the monitor.

    A process that is not ready receives no requests, and without one the monitor would not start.
    """
    looking = threading.Event()

    def look() -> None:
        monitor.ensure_started()
        looking.set()

    repeat(look, "monitor start", until=looking.is_set)
    operations_port.serve(listener, partial(_answer, responses))


def _answer(responses: Responses, request: bytes) -> bytes:
    try:
        response = _response(request.decode("latin-1"), responses)
    except ApiProblem as problem:
        response = problem.response()
    except Exception:
        log.exception("probe failed")
        response = ApiProblem("internal-error", "Look into the log of this process.").response()
    response.headers["Connection"] = "close"
    if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = "GET, HEAD"
    body = b"" if request.startswith(b"HEAD ") else response.get_data()
    return f"HTTP/1.1 {response.status}\r\n{response.headers}".encode("latin-1") + body


def _response(request: str, responses: Responses) -> Response:
    method, _, rest = request.partition(" ")
    respond = responses.get(rest.partition(" ")[0])
    if respond is None:
        raise ApiProblem("not-found", f"Ask for one of these: {', '.join(responses)}.")
    if method not in {"GET", "HEAD"}:
        raise ApiProblem("method-not-allowed", "Send GET or HEAD.")
    return respond()
