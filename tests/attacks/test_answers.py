"""Every answer has the headers that keep browsers safe, each once, and every error its form, on each port."""

from __future__ import annotations

import http.client
import json
import re

import pytest
from attacks.conftest import Attacked
from front import POST, answer_of, connect, get_head, with_body
from support import eventually

LENGTH = b"Content-Length: "
ODD_HEADERS = ("Authorization", "Content-Type", "Cookie", "Idempotency-Key", "Origin", "Referer", "User-Agent")
REQUESTS = {
    "page": get_head("/"),
    "settings": get_head("/settings.json"),
    "icon": get_head("/favicon.svg"),
    "built": get_head("/assets/built.js"),
    "unchanged": get_head("/assets/built.css")[:-2] + b"If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n\r\n",
    "part of a file": get_head("/assets/built.js")[:-2] + b"Range: bytes=0-4\r\n\r\n",
    "no part of a file": get_head("/assets/built.js")[:-2] + b"Range: bytes=999-\r\n\r\n",
    "other file": get_head("/assets/built.js")[:-2] + b'If-Match: "other"\r\n\r\n',
    "older file": get_head("/")[:-2] + b"If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n",
    "folder": get_head("/assets/"),
    "folder without its slash": get_head("/assets"),
    "no file": get_head("/assets/none.js"),
    "POST to a file": POST.replace(b"/dummies/", b"/assets/built.js") + LENGTH + b"0\r\n\r\n",
    "POST to the settings": POST.replace(b"/dummies/", b"/settings.json") + LENGTH + b"0\r\n\r\n",
    "internal": get_head("/-problem/busy"),
    "list": get_head("/dummies/"),
    "submission": with_body(POST, b'{"text": "a"}'),
    "submission without Flask's help": with_body(POST.replace(b"json", b"json; charset=utf-8"), b'{"text": "a"}'),
    "invalid text": with_body(POST, b'{"text": ""}'),
    "no text": with_body(POST.replace(b"json", b"xml"), b"<a/>"),
    "unknown string": get_head("/dummies/00000000-0000-0000-0000-000000000000"),
    "bulk": with_body(POST.replace(b"/dummies/", b"/dummies/bulk"), b'{"texts": ["a"]}'),
    "export": get_head("/dummies/export"),
    "operators": get_head("/dummies/failed"),
    "whether strings get through": get_head("/pipeline"),
    "docs": get_head("/docs"),
    "style": get_head("/docs/style.css"),
    "OpenAPI": get_head("/openapi.json"),
    "no path": get_head("/nothing"),
    "query with angle brackets": get_head("/dummies/?q=<b>"),
    "query with quotation marks": get_head('/dummies/?q="a"'),
    "path with a backtick": get_head("/dummies/`"),
    "path of a file with angle brackets": get_head("/assets/<b>"),
    "query that is not UTF-8": b"GET /dummies/?q=\xed\xa0\x80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "path that is not UTF-8": b"GET /dummies/\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "query in UTF-8": get_head("/dummies/?q=안녕😀"),
    "path in UTF-8": get_head("/dummies/안녕"),
    **{
        f"control character in {name}": get_head("/dummies/")[:-2] + f"{name}: a\x01b\r\n\r\n".encode()
        for name in ODD_HEADERS
    },
    "preflight": b"OPTIONS /dummies/ HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n"
    b"Access-Control-Request-Method: PUT\r\n\r\n",
    "DELETE": get_head("/dummies/").replace(b"GET", b"DELETE"),
    "unknown method": get_head("/dummies/").replace(b"GET", b"BREW"),
    "TRACE": get_head("/dummies/").replace(b"GET", b"TRACE"),
    "no method": b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "long path": get_head("/" + 9000 * "a"),
    "long header": POST + b"X: " + b"a" * 9000 + b"\r\n\r\n",
    "large body": POST + LENGTH + b"99999999\r\n\r\n",
    "expectation": with_body(POST + b"Expect: more\r\n", b'{"text": "a"}'),
    "other coding": POST + b"Transfer-Encoding: gzip\r\n\r\n",
    "HTTP/9": b"GET / HTTP/9.0\r\nHost: a\r\n\r\n",
}
OF_API = {"Cache-Control", "X-Content-Type-Options"}
OF_NGINX = OF_API | {
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Request-ID",
}
REFUSED = {each for each in REQUESTS if re.search("with (angle|quot|a back)|not UTF-8|control", each)}
BEFORE_THE_API = REFUSED | {"no method", "no host", "long path", "long header", "large body", "other coding", "HTTP/9"}
"""What granian itself refuses, or waits for."""


def answer(port: int, what: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Return the answer to one of the requests."""
    with connect(port, REQUESTS[what]) as connection:
        return answer_of(connection)


def assert_sound(answered: tuple[int, http.client.HTTPMessage, bytes], once: set[str]) -> None:
    """Check what holds for every answer."""
    status, headers, body = answered
    assert {name: len(headers.get_all(name) or []) for name in once} == dict.fromkeys(once, 1)
    assert headers["X-Content-Type-Options"] == "nosniff"
    if status >= 400:
        problem = json.loads(body)
        assert (headers["Content-Type"], headers["Cache-Control"]) == ("application/problem+json", "no-store")
        assert problem["status"] == status
        assert problem["type"].startswith("urn:ix-dummies:problem:")
        assert problem["title"]
        assert problem["detail"]
    if status == 405:
        assert headers["Allow"]
    if status in {429, 503}:
        assert headers["Retry-After"]


@pytest.mark.parametrize("what", REQUESTS)
def test_every_answer_of_nginx_is_sound(attacked: Attacked, what: str) -> None:
    for port in (attacked.web.port, attacked.web.api_port):
        status, headers, body = answer(port, what)
        assert_sound((status, headers, body), OF_NGINX)
        immutable = b" /assets/built" in REQUESTS[what] and status in {200, 206, 304}
        assert ("immutable" in headers["Cache-Control"]) == immutable


def test_no_control_character_of_a_referer_reaches_the_log(attacked: Attacked) -> None:
    """A body that is too large is an error, which nginx logs with the request's Referer."""
    for referer in ("a\x1b[2J", "http://a/plain"):
        sent = REQUESTS["large body"][:-2] + f"Referer: {referer}\r\n\r\n".encode()
        with connect(attacked.web.api_port, sent) as connection:
            assert answer_of(connection)[0] in {400, 413}
    log = attacked.web.folder / "nginx.log"
    eventually(lambda: "http://a/plain" in log.read_text("utf-8"), within=30)
    assert "\x1b" not in log.read_text("utf-8")


@pytest.mark.parametrize("what", sorted(REFUSED))
def test_what_granian_refuses_without_a_word_nginx_refuses_with_a_problem(attacked: Attacked, what: str) -> None:
    assert answer(attacked.system.api_port, what)[::2] == (400, b"")
    for port in (attacked.web.port, attacked.web.api_port):
        status, _, body = answer(port, what)
        assert (status, json.loads(body)["type"]) == (400, "urn:ix-dummies:problem:bad-request")


@pytest.mark.parametrize(
    ("before", "allowed"), [("path", "!\"$&'()*+,-./:;=@[\\]^_{|}~"), ("?query=", "!$%&'()*+,-./:;=?@[\\]^_`{|}~")]
)
def test_what_granian_understands_reaches_it(attacked: Attacked, before: str, allowed: str) -> None:
    for character in allowed:
        sent = get_head(f"/dummies/{before}{character}")
        with connect(attacked.system.api_port, sent) as direct, connect(attacked.web.api_port, sent) as through:
            assert answer_of(through)[0] == answer_of(direct)[0] in {200, 404}, character


@pytest.mark.parametrize("what", [each for each in REQUESTS if each not in BEFORE_THE_API])
def test_every_answer_of_the_api_is_sound_by_itself(attacked: Attacked, what: str) -> None:
    assert_sound(answer(attacked.system.api_port, what), OF_API)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/none"])
def test_every_answer_to_a_probe_is_sound_by_itself(attacked: Attacked, path: str) -> None:
    with connect(attacked.operations, get_head(path)) as connection:
        assert_sound(answer_of(connection), OF_API)


def test_the_document_for_people_has_a_policy_of_its_own(attacked: Attacked) -> None:
    policies = [
        answer(port, "docs")[1]["Content-Security-Policy"] for port in (attacked.web.port, attacked.web.api_port)
    ]
    assert policies == [answer(attacked.system.api_port, "docs")[1]["Content-Security-Policy"]] * 2
