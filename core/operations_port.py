"""A port for probes and Prometheus, answered by a thread of its own, independent of all other work.

Each prober has its own deadline, and when there are too many, the oldest is disconnected, so that a slow or silent one
does not keep others waiting.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import cast

from core.loops import repeat
from core.settings import stop

PATIENCE = 2.0
"""Seconds in which a prober must have sent its request and read the answer."""
MOST_PROBERS = 256
BACKLOG = MOST_PROBERS // 2
"""Connections accepted in one turn of the loop; few enough that none is disconnected before it was read from."""
MOST_BYTES = 4096

Respond = Callable[[bytes], bytes]
"""Returns the response to a request, of which it gets line and headers; must not wait."""


def listen(setting: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket that listens on this port of every address; a port that is shared several processes may have.

    Stops the process, with a line that names the setting, where the port is taken.
    """
    dual = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual else socket.AF_INET
    try:
        return socket.create_server(("", port), family=family, dualstack_ipv6=dual, reuse_port=shared)
    except OSError as error:
        stop([f"{setting}: {os.strerror(error.errno or 0)}"])


def serve(listener: socket.socket, respond: Respond) -> None:
    """Answer on this socket for as long as the process lives."""
    sockets = [listener]

    def work() -> None:
        sockets[1:] = [listener.dup()]  # the loop closes it
        asyncio.run(answer(sockets[1], respond))

    def close() -> None:
        for each in sockets:
            each.close()

    os.register_at_fork(after_in_child=close)  # a process that outlives this one must not hold the port
    repeat(work, "operations")


async def answer(listener: socket.socket, respond: Respond) -> None:
    """Answer on this socket until the loop ends."""
    probers: dict[_Prober, asyncio.Transport] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Prober(respond, probers), sock=listener, backlog=BACKLOG)
    await server.serve_forever()


class _Prober(asyncio.Protocol):
    """A connection for one request."""

    def __init__(self, respond: Respond, probers: dict[_Prober, asyncio.Transport]) -> None:
        self._respond, self._probers = respond, probers
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
            self._transport.write(self._respond(self._received))
            self._transport.close()
        elif len(self._received) > MOST_BYTES:
            self._transport.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        self._deadline.cancel()
        self._probers.pop(self, None)
