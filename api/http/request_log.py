"""The counts of requests, and their log lines: one for each that was refused, failed or slow; ``ACCESS_LOG``: for all.

A client can cause as many as it likes, so of a kind (status, problem and path) only the first of a minute has a line,
with how many there were since the last one, and the first ten if they failed or were slow. Lines have the paths as the
code writes them: no id, no text.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from functools import cache
from http import HTTPMethod
from threading import get_ident
from time import monotonic
from wsgiref.types import WSGIEnvironment

import structlog
from flask import Flask, Response, request
from prometheus_client import Counter

from api.http.request_ids import BEGAN
from core.metrics import REGISTRY
from core.outage_log import OncePerMinute

log = structlog.get_logger()

SLOW = 1.0
"""Seconds from which a request is slow; of a response that is streamed, until it begins."""
MOST_FAILED = 10
"""Lines a minute of failed or slow requests of a kind."""
ACCEPTED, REFUSED, FAILED = 202, 400, 500
"""Plain numbers, because comparing with HTTPStatus takes longer than all the rest here."""
UNKNOWN = "unknown"
"""The route, or the method, of requests for which there is none: clients may make up any number of them."""
REQUESTS = Counter(
    "dummies_http_requests",
    "Responses by method, route, status and, of errors, the last part of the problem's type.",
    ["method", "route", "status", "problem"],
    registry=REGISTRY,
)
DESCRIBE = "dummies.describe"
"""What takes method, route, status and problem for a traced request's span, in its WSGI environment."""
PATH = "/dummies/"
"""The route of the fast path."""
_METHODS = frozenset(HTTPMethod.__members__)
_accepted: dict[int, int] = defaultdict(int)
"""Thread -> strings that it ever accepted on the fast path; and how many of all of them are counted."""
_counted = [0]


class RequestLog:
    """The counts and lines of one process; threads share it."""

    def __init__(self, *, complete: bool) -> None:
        """Log every request if ``complete``, otherwise those that an operator may have to look into."""
        self._complete = complete
        self._kinds = OncePerMinute()

    def note(self, environ: WSGIEnvironment, status: int, path: str, problem: str = "") -> None:
        """Note a request that is answered; ``path`` is its route, ``problem`` the last part of a problem's type."""
        method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in _METHODS else UNKNOWN
        _series(method, path, status, problem).inc()
        if describe := environ.get(DESCRIBE):
            describe(method, path, status, problem)
        seconds = monotonic() - environ[BEGAN]
        if status < REFUSED and seconds < SLOW and not self._complete:
            return
        failed = status >= FAILED or seconds >= SLOW
        lines = MOST_FAILED if failed else 1
        times = 1 if self._complete else self._kinds.times(f"{status} {problem} {path}", lines)
        if times:
            log.log(
                logging.WARNING if failed else logging.INFO,
                "request",
                method=method,
                path=path,
                status=status,
                **({"problem": problem} if problem else {}),
                ms=round(seconds * 1000),
                times=times,
            )

    def note_accepted(self, environ: WSGIEnvironment) -> None:
        """Note a string that is accepted on the fast path as ``note`` does, in a fraction of the time."""
        if self._complete or DESCRIBE in environ or monotonic() - environ[BEGAN] >= SLOW:
            self.note(environ, ACCEPTED, PATH)
        else:
            _accepted[get_ident()] += 1  # no other thread writes this

    def install(self, app: Flask) -> None:
        """Note the application's requests; first of all, for what is installed later to count as their time."""
        app.after_request(self._note)

    def _note(self, response: Response) -> Response:
        path = request.url_rule.rule if request.url_rule else UNKNOWN
        self.note(request.environ, response.status_code, path, getattr(response, "problem", ""))
        return response


def count_accepted() -> None:
    """Count what ``note_accepted`` noted since the last call; not from two threads together."""
    noted = sum(list(_accepted.values()))
    _series(HTTPMethod.POST, PATH, ACCEPTED, "").inc(noted - _counted[0])
    _counted[0] = noted


@cache  # to look one up takes longer than to count
def _series(method: str, route: str, status: int, problem: str) -> Counter:
    return REQUESTS.labels(method, route, str(status), problem)
