"""Chromium repeats a request by itself when a connection that was kept open breaks, and nothing is stored twice."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest
from browsing import Open
from playwright.sync_api import Page, expect
from support import eventually, query

from local.system import System

pytestmark = pytest.mark.timeout(180)
TOO_LARGE = {"type": "urn:ix-dummies:problem:too-large", "title": "Too large", "status": 413, "detail": "Send less."}
PATIENT = 60_000  # ms


class Proxy(ThreadingHTTPServer):
    """Forwards, but drops the first submission's connection once it is accepted, and refuses the next for its size."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = target
        self.submissions = 0


class Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Forward."""
        self.answer(*self.forward())

    def do_POST(self) -> None:
        """Forward, but for the first two submissions."""
        if self.path == "/dummies/status":
            return self.do_GET()
        self.server.submissions += 1
        if self.server.submissions == 2:
            self.rfile.read(int(self.headers["Content-Length"]))
            return self.answer(413, "application/problem+json", json.dumps(TOO_LARGE).encode())
        answer = self.forward()
        if self.server.submissions > 1:
            return self.answer(*answer)
        assert answer[0] == http.HTTPStatus.ACCEPTED
        self.close_connection = True
        return None

    def forward(self) -> tuple[int, str, bytes]:
        """Return the server's status, media type and body."""
        connection = http.client.HTTPConnection(self.server.target, timeout=30)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        found = answer.status, answer.headers.get("Content-Type", ""), answer.read()
        connection.close()
        return found

    def answer(self, status: int, media_type: str, body: bytes) -> None:
        """Answer, and keep the connection open."""
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def proxy(site: str) -> Iterator[Proxy]:
    """A proxy before the page's server."""
    with Proxy(urlsplit(site).netloc) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def open_behind(proxy: Proxy, page: Page, place: str) -> list[str]:
    """Open a view behind the proxy; return what the page submits from then on."""
    page.goto(f"http://127.0.0.1:{proxy.server_port}/{place}")
    expect(page.get_by_text("Strings are getting through.")).to_be_visible()
    made: list[str] = []
    page.on("request", lambda request: "Idempotency-Key".lower() in request.headers and made.append(request.url))
    return made


def rows(system: System, like: str) -> int:
    """Return the number of rows whose text matches a pattern."""
    return query(system, "SELECT count(*) FROM dummies WHERE text LIKE %s", like)[0][0]


def test_lines_are_stored_once_and_called_accepted(system: System, open_page: Open, proxy: Proxy) -> None:
    page = open_page("en-US")
    made = open_behind(proxy, page, "#/many")
    page.get_by_label("Lines").fill("\n".join(f"line {number}" for number in range(40)))
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Send 40 strings").click()
    expect(page.get_by_role("heading", name="All sent: 40 strings accepted")).to_be_visible(timeout=PATIENT)
    assert (len(made), proxy.submissions) == (1, 2)
    expect(page.get_by_text("All of them are stored")).to_be_visible()
    assert rows(system, "line %") == 40


def test_a_string_is_not_called_refused(system: System, open_page: Open, proxy: Proxy) -> None:
    page = open_page("en-US")
    made = open_behind(proxy, page, "")
    page.get_by_role("textbox").fill("only once")
    page.get_by_role("textbox").press("Enter")
    row = page.get_by_role("main").get_by_role("listitem")
    expect(row).to_contain_text("Stored", timeout=PATIENT)
    assert (len(made), proxy.submissions) == (1, 2)
    eventually(lambda: rows(system, "only once") == 1, within=30)
