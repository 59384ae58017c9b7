"""Pages from elsewhere: the predecessor's own posts ``{"text"}`` by axios to ``/dummies/`` and expects any 2xx."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from support import count_rows, eventually, query

from local.system import System

pytestmark = pytest.mark.timeout(120)

# what axios does in a browser, with the headers that it sends
AXIOS = """
([url, text]) => new Promise((resolve) => {
  const request = new XMLHttpRequest();
  request.open("POST", url, true);
  request.setRequestHeader("Accept", "application/json, text/plain, */*");
  request.setRequestHeader("Content-Type", "application/json");
  request.onload = () => resolve([request.status, request.responseURL]);
  request.onerror = () => resolve([0, "refused by the browser"]);
  request.send(JSON.stringify({ text }));
})
"""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An origin with a page that is not ours."""
    folder: Path = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text("<!doctype html><title>elsewhere</title>")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def open_system(tmp_path_factory: pytest.TempPathFactory, origin: str) -> Iterator[System]:
    """A system whose API takes that page's requests."""
    with System(tmp_path_factory.mktemp("system")) as started:
        started.start_api({"CORS_ORIGINS": f"https://page.example,{origin}"})
        started.start_worker()
        yield started


def test_the_predecessors_page_goes_on_working(open_system: System, origin: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(origin)
    url = f"{open_system.api_url}/dummies/"
    status, answered_by = page.evaluate(AXIOS, [url, "안녕, from elsewhere"])
    assert (status // 100, answered_by) == (2, url)
    eventually(lambda: count_rows(open_system) == 1, within=20)
    assert query(open_system, "SELECT text FROM dummies") == [("안녕, from elsewhere",)]
    page.close()


def test_a_page_that_was_not_named_may_not(open_system: System, origin: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(origin.replace("127.0.0.1", "localhost"))
    assert page.evaluate(AXIOS, [f"{open_system.api_url}/dummies/", "refused"]) == [0, "refused by the browser"]
    page.close()
