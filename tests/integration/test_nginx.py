"""nginx with the image's own template: where it sends what, and how it lets go of connections before it ends."""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import eventually

from local import nginx
from local.ports import free_port
from local.ready import get
from local.system import ROOT, Process, System

PATHS = ["/", "/favicon.svg", "/settings.json", "/nothing", "/dummies", "/dummies/", "/pipeline", "/openapi.json"]


class Web:
    """A running nginx, and the folder that its configuration is in."""

    def __init__(self, port: int, folder: Path) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.folder = folder

    def get(self, path: str) -> http.client.HTTPResponse:
        """Ask over the connection that stands, or else over a new one; the body is read."""
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        return answer


@pytest.fixture(scope="module")
def web(system: System) -> Iterator[Web]:
    """The page and the way to the API."""
    binary = nginx.find()
    if binary is None:
        pytest.skip("NO NGINX: the template is not tested; install nginx-light")
    folder, port = system.folder / "nginx", free_port()
    site = system.folder / "web"
    shutil.copytree(ROOT / "web" / "public", site / "dist")
    shutil.copytree(ROOT / "web" / "nginx", site / "nginx")
    (site / "dist" / "index.html").write_text("the page")
    process = Process(nginx.write_config(binary, folder, site, port, system.api_port), folder / "nginx.log", {})
    try:
        eventually(lambda: get(port, "/"), within=10)
        made = Web(port, folder)
        yield made
        made.connection.close()
    finally:
        process.stop()


@pytest.mark.parametrize("path", PATHS)
def test_each_path_has_its_place_and_the_connection_stays(web: Web, path: str) -> None:
    answer = web.get(path)
    assert answer.status == (404 if path == "/nothing" else 200)
    assert answer.getheader("Connection") == "keep-alive"


@pytest.mark.parametrize("path", PATHS)
def test_before_it_ends_each_answer_closes_its_connection(web: Web, path: str) -> None:
    """So that no client has one on which nginx' end could meet its next request; the answer is the same."""
    usual = web.get(path)
    (web.folder / "draining").touch()
    try:
        answer = web.get(path)
    finally:
        (web.folder / "draining").unlink()
    assert answer.getheader("Connection") == "close"
    assert (answer.status, answer.getheader("Content-Type")) == (usual.status, usual.getheader("Content-Type"))
    assert answer.getheader("Cache-Control") == usual.getheader("Cache-Control")
    if path != "/pipeline":
        assert answer.body == usual.body  # type: ignore[attr-defined]


def test_a_query_reaches_the_api_as_it_was_sent(web: Web) -> None:
    unknown = ["00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"]
    answer = web.get(f"/dummies/?id={unknown[0]}&id={unknown[1]}")
    assert json.loads(answer.body)["not_found"] == unknown  # type: ignore[attr-defined]


def test_nothing_of_how_it_lets_go_can_be_asked_for(web: Web) -> None:
    for path in ("/-draining/", "/-draining/dummies/"):
        assert web.get(path).status == 404
        web.connection.close()


def test_the_page_is_told_where_the_api_is(web: Web) -> None:
    assert json.loads(web.get("/settings.json").body) == {"apiOrigin": ""}  # type: ignore[attr-defined]
    assert "connect-src 'self' ;" in (web.get("/").getheader("Content-Security-Policy") or "")


@pytest.mark.parametrize("characters", [500_000, 2_000_000])
def test_what_is_too_large_is_always_told_so(web: Web, characters: int) -> None:
    """The API must not hang up while nginx still sends: nginx would take it for away, and say "send it again"."""
    body = json.dumps({"text": "x" * characters})
    for _ in range(20):
        web.connection.request("POST", "/dummies/", body, {"Content-Type": "application/json"})
        answer = web.connection.getresponse()
        assert (answer.status, json.load(answer)["type"]) == (413, "urn:ix-dummies:problem:too-large")
