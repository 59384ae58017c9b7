"""Errors as problem details (RFC 9457): ``type`` is stable, for programs; ``detail`` tells people what to do."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from api.http.contract import Problem, RefusedItem
from api.http.responses import COMMON, encode
from core.errors import (
    DatabaseUnavailable,
    InvalidText,
    JournalFull,
    JournalUnavailable,
    KeyReused,
    ReadFailed,
    ReadRefused,
    ReadsBusy,
    ReadTooSlow,
)

log = structlog.get_logger()

TYPE_PREFIX = "urn:ix-dummies:problem:"
INTERNAL = "internal-error"

_TITLES = {
    "bad-request": (400, "The request cannot be understood"),
    "malformed-json": (400, "The body is not JSON"),
    "digest-mismatch": (400, "The body does not match its digest"),
    "invalid-parameter": (400, "A parameter is invalid"),
    "operator-only": (401, "Only operators may do this"),
    "reader-only": (401, "Only readers may do this"),
    "operator-disabled": (403, "Operator actions are turned off"),
    "foreign-origin": (403, "Pages of this origin may not do this"),
    "not-found": (404, "Not found"),
    "unknown-string": (404, "No such string"),
    "method-not-allowed": (405, "Method not allowed"),
    "not-failed": (409, "The string is not a dead letter"),
    "too-large": (413, "The request is too large"),
    "unsupported-media-type": (415, "The content type is not supported"),
    "unsupported-encoding": (415, "The content encoding is not supported"),
    "unknown-host": (421, "The service does not go by this name"),
    "invalid-body": (422, "The body does not have the expected form"),
    "invalid-text": (422, "The text cannot be stored"),
    "invalid-key": (422, "The idempotency key is invalid"),
    "key-reused": (422, "The idempotency key belongs to another request"),
    "rate-limited": (429, "Too many requests"),
    INTERNAL: (500, "Internal error"),
    "journal-away": (503, "The journal is unreachable"),
    "journal-full": (503, "The journal is full"),
    "journal-volatile": (503, "The journal is not durable"),
    "database-away": (503, "The database is unreachable"),
    "database-error": (503, "The database refuses to be read"),
    "database-slow": (503, "The database took too long"),
    "draining": (503, "The process is shutting down"),
    "busy": (503, "Too many concurrent requests"),
    "stuck": (503, "Every request thread is stuck"),
}
_BY_STATUS: dict[int | None, tuple[str, str]] = {
    HTTPStatus.NOT_FOUND: ("not-found", "See /openapi.json for the available paths."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method-not-allowed", "See the Allow header for the allowed methods."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too-large", "Send a smaller request."),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("unsupported-media-type", "Send application/json."),
}
_UNREAD = "Stored strings cannot be read now: retry later."
_HEADERS = {
    "unsupported-encoding": {"Accept-Encoding": "identity"},
    "reader-only": {"WWW-Authenticate": 'Bearer realm="ix-dummies readers"'},
    "operator-only": {"WWW-Authenticate": 'Bearer realm="ix-dummies operators"'},
}


class ProblemResponse(Response):
    """The response to an error; ``problem`` is the last part of its type."""

    problem = ""


class ApiProblem(Exception):
    """An error to respond with; ``name`` is the last part of its type."""

    def __init__(
        self, name: str, detail: str, *, errors: Sequence[RefusedItem] = (), retry_after: int | None = None
    ) -> None:
        """Take the problem's name, what to do about it, refused items, and when to try again (s)."""
        super().__init__(detail)
        self.name = name
        self.detail = detail
        self.errors = list(errors)
        self.retry_after = retry_after

    def body(self) -> Problem:
        """Return the response's body."""
        status, title = _TITLES[self.name]
        return Problem(TYPE_PREFIX + self.name, title, status, self.detail, self.errors)

    def response(self) -> Response:
        """Return the response."""
        body = self.body()
        headers = COMMON | _HEADERS.get(self.name, {})
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        response = ProblemResponse(encode(body), body.status, headers, content_type="application/problem+json")
        response.problem = self.name
        return response


def journal_unavailable() -> ApiProblem:
    """Return the problem while Redis is unreachable, loading, or too slow: the request may have been accepted."""
    return ApiProblem(
        "journal-away",
        "The request may have been accepted. Retry it in a moment, with the same Idempotency-Key.",
        retry_after=2,
    )


def journal_full(retry_after: int) -> ApiProblem:
    """Return the problem while there is no room: nothing of the request was accepted."""
    return ApiProblem("journal-full", "Nothing was accepted. Retry later.", retry_after=retry_after)


def journal_volatile(problem: str | None) -> ApiProblem:
    """Return the problem while Redis would lose what it acknowledges, for this reason: nothing was accepted."""
    return ApiProblem("journal-volatile", f"Nothing was accepted. Retry once this is fixed: {problem}.", retry_after=10)


def too_few_replicas() -> ApiProblem:
    """Return the problem while fewer replicas of Redis are online than a write must be on: nothing was accepted."""
    return ApiProblem(
        "journal-away",
        "Nothing was accepted. Retry once more replicas of Redis are online (JOURNAL_REPLICAS).",
        retry_after=1,
    )


def undecided(error: Exception) -> ApiProblem:
    """Return the problem of a text that is too long now, while PostgreSQL, which may have it, cannot be read."""
    names: dict[type[Exception], str] = {
        ReadRefused: "database-error",
        ReadTooSlow: "database-slow",
        ReadsBusy: "database-slow",
    }
    return ApiProblem(
        names.get(type(error), "database-away"),
        "The text is too long. Whether it was accepted before, under a higher limit, cannot be determined now:"
        " retry later.",
        retry_after=5,
    )


def problem_of(error: Exception) -> ApiProblem:
    """Return the problem that a client gets for an error."""
    match error:
        case ApiProblem():
            problem = error
        case JournalUnavailable():
            problem = journal_unavailable()
        case JournalFull():
            problem = journal_full(5)
        case DatabaseUnavailable():
            problem = ApiProblem("database-away", f"{_UNREAD} Submitting still works.", retry_after=5)
        case ReadFailed():
            problem = ApiProblem("database-error", f"{_UNREAD} An operator finds the reason in the log.", retry_after=5)
        case ReadTooSlow():
            problem = ApiProblem("database-slow", "PostgreSQL gave up this read: retry later.", retry_after=1)
        case ReadsBusy():
            problem = ApiProblem("busy", "Retry in a moment: too much is being read.", retry_after=1)
        case KeyReused():
            problem = ApiProblem("key-reused", "Use a new Idempotency-Key for a different request.")
        case InvalidText():
            problem = ApiProblem("invalid-text", str(error))
        case _:
            problem = ApiProblem(INTERNAL, "Retry the request; if the error persists, contact the operator.")
    return problem


def install(app: Flask) -> None:
    """Respond to every error with a problem."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _other)


def _http(error: HTTPException) -> Response:
    name, detail = _BY_STATUS.get(error.code, ("bad-request", error.description or "Check the request."))
    response = ApiProblem(name, detail).response()
    for header, value in error.get_headers():
        if header in {"Allow", "Retry-After"}:
            response.headers[header] = value
    return response


def _other(error: Exception) -> Response:
    problem = problem_of(error)
    if problem.name == INTERNAL:
        log.error("request failed", method=request.method, path=request.path, exc_info=error)
    return problem.response()
