"""The usual submission, answered before Flask looks at it: one string, as JSON, that is fit to be stored.

Flask's own work for a request takes longer than all of ours. So what most requests are is done here, by the same
functions as in the view, and whatever is unusual is handed on as it came: the view in ``api/submit.py`` alone knows how
to refuse.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

import msgspec

from api.answers import JSON, NOT_CACHED, encode
from api.bodies import MAX_KEY_LENGTH, decode_strictly, most_bytes, one_text
from api.declared import IN_ENVIRON
from api.problems import ApiProblem, problem_of
from api.request_ids import HEADER, nginx_id_of, request_id_of
from api.services import Services
from api.submit import accept, accepted_headers
from core.errors import DummiesError
from core.submission import check_text

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/dummies/"
MAX_BODY = 16 * 1024
_MAX_DIGITS = len(str(MAX_BODY))


class DirectSubmit:
    """A WSGI application in front of another one."""

    def __init__(self, others: WSGIApplication, parts: Services) -> None:
        """Hand everything but the usual submission on to ``others``."""
        self._others = others
        self._parts = parts
        self._max_body = min(MAX_BODY, most_bytes(parts.settings.max_text_bytes))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if environ["PATH_INFO"] == PATH.rstrip("/"):
            environ["PATH_INFO"] = PATH  # werkzeug says neither to OPTIONS nor to a wrong method what can be done there
        if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] != PATH:
            return self._others(environ, start_response)
        if not _is_usual(environ, self._max_body) or self._parts.draining:
            return self._others(environ, start_response)
        length = int(environ["CONTENT_LENGTH"])
        body = environ["wsgi.input"].read(length)
        try:
            text = self._read(body, length)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, DummiesError, ApiProblem):
            environ["wsgi.input"] = BytesIO(body)
            return self._others(environ, start_response)
        key, request_id = environ.get("HTTP_IDEMPOTENCY_KEY"), nginx_id_of(environ)
        try:
            accepted = accept(self._parts, text, key, request_id)
        except DummiesError as error:  # not handed on: it may have been appended all the same
            response = problem_of(error).response()
            response.headers[HEADER] = request_id_of(environ)
            return response(environ, start_response)
        answer = encode(accepted)
        headers = {"Content-Type": JSON, "Content-Length": str(len(answer)), HEADER: request_id_of(environ)}
        start_response("202 ACCEPTED", list((headers | NOT_CACHED | accepted_headers(accepted)).items()))
        return [answer]

    def _read(self, body: bytes, length: int) -> str:
        self._parts.monitor.check()
        if len(body) < length:
            raise ApiProblem("bad-request", "Send as many bytes as Content-Length says.")
        text = decode_strictly(body, one_text).text
        check_text(text, self._parts.settings.max_text_bytes)
        return text


def _is_usual(environ: WSGIEnvironment, max_body: int) -> bool:
    """Tell whether a request needs nothing of what is done for some: CORS, chunked, large or declared bodies."""
    length = environ.get("CONTENT_LENGTH") or ""
    return (
        environ.get("CONTENT_TYPE") == JSON
        and length.isascii()
        and length.isdigit()
        and len(length) <= _MAX_DIGITS
        and int(length) <= max_body
        and "HTTP_ORIGIN" not in environ
        and environ.keys().isdisjoint(IN_ENVIRON)
        and 0 < len(environ.get("HTTP_IDEMPOTENCY_KEY", "-")) <= MAX_KEY_LENGTH
    )
