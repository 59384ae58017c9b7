"""The OpenAPI document, and a page that shows it to people, without scripts and third-party resources."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as BaseResponse

from api.http.openapi import build

blueprint = Blueprint("docs", __name__, template_folder="templates")

_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_BOUNDS = {
    ("minimum", "maximum"): "",
    ("minLength", "maxLength"): " characters",
    ("minItems", "maxItems"): "",
}
"""The names of a schema's least and greatest value, and the unit."""


@blueprint.get("/")
def root() -> BaseResponse:
    """Send people to the page; never cached, because another page may have this address later."""
    return redirect("/docs")


@blueprint.get("/openapi.json")
def document() -> Response:
    """Return the document."""
    return Response(_document(), content_type="application/json")


@blueprint.get("/docs")
def docs() -> Response:
    """Return the page."""
    response = Response(_page(), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/docs/style.css")
def style() -> Response:
    """Return the page's style sheet."""
    return Response(_style(), content_type="text/css; charset=utf-8")


@cache
def _document() -> str:
    return json.dumps(build(current_app))


@cache
def _page() -> str:
    described = build(current_app)
    operations = [
        {"path": path, "method": method.upper(), **operation}
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    return render_template("docs.html", document=described, operations=operations)


@cache
def _style() -> str:
    return render_template("docs.css")


@blueprint.app_template_filter("ticks")
def ticks(text: str) -> Markup:
    """Return the text, with what is in backticks marked up as code."""
    return Markup(re.sub("`+([^`]+)`+", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


@blueprint.app_template_filter("bounds")
def bounds(schema: dict[str, Any]) -> str:
    """Return what a parameter may be, in words."""
    parts = [" or ".join(schema["enum"])] if "enum" in schema else []
    parts += [
        f"{schema[least]} to {schema[most]}{unit}" if least in schema else f"at most {schema[most]}{unit}"
        for (least, most), unit in _BOUNDS.items()
        if most in schema
    ]
    return f"({', '.join(parts)})" if parts else ""


@blueprint.app_template_filter("kind")
def kind(schema: dict[str, Any]) -> Markup:
    """Return what a value is, in words, with links to the types."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    if "anyOf" in schema:
        return Markup(" or ").join(map(kind, schema["anyOf"]))
    if schema.get("type") == "array":
        return Markup("list of {}").format(kind(schema["items"]))
    if "enum" in schema:
        return Markup(" or ").join(Markup("<code>{}</code>").format(each) for each in schema["enum"])
    return escape(schema.get("format") or schema.get("type", ""))
