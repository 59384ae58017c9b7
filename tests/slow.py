"""Slow clients: those that send a few bytes, and then neither send, read nor disconnect."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx


@contextmanager
def raised_file_limit() -> Iterator[None]:
    """Let this process hold one end of many connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def connections(port: int, count: int, first: bytes) -> Iterator[list[socket.socket]]:
    """Open connections that each send this and nothing else; they are closed at the end."""
    with ExitStack() as opened:
        made = []
        for _ in range(count):
            made.append(opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5)))
            made[-1].sendall(first)
        yield made


def ended(connection: socket.socket) -> bool:
    """Tell whether the other side has ended a connection; what it has sent before is read."""
    connection.setblocking(False)  # noqa: FBT003
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True


def refuses(port: int, path: str) -> bool:
    """Tell whether a path is answered with 503."""
    return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5, trust_env=False).status_code == 503
