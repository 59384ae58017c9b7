"""nginx with the image's own template: what it routes where, and how it closes connections before it ends."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from front import SCRIPT, Web, answer_of, connect, serving, with_body
from support import eventually

from local.system import System

PAGE = ["/", "/favicon.svg", "/settings.json", "/assets/built.js", "/assets/built.css"]
API = ["/dummies", "/dummies/", "/pipeline", "/openapi.json", "/docs", "/docs/style.css"]
PATHS = [*PAGE, "/nothing", *API]
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture(scope="module")
def web(system: System) -> Iterator[Web]:
    """The page, and nginx in front of the API."""
    with serving(system, "nginx") as made:
        yield made


@pytest.mark.parametrize("path", PATHS)
def test_each_path_has_its_place_and_the_connection_stays(web: Web, path: str) -> None:
    answer = web.get(path)
    assert answer.status == (404 if path == "/nothing" else 200)
    assert answer.getheader("Connection") == "keep-alive"


@pytest.mark.parametrize("path", PATHS)
def test_before_it_ends_each_answer_closes_its_connection(web: Web, path: str) -> None:
    """So that no client sends its next request on a connection that nginx is closing; the response is the same."""
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


def test_the_largest_request_for_a_status_reaches_the_api(web: Web) -> None:
    body = json.dumps({"ids": [str(UUID(int=number)) for number in range(2_000)]})
    web.connection.request("POST", "/dummies/status", body, {"Content-Type": "application/json"})
    answer = web.connection.getresponse()
    assert (answer.status, len(json.load(answer)["not_found"])) == (200, 2_000)


def test_internal_locations_cannot_be_requested(web: Web) -> None:
    for path in ("/-draining/", "/-draining/dummies/"):
        assert web.get(path).status == 404
        web.connection.close()


def test_the_page_is_told_where_the_api_is(web: Web) -> None:
    assert json.loads(web.get("/settings.json").body) == {"apiOrigin": ""}  # type: ignore[attr-defined]
    assert "connect-src 'self' ;" in (web.get("/").getheader("Content-Security-Policy") or "")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /dummies/bulk HTTP/1.1\r\nHost: a\r\nOrigin: null\r\n", 403),
        (b"POST /dummies/failed/retry HTTP/1.1\r\nHost: a\r\n", 403),
        (b"POST /pipeline HTTP/1.1\r\nHost: a\r\n", 405),
    ],
)
def test_what_is_refused_unread_always_gets_the_apis_answer(web: Web, head: bytes, status: int) -> None:
    for client in range(1, 16):  # each with a share of its own
        with connect(web.api_port, with_body(head, b"x\n" * 4_000_000), f"127.0.4.{client}") as connection:
            assert answer_of(connection)[0] == status


@pytest.mark.parametrize("characters", [500_000, 2_000_000])
def test_a_request_that_is_too_large_always_gets_413(web: Web, characters: int) -> None:
    """The API must not hang up while nginx still sends: nginx would call it unavailable, and say "retry"."""
    body = json.dumps({"text": "x" * characters})
    for _ in range(20):
        web.connection.request("POST", "/dummies/", body, {"Content-Type": "application/json"})
        answer = web.connection.getresponse()
        assert (answer.status, json.load(answer)["type"]) == (413, "urn:ix-dummies:problem:too-large")


@pytest.mark.parametrize(("path", "media"), [("/dummies/", "application/json"), ("/dummies/bulk", "text/plain")])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Encoding": "identity"}, 202),
        ({"Content-Range": "bytes 0-12/20"}, 400),
        ({"Content-Digest": "sha-256=:AAAA:"}, 400),
        ({"Content-MD5": "AAAA"}, 400),
    ],
)
def test_what_is_declared_about_a_body_reaches_the_api(
    web: Web, path: str, media: str, headers: dict[str, str], status: int
) -> None:
    """A large one too: it is read to its end before it is refused, or nginx would take the API for unavailable."""
    for size in (1, 60_000):
        body = json.dumps({"text": "x" * size})
        web.connection.request("POST", path, body, {"Content-Type": media, **headers})
        answer = web.connection.getresponse()
        answer.read()
        assert answer.status == status
        assert answer.getheader("Accept-Encoding") == ("identity" if status == 415 else None)


@pytest.mark.parametrize("path", PATHS)
def test_each_answer_has_the_headers_of_security_and_one_request_id(web: Web, path: str) -> None:
    answer = web.get(path)
    assert SECURITY.items() <= dict(answer.getheaders()).items()
    policy = answer.getheader("Content-Security-Policy") or ""
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert len(answer.headers.get_all("X-Request-ID") or []) == 1


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/", "no-cache"),
        ("/settings.json", "no-cache"),
        ("/early.js", "no-cache"),
        ("/shell.js", "no-cache"),
        ("/assets/built.js", "public, max-age=31536000, immutable"),
        ("/dummies/", "no-store"),
        ("/pipeline", "no-store"),
    ],
)
def test_each_answer_says_once_how_long_it_may_be_cached(web: Web, path: str, kept: str) -> None:
    assert web.get(path).headers.get_all("Cache-Control") == [kept]


@pytest.mark.parametrize(("kind", "type_"), [("js", "text/javascript"), ("css", "text/css")])
@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate, br, zstd", "br"), ("br", "br"), ("gzip", "gzip"), ("identity", None), ("brotlike", None)],
)
def test_built_files_come_in_the_smallest_form_that_is_accepted(
    web: Web, kind: str, type_: str, accepted: str, encoding: str | None
) -> None:
    answer = web.get(f"/assets/built.{kind}", **{"Accept-Encoding": accepted})
    body: bytes = answer.body  # type: ignore[attr-defined]
    assert (answer.status, answer.getheader("Content-Encoding")) == (200, encoding)
    assert (answer.getheader("Content-Type") or "").startswith(type_)
    assert "immutable" in (answer.getheader("Cache-Control") or "")
    if encoding == "br":
        assert body == b"as brotli"
        assert answer.getheader("Vary") == "Accept-Encoding"
    else:
        assert (gzip.decompress(body) if encoding else body) == SCRIPT.encode()


def test_a_client_over_the_limit_gets_429_and_the_page_is_still_served(system: System) -> None:
    with serving(system, "slow", rate=("1r/s", "2")) as web:
        answers = [web.get("/pipeline") for _ in range(6)]
        assert [answer.status for answer in answers[:3]] == [200] * 3
        refused = answers[-1]
        assert refused.status == 429
        assert refused.getheader("Content-Type") == "application/problem+json"
        assert json.loads(refused.body)["type"] == "urn:ix-dummies:problem:rate-limited"  # type: ignore[attr-defined]
        assert (refused.getheader("Retry-After"), refused.getheader("Cache-Control")) == ("1", "no-store")
        assert SECURITY.items() <= dict(refused.getheaders()).items()
        assert web.get("/").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_settings_are_only_read(web: Web, method: str) -> None:
    web.connection.request(method, "/settings.json")
    answer = web.connection.getresponse()
    assert (answer.status, json.load(answer)["type"]) == (405, "urn:ix-dummies:problem:method-not-allowed")
    assert answer.getheader("Allow") == "GET, HEAD"


def test_the_log_has_each_request_and_neither_what_was_searched_for_nor_what_clients_say(system: System) -> None:
    """Refused ones too, of which nginx' errors would quote all."""
    with serving(system, "logged", rate=("1r/m", "1"), access_log="/dev/stdout requests") as web:
        for path in (f"/dummies/?q=secret&limit={limit}" for limit in (1, 2, 3)):
            answer = web.get(path, Referer="http://a/?q=secret", **{"User-Agent": "secret"})
        assert answer.status == 429
        request_id = answer.getheader("X-Request-ID")
        eventually(lambda: f" {request_id}\n" in (web.folder / "nginx.log").read_text("utf-8"), within=30)
        log = (web.folder / "nginx.log").read_text("utf-8")
        assert re.search(rf'^\S+ 127\.0\.0\.1 GET "/dummies/" 429 \d+ [\d.]+ {request_id}$', log, re.MULTILINE)
        assert "secret" not in log


def test_where_nothing_is_logged_refusals_leave_no_line_either(system: System) -> None:
    with serving(system, "silent", rate=("1r/m", "1")) as web:
        assert [web.get("/dummies/?q=secret").status for _ in range(3)][-1] == 429
        assert "secret" not in (web.folder / "nginx.log").read_text("utf-8")


def test_while_the_api_is_unavailable_the_response_has_its_form_and_headers(tmp_path: Path) -> None:
    with serving(System(tmp_path / "nothing"), "nginx") as web:
        answer = web.get("/dummies/")
        assert answer.status == 503
        assert json.loads(answer.body)["type"] == "urn:ix-dummies:problem:api-away"  # type: ignore[attr-defined]
        assert (answer.getheader("Retry-After"), answer.getheader("Cache-Control")) == ("2", "no-store")
        assert SECURITY.items() <= dict(answer.getheaders()).items()
        assert answer.getheader("X-Request-ID")
