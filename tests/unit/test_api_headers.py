"""What every response carries: the request's id, and how long it may be cached."""

from __future__ import annotations

import re
from typing import Any

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.http.request_ids import HEADER

ELSEWHERE = "https://page.example"
PATHS = ("/dummies/", "/dummies/bulk", "/pipeline", "/healthz", "/readyz", "/nothing", "/openapi.json", "/docs", "/")


@pytest.fixture
def settings() -> dict[str, Any]:
    """A page elsewhere, whose requests Flask answers."""
    return {"cors_origins": [ELSEWHERE]}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
def test_every_answer_has_the_id_that_the_request_came_with(client: FlaskClient, path: str, method: str) -> None:
    answer = client.open(path, method=method, headers={HEADER: "id-of-the-proxy"})
    assert answer.headers.getlist(HEADER) == ["id-of-the-proxy"]


@pytest.mark.parametrize("headers", [{}, {HEADER: ""}, {HEADER: "with space"}, {HEADER: "é"}, {HEADER: "x" * 256}])
@pytest.mark.parametrize("extra", [{}, {"Origin": ELSEWHERE}, {"Origin": "null"}])
def test_otherwise_each_answer_has_a_new_id(
    client: FlaskClient, headers: dict[str, str], extra: dict[str, str]
) -> None:
    ids = {client.post("/dummies/", json={"text": "a"}, headers=headers | extra).headers[HEADER] for _ in range(2)}
    assert len(ids) == 2
    assert all(len(one) == 36 for one in ids)


def test_log_lines_carry_the_request_id(app: Flask, client: FlaskClient) -> None:
    seen = {}

    @app.before_request
    def look() -> None:
        seen.update(structlog.contextvars.get_contextvars())

    client.get("/pipeline", headers={HEADER: "r"})
    assert seen == {"request_id": "r"}


def test_whoever_opens_the_apis_address_is_sent_to_its_documentation(client: FlaskClient) -> None:
    """Not for good: another page may have this address later."""
    answer = client.get("/")
    assert (answer.status_code, answer.location, answer.headers["Cache-Control"]) == (302, "/docs", "no-store")


def is_as(head: TestResponse, get: TestResponse) -> bool:
    """Tell whether an answer to HEAD is the one to GET without its body."""
    varying = {HEADER, "Content-Length"}
    return head.status == get.status and {n: v for n, v in head.headers if n not in varying} == {
        n: v for n, v in get.headers if n not in varying
    }


@pytest.mark.parametrize(
    "path", ["/", "/pipeline", "/healthz", "/openapi.json", "/docs", "/docs/style.css", "/nothing"]
)
def test_head_is_get_without_a_body(client: FlaskClient, path: str) -> None:
    head = client.head(path)
    assert head.data == b""
    assert is_as(head, client.get(path))


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/dummies", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("/dummies/bulk", {"OPTIONS", "POST"}),
        ("/dummies/export", {"GET", "HEAD", "OPTIONS"}),
        ("/dummies/status", {"OPTIONS", "POST"}),
        ("/dummies/failed", {"GET", "HEAD", "OPTIONS"}),
        ("/dummies/e3e70682-c209-4cac-a29f-6fbed82c07cd", {"DELETE", "GET", "HEAD", "OPTIONS"}),
        ("/pipeline", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_options_says_what_can_be_done(client: FlaskClient, path: str, allowed: set[str]) -> None:
    answer = client.options(path)
    assert answer.status_code == 200
    assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "path", ["/dummies/?id=e3e70682-c209-4cac-a29f-6fbed82c07cd", "/pipeline", "/readyz", "/nothing"]
)
def test_what_may_change_is_not_cached(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Cache-Control"] == "no-store"


def test_the_documentation_has_every_operation_and_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/docs").text
    assert "<h2>Operations</h2>" in page
    assert "<h2>Types</h2>" in page
    for path in ("/dummies/bulk", "/dummies/export", "/dummies/failed", "/dummies/{submission_id}/retry", "/pipeline"):
        assert f"<code>{path}</code>" in page
    for bounds in (
        "(1 to 255 characters)",
        "(at most 200 characters)",
        "(0 to 10000)",
        "(at most 100)",
        "(ndjson or csv)",
    ):
        assert bounds in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
    assert client.get("/docs/style.css").mimetype == "text/css"


@pytest.mark.parametrize(
    ("operation", "needed"),
    [
        ("pipeline", []),
        (
            "states",
            ["If the service has a READ_TOKEN: send it, or an operator's token, as Authorization: Bearer …."],
        ),
        ("retry", ["Needs an operator's token: Authorization: Bearer …."]),
    ],
)
def test_the_documentation_says_which_token_an_operation_needs(
    client: FlaskClient, operation: str, needed: list[str]
) -> None:
    section = client.get("/docs").text.partition(f'<section id="{operation}"')[2].partition("</section>")[0]
    paragraphs = re.findall("<p>(.*?)</p>", re.sub("</?code>", "", section))
    assert [each for each in paragraphs if "Bearer" in each] == needed
