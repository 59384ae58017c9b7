"""Answers: a type of the contract as JSON, never cached, because a status may change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from flask import Response

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encoder = msgspec.json.Encoder()


def answer(body: msgspec.Struct, status: int = 200) -> Response:
    """Return the body as a JSON response."""
    response = Response(_encoder.encode(body), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def utc(microseconds: int) -> datetime:
    """Return the time that many microseconds after 1970, exactly."""
    return _EPOCH + timedelta(microseconds=microseconds)
