"""Pages from other origins: the predecessor's posts ``{"text"}`` by axios to ``/dummies/`` and expects any 2xx."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from support import count_rows, eventually, query

from local.system import Process, System

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
    """Another origin, with a page of its own."""
    folder: Path = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text("<!doctype html><title>elsewhere</title>")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def api_settings(origin: str) -> dict[str, str]:
    """The API allows that origin."""
    return {"CORS_ORIGINS": f"https://page.example,{origin}"}


@pytest.fixture
def page(browser: Browser, api: Process) -> Iterator[Page]:  # noqa: ARG001
    """A browser tab, with the API running."""
    tab = browser.new_page()
    yield tab
    tab.close()


def test_the_predecessors_page_still_works(system: System, origin: str, page: Page) -> None:
    page.goto(origin)
    url = f"{system.api_url}/dummies/"
    status, answered_by = page.evaluate(AXIOS, [url, "안녕, from elsewhere"])
    assert (status // 100, answered_by) == (2, url)
    eventually(lambda: count_rows(system) == 1, within=20)
    assert query(system, "SELECT text FROM dummies") == [("안녕, from elsewhere",)]


def test_an_origin_that_is_not_allowed_is_refused(system: System, origin: str, page: Page) -> None:
    page.goto(origin.replace("127.0.0.1", "localhost"))
    assert page.evaluate(AXIOS, [f"{system.api_url}/dummies/", "refused"]) == [0, "refused by the browser"]
