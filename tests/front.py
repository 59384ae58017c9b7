"""nginx with the image's own templates, in front of an API, with a stand-in for the built page."""

from __future__ import annotations

import gzip
import http.client
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support import eventually

from local import nginx
from local.ports import free_port
from local.ready import get
from local.system import ROOT, Process, System

SCRIPT = "console.log('built');\n"
POST = b"POST /dummies/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
"""The beginning of a submission's header."""


class Web:
    """A running nginx, and the folder that its configuration is in."""

    def __init__(self, port: int, api_port: int, folder: Path) -> None:
        self.port, self.api_port = port, api_port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.folder = folder

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """Ask over the open connection, or else over a new one; the body is read."""
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        return answer


@contextmanager
def serving(system: System, name: str, read_timeout: str = "10s", **front: Any) -> Iterator[Web]:
    """Run nginx in a folder of this name, with a stand-in for the built page."""
    binary = nginx.find()
    if binary is None:
        pytest.skip("NO NGINX: the template is not tested; install nginx-light")
    folder, port, api_port = system.folder / name, free_port(), free_port()
    site = folder / "site"
    shutil.copytree(ROOT / "web" / "public", site / "dist")
    shutil.copytree(ROOT / "web" / "nginx", site / "nginx")
    template = site / "nginx" / "default.conf.template"
    template.write_text(template.read_text().replace("proxy_read_timeout 10s", f"proxy_read_timeout {read_timeout}"))
    (site / "dist" / "index.html").write_text("the page")
    (site / "dist" / "assets").mkdir()
    for kind in ("js", "css"):
        (site / "dist" / "assets" / f"built.{kind}").write_text(SCRIPT)
        (site / "dist" / "assets" / f"built.{kind}.br").write_text("as brotli")
        (site / "dist" / "assets" / f"built.{kind}.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    given = {"upstream": f"127.0.0.1:{system.api_port}"} | front
    command = nginx.write_config(binary, folder, site, nginx.Front(port, api_port, **given))
    process = Process(command, folder / "nginx.log", {})
    try:
        eventually(lambda: get(port, "/"), within=30)
        made = Web(port, api_port, folder)
        yield made
        made.connection.close()
    finally:
        process.stop()


def connect(port: int, sent: bytes, source: str = "127.0.0.1") -> socket.socket:
    """Connect from an address of the loopback interface, and send no more than this."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=15, source_address=(source, 0))
    connection.sendall(sent)
    return connection


def get_head(path: str) -> bytes:
    """Return a request without a body."""
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def with_body(head: bytes, body: bytes) -> bytes:
    """Return a request whose head is complete, except for the body's length."""
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def answer_of(connection: socket.socket) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Return status, headers and body of the answer."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, answer.headers, answer.read()
