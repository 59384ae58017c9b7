"""A paced load: single strings at a steady rate, whether or not the responses keep up.

A request's time counts from the moment at which it was due, so waiting for a free connection is part of it. wrk cannot
do this: its clients wait for a response before they send again.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections import deque
from typing import Any, Self
from urllib.parse import urlsplit

from benchmarks.load import LoadFailed

CONNECTIONS = 64
RESPONSE_WITHIN = 10.0
ACCEPTED = b"HTTP/1.1 202 "
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


def run(url: str, per_s: float, seconds: float) -> list[float]:
    """Send at this rate for this long; return how long each acknowledgement took, in ms. Raises LoadFailed."""
    with _Paced(url, per_s) as paced:
        return paced.send(int(per_s * seconds))


class _Paced:
    def __init__(self, url: str, per_s: float) -> None:
        address = urlsplit(url)
        self._target = (address.hostname or "", address.port or 80)
        self._head = f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
        self._interval = 1 / per_s
        self._selector = selectors.DefaultSelector()
        self._idle: deque[socket.socket] = deque()
        self._due: dict[socket.socket, float] = {}
        self._responses: dict[socket.socket, bytes] = {}
        self._took: list[float] = []

    def __enter__(self) -> Self:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(self._target, timeout=RESPONSE_WITHIN)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(connection, selectors.EVENT_READ)
            self._idle.append(connection)
        return self

    def __exit__(self, *error: object) -> None:
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def send(self, count: int) -> list[float]:
        """Send each request when it is due, or as soon as a connection is free."""
        start = time.perf_counter()
        sent = 0
        while len(self._took) < count:
            now = time.perf_counter()
            due = start + sent * self._interval
            while sent < count and due <= now and self._idle:
                self._send_one(sent, due)
                sent += 1
                due = start + sent * self._interval
            self._receive(max(0.0, due - now) if sent < count and self._idle else 1.0)
            if now > start + count * self._interval + RESPONSE_WITHIN:
                raise LoadFailed(f"{count - len(self._took)} of {count} paced requests had no response")
        return self._took

    def _send_one(self, number: int, due: float) -> None:
        connection = self._idle.popleft()
        body = f'{{"text":"pace-{number:012d}"}}'
        self._due[connection] = due
        connection.sendall(f"{self._head}Content-Length: {len(body)}\r\n\r\n{body}".encode())

    def _receive(self, wait: float) -> None:
        for key, _ in self._selector.select(wait):
            connection: Any = key.fileobj
            response = self._responses.pop(connection, b"") + connection.recv(65536)
            if not response.startswith(ACCEPTED):
                raise LoadFailed(f"a paced request was not accepted: {response[:200]!r}")
            if not _is_whole(response):
                self._responses[connection] = response
                continue
            self._took.append((time.perf_counter() - self._due.pop(connection)) * 1000)
            self._idle.append(connection)


def _is_whole(response: bytes) -> bool:
    head, end, body = response.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    return bool(end and length and len(body) >= int(length[1]))
