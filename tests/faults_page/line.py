"""The line between the browser and nginx: an HTTP proxy by which submissions and answers are late or lost."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, Literal, NamedTuple, Self

NOT_PASSED_ON = {"connection", "content-length", "keep-alive", "transfer-encoding"}
TOO_MANY = (
    b'{"type":"urn:ix-dummies:problem:rate-limited","title":"Too many requests","status":429,"detail":"Nothing."}'
)
NOT_THE_SERVICE = b"<html><title>502 Bad Gateway</title></html>"


class Fate(NamedTuple):
    """What becomes of a submission: it and its answer are late (s); it may not arrive, or its answer may be lost."""

    before: float = 0.0
    after: float = 0.0
    ending: Literal["answered", "answer lost", "cut", "429", "502"] = "answered"


Draw = Callable[[Random], Fate]


def calm(random: Random) -> Fate:
    """Take as long as an ordinary line does."""
    return Fate(before=random.uniform(0, 1))


def sometimes(likely: float, draw: Draw) -> Draw:
    """Let some of the submissions have this fate, and the others none."""
    return lambda random: draw(random) if random.random() < likely else calm(random)


class Line:
    """Passes on everything from its port to another one; ``draw`` gives each submission its fate. A context manager."""

    def __init__(self, target: int, seed: int) -> None:
        self.draw: Draw = calm
        self._random, self._lock = Random(seed), threading.Lock()
        handler = type("Handler", (_Handler,), {"line": self, "target": target})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.port: int = self._server.server_port

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fate(self) -> Fate:
        """Draw the next submission's fate."""
        with self._lock:
            return self.draw(self._random)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of tabs that were closed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    line: Line
    target: int

    def do_GET(self) -> None:
        self._answer(*self._ask(b""))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fate = self.line.fate() if self.path in {"/dummies/", "/dummies/bulk"} else Fate()
        time.sleep(fate.before)
        if fate.ending == "429":
            self._answer(429, [("Content-Type", "application/problem+json"), ("Retry-After", "1")], TOO_MANY)
        elif fate.ending == "502":
            self._answer(502, [("Content-Type", "text/html")], NOT_THE_SERVICE)
        elif fate.ending == "cut":
            self._hang_up()
        else:
            answer = self._ask(body)
            time.sleep(fate.after)
            self._hang_up() if fate.ending == "answer lost" else self._answer(*answer)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=60)
        try:
            connection.request(self.command, self.path, body or None, dict(self.headers))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in NOT_PASSED_ON:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
