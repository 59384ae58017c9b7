"""Query parameters, read and checked the same way in every view."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from flask import request
from werkzeug.datastructures import MultiDict

from api.http.contract import MAX_PREVIEW, MAX_QUERY_LENGTH
from api.http.problems import ApiProblem

DEFAULT_PAGE = 50
MAX_SCAN_CURSOR = 2**64 - 1
"""The largest cursor of Redis' HSCAN."""
_MAX_DIGITS = 20


def query() -> MultiDict[str, str]:
    """Return the query; raises ApiProblem if it is not UTF-8."""
    try:
        unquote_to_bytes(request.query_string).decode()  # werkzeug would take %FF for these three characters
    except UnicodeDecodeError:
        raise ApiProblem("invalid-parameter", "Send the query in UTF-8, percent-encoded.") from None
    return request.args


def integer(name: str, most: int, least: int = 1) -> int | None:
    """Return a whole number from ``least`` to ``most``, None if it is not given; raises ApiProblem."""
    value = query().get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS and least <= int(value) <= most):
        raise ApiProblem("invalid-parameter", f"Send {name} as a whole number from {least} to {most}.")
    return int(value)


def text(name: str, longest: int) -> str | None:
    """Return a text of at most ``longest`` characters, None if it is not given; raises ApiProblem."""
    value = query().get(name)
    if value is not None and (len(value) > longest or "\0" in value or not _whole(value)):
        raise ApiProblem("invalid-parameter", f"Send {name} as at most {longest} characters without NUL.")
    return value


def searched() -> str | None:
    """Return the text to search for, None for everything; raises ApiProblem."""
    return text("q", MAX_QUERY_LENGTH) or None


def preview() -> int | None:
    """Return the characters to which texts are to be cut, None for whole texts; raises ApiProblem."""
    return integer("preview", MAX_PREVIEW, least=0)


def _whole(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)
