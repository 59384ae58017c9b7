"""Responses: a type of the contract as JSON, never cached, because a status may change; and the headers of all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from wsgiref.types import WSGIEnvironment

import msgspec
from flask import Flask, Response
from werkzeug.datastructures import Headers

from api.http.contract import Accepted

JSON = "application/json"
NOT_CACHED = {"Cache-Control": "no-store"}
COMMON = {**NOT_CACHED, "X-Content-Type-Options": "nosniff"}
"""Headers of every response that does not set them itself."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
encode = msgspec.json.Encoder().encode


class _Response(Response):
    """A response whose headers are sent as they are: none needs werkzeug's corrections."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:  # noqa: ARG002
        return self.headers


def json_response(
    body: msgspec.Struct, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """Return the body as a JSON response with these headers (in ASCII)."""
    return _Response(encode(body), status, {**COMMON, **headers}, content_type=JSON)


def accepted_headers(body: Accepted) -> dict[str, str]:
    """Return the headers of the response to one string."""
    return {"Location": body.status_url, "Retry-After": "1"}


def utc(microseconds: int) -> datetime:
    """Return the time this many microseconds after 1970, exactly."""
    return _EPOCH + timedelta(microseconds=microseconds)


def install(app: Flask) -> None:
    """Have every response of the application carry the common headers."""
    app.after_request(_complete)


def _complete(response: Response) -> Response:
    for name, value in COMMON.items():
        response.headers.setdefault(name, value)
    return response
