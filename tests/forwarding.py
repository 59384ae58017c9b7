"""A TCP proxy whose directions can be slow."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack, suppress
from math import inf
from typing import Self


class Forwarder:
    """Listens on a free port of an address and forwards to a port of 127.0.0.1. A context manager."""

    def __init__(self, target: int, address: str = "127.0.0.1") -> None:
        self._target = target
        self._listening = socket.create_server((address, 0))
        self.port = int(self._listening.getsockname()[1])
        self.up, self.down = Direction(), Direction()
        """From the client, and to it."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def welcome(self, client: socket.socket) -> socket.socket:
        """Return the connection to forward, once a client has connected; an OSError ends it."""
        return client

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), ExitStack() as opened:
            welcomed = opened.enter_context(self.welcome(client))
            server = opened.enter_context(socket.create_connection(("127.0.0.1", self._target)))
            back = threading.Thread(target=self.down.carry, args=[server, welcomed], daemon=True)
            back.start()
            self.up.carry(welcomed, server)
            back.join()


class LateForwarder(Forwarder):
    """Refuses connections at first, as the network of a cluster does while its policies do not know a new pod."""

    def __init__(self, target: int, seconds: float = 1.0) -> None:
        super().__init__(target)
        self._listening.close()
        self._seconds = seconds

    def _accept(self) -> None:
        time.sleep(self._seconds)
        self._listening = socket.create_server(("127.0.0.1", self.port))
        super()._accept()


class Direction:
    """One direction, shared by all connections."""

    def __init__(self) -> None:
        self.rate = inf
        """Bytes a second in all."""
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
