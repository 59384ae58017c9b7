"""Websites that use a visitor's browser: none changes or reads anything, and the service's own pages go on working."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from browsing import HOST
from front import serving
from playwright.sync_api import Browser, Page
from support import redis_of

from core.keys import KEYS
from local.ports import free_port
from local.system import System

EVIL = "evil.test"
"""A name that leads wherever its owner likes: to the website, and (rebound) to the service."""

FORM = """(url) => {
  const form = document.createElement("form");
  Object.assign(form, { method: "POST", action: url, enctype: "text/plain" });
  const line = document.createElement("input");
  Object.assign(line, { name: "by form", value: "" });
  document.body.append(form);
  form.append(line);
  form.submit();
}"""
FETCH = """(url) => void fetch(url, { method: "POST", mode: "no-cors", body: "by fetch" })"""
BEACON = """(url) => void navigator.sendBeacon(url, "by beacon")"""
FRAME = """(url) => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.srcdoc = `<script>fetch("${url}", { method: "POST", mode: "no-cors", body: "by a frame" })</script>`;
  document.body.append(frame);
}"""
# what axios does in a browser; 0 where the browser hides the answer
SUBMIT = """(url) => new Promise((resolve) => {
  const request = new XMLHttpRequest();
  request.open("POST", url);
  request.setRequestHeader("Content-Type", "application/json");
  request.onloadend = () => resolve(request.status);
  request.send('{"text": "by a page"}');
})"""


class Sites(NamedTuple):
    """The service, and a website on a port beside it, which is reached under all names of this machine."""

    system: System
    page_port: int
    api_port: int
    other_port: int

    def accepted(self) -> int:
        """Return how many strings were accepted since the last time."""
        with redis_of(self.system) as redis:
            return int(redis.getset(KEYS.appended, 0) or 0)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """The service knows two of its names, and allows pages on the website's port, as those of the predecessor."""
    folder: Path = tmp_path_factory.mktemp("website")
    (folder / "index.html").write_text("<!doctype html><title>a website</title><body>")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    port = free_port()
    settings = {"ALLOWED_HOSTS": f"127.0.0.1,{HOST}", "CORS_PORTS": str(port)}
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as website,
        System(tmp_path_factory.mktemp("system")) as system,
    ):
        threading.Thread(target=website.serve_forever, daemon=True).start()
        system.start_api(settings, workers=1)
        with serving(system, "front") as web:
            yield Sites(system, web.port, web.api_port, port)
        website.shutdown()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Page]:
    """A tab."""
    tab = browser.new_page()
    yield tab
    tab.close()


@pytest.mark.parametrize("way", [FORM, FETCH, BEACON, FRAME], ids=["form", "fetch", "beacon", "sandboxed frame"])
@pytest.mark.parametrize("port", ["page_port", "api_port"])
def test_a_website_submits_nothing(sites: Sites, visit: Page, way: str, port: str) -> None:
    """All of this is a bulk in plain text, and the browser sends no preflight."""
    visit.goto(f"http://{EVIL}:{sites.other_port}/")
    with visit.expect_response(lambda response: response.request.method == "POST") as found:
        visit.evaluate(way, f"http://127.0.0.1:{getattr(sites, port)}/dummies/bulk")
    assert (found.value.status, sites.accepted()) == (403, 0)


def test_a_website_on_the_allowed_port_of_another_host_submits_nothing(sites: Sites, visit: Page) -> None:
    visit.goto(f"http://{EVIL}:{sites.other_port}/")
    assert visit.evaluate(SUBMIT, f"http://127.0.0.1:{sites.api_port}/dummies/") == 0
    assert sites.accepted() == 0


def test_a_name_that_was_rebound_to_the_service_gets_nothing(sites: Sites, visit: Page) -> None:
    """To the browser the website and the service are one origin."""
    visit.goto(f"http://{EVIL}:{sites.page_port}/")
    assert visit.evaluate(SUBMIT, "/dummies/") == 421
    for path in ("/pipeline", "/dummies/", "/dummies/export"):
        assert visit.evaluate("(path) => fetch(path).then(({ status }) => status)", path) == 421
    assert sites.accepted() == 0


@pytest.mark.parametrize("host", ["127.0.0.1", HOST])
def test_the_services_page_submits_under_each_of_its_names(sites: Sites, visit: Page, host: str) -> None:
    visit.goto(f"http://{host}:{sites.page_port}/")
    assert visit.evaluate(SUBMIT, "/dummies/") == 202
    assert sites.accepted() == 1


@pytest.mark.parametrize("host", ["127.0.0.1", HOST])
def test_the_page_on_the_allowed_port_submits_to_the_api_beside_it(sites: Sites, visit: Page, host: str) -> None:
    visit.goto(f"http://{host}:{sites.other_port}/")
    assert visit.evaluate(SUBMIT, f"http://{host}:{sites.api_port}/dummies") == 202
    assert sites.accepted() == 1
