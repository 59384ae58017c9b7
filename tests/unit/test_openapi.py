"""The OpenAPI document is what the code says."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.auth import operators_only, readers_only
from api.http import openapi
from api.http.origins import PROBES
from local.system import ROOT

CHECKED_IN = ROOT / "api" / "openapi.json"


def test_no_description_has_lines_which_each_python_indents_in_its_own_way() -> None:
    assert "\\n    " not in CHECKED_IN.read_text(encoding="utf-8")


def test_the_checked_in_document_is_what_the_code_generates(app: Flask) -> None:
    """If not: python -m api.write_openapi > api/openapi.json, then npm run types in web/."""
    assert json.loads(CHECKED_IN.read_text(encoding="utf-8")) == json.loads(json.dumps(openapi.build(app)))


def test_it_is_openapi_3_1(app: Flask) -> None:
    document = openapi.build(app)
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_it_is_served(client: FlaskClient) -> None:
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json == json.loads(CHECKED_IN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/style.css"])
def test_what_is_the_same_for_everyone_is_made_once(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Making one takes up to 16 ms of a core; someone who asks again and again must not cost the others that."""
    first = client.get(path).data
    for name in ("build", "render_template"):
        monkeypatch.delattr(f"api.views.docs.{name}")
    assert client.get(path).data == first


def test_every_route_is_in_it(app: Flask) -> None:
    described = {(method, path) for path, operations in openapi.build(app)["paths"].items() for method in operations}
    routed = {
        (method.lower(), rule.rule.replace("<uuid:submission_id>", "{submission_id}"))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routed - {("get", path) for path in ("/", "/openapi.json", "/docs", "/docs/style.css")} == described


@pytest.mark.parametrize(("status", "guards"), [(403, {operators_only}), (401, {operators_only, readers_only})])
def test_the_operations_that_need_a_token_are_exactly_the_guarded_ones(
    app: Flask, status: int, guards: set[Callable[[], None]]
) -> None:
    guarded = {name for name, checks in app.before_request_funcs.items() if not guards.isdisjoint(checks)}
    described = {name: view.operation for name, view in app.view_functions.items() if hasattr(view, "operation")}
    needing = {name for name, operation in described.items() if status in operation.refusals}
    assert needing == {name for name in described if name.partition(".")[0] in guarded} != set()


def test_too_many_requests_are_possible_wherever_nginx_counts_them(app: Flask) -> None:
    for path, operations in openapi.build(app)["paths"].items():
        for method, operation in operations.items():
            assert ("429" in operation["responses"]) == (path not in PROBES), (method, path)


def test_each_operation_says_which_token_it_takes(app: Flask) -> None:
    """Reading takes none where it is open."""
    said = {o["operationId"]: o.get("security") for each in openapi.build(app)["paths"].values() for o in each.values()}
    expected = {operators_only: [{"operator": []}], readers_only: [{}, {"reader": []}, {"operator": []}]}
    for name, view in app.view_functions.items():
        if hasattr(view, "operation"):
            guards = [check for check in app.before_request_funcs.get(name.partition(".")[0], []) if check in expected]
            assert said[view.__name__] == (expected[guards[0]] if guards else None), name
