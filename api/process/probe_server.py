"""The operations port: probes and Prometheus are answered by a thread of their own, independent of the requests.

Each prober has its own deadline, and when there are too many, the oldest is disconnected, so that a slow or silent one
does not keep others waiting.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import cast

import structlog
from flask import Response

from api.http.problems import ApiProblem
from api.process.monitor import Monitor
from core.loops import repeat

log = structlog.get_logger()

PATIENCE = 2.0
"""Seconds in which a prober must have sent its request and read the answer."""
MOST_PROBERS = 256
BACKLOG = MOST_PROBERS // 2
"""Connections accepted in one turn of the loop; few enough that none is disconnected before it was read from."""
MOST_BYTES = 4096

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
    repeat(lambda: asyncio.run(answer_probes(listener.dup(), responses)), "operations")


async def answer_probes(listener: socket.socket, responses: Responses) -> None:
    """Answer on this socket until the loop ends."""
    probers: dict[_Prober, asyncio.Transport] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Prober(responses, probers), sock=listener, backlog=BACKLOG)
    await server.serve_forever()


class _Prober(asyncio.Protocol):
    """A connection for one request."""

    def __init__(self, responses: Responses, probers: dict[_Prober, asyncio.Transport]) -> None:
        self._responses, self._probers = responses, probers
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._deadline = asyncio.get_running_loop().call_later(PATIENCE, self._transport.abort)
        self._probers[self] = self._transport
        if len(self._probers) > MOST_PROBERS:
            self._probers.pop(next(iter(self._probers))).abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if b"\r\n\r\n" in self._received:
            self._transport.write(_answer(self._received, self._responses))
            self._transport.close()
        elif len(self._received) > MOST_BYTES:
            self._transport.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        self._deadline.cancel()
        self._probers.pop(self, None)


def _answer(request: bytes, responses: Responses) -> bytes:
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
