"""Errors are problems, CORS is off by default, and ids are repeated where they must be."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.services import Services


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/dummies/not-a-uuid", 404, "not-found"),
        ("PUT", "/dummies/", 405, "method-not-allowed"),
        ("GET", "/dummies/bulk", 405, "method-not-allowed"),
        ("POST", "/pipeline", 405, "method-not-allowed"),
    ],
)
def test_every_error_is_a_problem(client: FlaskClient, method: str, path: str, status: int, kind: str) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == f"urn:ix-dummies:problem:{kind}"
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("Allow" in answer.headers) == (status == 405)


def test_a_bug_is_a_problem_that_reveals_no_internals(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(services.journals.each[0], "records", fail)
    answer = client.get("/dummies/0190163d-8694-739b-aea5-966c26f8ad91")
    assert answer.status_code == 500
    assert answer.json["type"].endswith(":internal-error")
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["/dummies", "/dummies/", "/dummies/status"])
class TestCors:
    """Pages of other origins, and their preflights."""

    PREFLIGHT = {  # noqa: RUF012
        "Origin": "https://page.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,idempotency-key",
    }

    def test_it_is_off_by_default(self, client: FlaskClient, path: str) -> None:
        for answer in (
            client.options(path, headers=self.PREFLIGHT),
            client.post(path, json={"text": "a"}, headers={"Origin": "https://page.example"}),
        ):
            assert "Access-Control-Allow-Origin" not in answer.headers

    class TestAllowed:
        """With an origin in the settings."""

        @pytest.fixture
        def settings(self) -> dict[str, Any]:
            """One origin."""
            return {"cors_origins": ("https://page.example",)}

        def test_a_preflight_is_answered_without_a_redirect(self, client: FlaskClient, path: str) -> None:
            answer = client.options(path, headers=TestCors.PREFLIGHT)
            assert answer.status_code == 200
            assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
            allowed = {header.strip().lower() for header in answer.headers["Access-Control-Allow-Headers"].split(",")}
            assert {"content-type", "idempotency-key", "traceparent"} <= allowed

        def test_answers_may_be_read(self, client: FlaskClient, path: str) -> None:
            answer = client.post(path, json={"text": "a"}, headers={"Origin": "https://page.example"})
            assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"

        def test_other_origins_get_nothing(self, client: FlaskClient, path: str) -> None:
            answer = client.options(path, headers={**TestCors.PREFLIGHT, "Origin": "https://other.example"})
            assert "Access-Control-Allow-Origin" not in answer.headers

        @pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
        @pytest.mark.parametrize("headers", [{}, {"Origin": "https://other.example"}])
        def test_without_such_an_origin_nothing_is_added(
            self, client: FlaskClient, path: str, content_type: str, headers: dict[str, str]
        ) -> None:
            """On the fast path, which the second content type does not take, and in Flask alike."""
            answer = client.post(path, data='{"text": "a"}', content_type=content_type, headers=headers)
            assert not [name for name, _ in answer.headers if name.startswith("Access-Control") or name == "Vary"]


def test_nothing_is_connected_as_the_application_is_made(app: Flask) -> None:
    """The server forks after that."""
    assert app.extensions
