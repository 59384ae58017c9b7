"""Stands for the API behind a node's port where the harness's own flow is tested: it stores each string at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4


class Answers(BaseHTTPRequestHandler):
    """Accepts strings, and is always well."""

    protocol_version = "HTTP/1.1"
    rows: Path

    def do_POST(self) -> None:
        text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
        with self.rows.open("a") as rows:
            rows.write(text.encode().hex() + "\n")
        self._answer(202, {"id": str(uuid4())})

    def do_GET(self) -> None:
        self._answer(200, {"accepting": True, "waiting": 0})

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)


class Server(ThreadingHTTPServer):
    """Has room for the connections of many clients at once."""

    request_queue_size = 128


@contextmanager
def serving(rows: Path) -> Iterator[int]:
    """Serve, and hand over the port; every text becomes a line of a file, in hexadecimal."""
    handler = type("Handler", (Answers,), {"rows": rows})
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
