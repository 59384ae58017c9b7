"""The fast path: the usual submission, one valid string as JSON, is accepted without Flask.

Flask takes longer for a request than all of our own work. So the usual submission is accepted here, by the functions
that the view uses; any other request is passed on unchanged. Only the view knows how to refuse one.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import msgspec

from api.http.bodies import MAX_KEY_LENGTH, decode_one, most_bytes
from api.http.contract import SubmitRequest
from api.http.origins import Origins
from api.http.problems import ApiProblem, problem_of
from api.http.raw_bodies import IN_ENVIRON
from api.http.request_ids import HEADER, TRACE, bind, nginx_id_of
from api.http.request_log import PATH, RequestLog
from api.http.responses import COMMON, JSON, accepted_headers, encode
from api.services import Services
from api.submissions import accept
from core.errors import DummiesError, JournalFull, JournalUnavailable, KeyReused

PATHS = {PATH, "/dummies"}
MAX_BODY = 16 * 1024
_MAX_DIGITS = len(str(MAX_BODY))


class FastPath:
    """WSGI middleware."""

    def __init__(self, others: WSGIApplication, parts: Services, origins: Origins, requests: RequestLog) -> None:
        """Pass everything but the usual submission on to ``others``."""
        self._others = others
        self._parts, self._origins, self._requests = parts, origins, requests
        self._max_text_bytes = parts.settings.max_text_bytes
        self._max_body = min(MAX_BODY, most_bytes(self._max_text_bytes))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Respond to a request."""
        if not self._is_usual(environ):
            return self._others(environ, start_response)
        length = int(environ["CONTENT_LENGTH"])
        body = environ["wsgi.input"].read(length)
        request_id = bind(environ)
        try:
            submitted = self._read(body, length)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, DummiesError, ApiProblem):
            environ["wsgi.input"] = BytesIO(body)
            return self._others(environ, start_response)
        return self._accept(submitted, request_id, environ, start_response)

    def _is_usual(self, environ: WSGIEnvironment) -> bool:
        """Return whether a request needs nothing that only Flask's path does: foreign pages, odd bodies, digests."""
        length = environ.get("CONTENT_LENGTH") or ""
        return (
            environ["REQUEST_METHOD"] == "POST"
            and environ["PATH_INFO"] in PATHS
            and environ.get("CONTENT_TYPE") == JSON
            and length.isascii()
            and length.isdigit()
            and len(length) <= _MAX_DIGITS
            and int(length) <= self._max_body
            and self._origins.is_plain(environ)
            and environ.keys().isdisjoint(IN_ENVIRON)
            and 0 < len(environ.get("HTTP_IDEMPOTENCY_KEY", "-")) <= MAX_KEY_LENGTH
            and not self._parts.draining
        )

    def _read(self, body: bytes, length: int) -> SubmitRequest:
        self._parts.monitor.check()
        if len(body) < length:
            raise ApiProblem("bad-request", "Send as many bytes as Content-Length declares.")
        return decode_one(body, self._max_text_bytes)

    def _accept(
        self, submitted: SubmitRequest, request_id: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        key = environ.get("HTTP_IDEMPOTENCY_KEY")
        try:
            accepted = accept(self._parts, submitted, key, nginx_id_of(environ), environ.get(TRACE, ""))
        except (
            ApiProblem,
            KeyReused,
            JournalFull,
            JournalUnavailable,
        ) as error:  # not passed on: the string may have been appended despite the error
            problem = problem_of(error)
            response = problem.response()
            response.headers[HEADER] = request_id
            self._requests.note(environ, response.status_code, PATH, problem.name)
            return response(environ, start_response)
        answer = encode(accepted)
        self._requests.note_accepted(environ)
        own = (("Content-Type", JSON), ("Content-Length", str(len(answer))), (HEADER, request_id))
        start_response("202 ACCEPTED", [*own, *COMMON.items(), *accepted_headers(accepted).items()])
        return [answer]
