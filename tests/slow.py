"""Slow clients: those that send a few bytes, and then neither send, read nor disconnect; and slow lines."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from math import inf
from typing import Self

import httpx


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


class SlowLine:
    """A TCP proxy in front of a port; a slow direction passes at most this many bytes a second in all."""

    def __init__(self, target: int) -> None:
        """Lead to a port of 127.0.0.1."""
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.up, self.down = Direction(), Direction()
        """From the client, and to it."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            back = threading.Thread(target=self.down.carry, args=[server, client], daemon=True)
            back.start()
            self.up.carry(client, server)
            back.join()


class Direction:
    """One direction of a line, shared by all connections."""

    def __init__(self) -> None:
        self.rate = inf
        """Bytes a second."""
        self._lock = threading.Lock()

    def carry(self, source: socket.socket, target: socket.socket) -> None:
        """Carry what comes until one side ends."""
        with suppress(OSError):
            while piece := source.recv(2048):
                with self._lock:
                    time.sleep(len(piece) / self.rate)
                target.sendall(piece)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
