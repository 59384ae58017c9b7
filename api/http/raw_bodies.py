"""Request bodies as bytes: read within the process's memory budget, and checked against their headers.

A body that is taken for something other than what its headers declare would be stored altered, or in part.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import md5, sha256, sha512
from http import HTTPStatus
from io import BytesIO

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from api.http.memory import BUDGET, MemoryBudget, growth
from api.http.problems import ApiProblem

MAX_BULK_BYTES = 8 * 1024 * 1024
MAX_DISCARDED = 2 * MAX_BULK_BYTES
CHUNK = 65536
"""Bytes in which a body is read."""
_budget = MemoryBudget(BUDGET)
_DIGESTS = ("Content-Digest", "Repr-Digest", "Digest", "Content-MD5")
"""RFC 9530, and its predecessors; without a content coding all of them cover the same bytes."""
_ALGORITHMS = {"sha-256": sha256, "sha-512": sha512, "md5": lambda body: md5(body, usedforsecurity=False)}
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";]*)', re.IGNORECASE)
IN_ENVIRON = frozenset(
    f"HTTP_{name.upper().replace('-', '_')}"
    for name in ("Content-Encoding", "Transfer-Encoding", "Content-Range", *_DIGESTS)
)
"""The keys of a WSGI environment that are checked here, beside the content type."""


@contextmanager
def body_in_memory(limit: int, strings: int = 1) -> Iterator[bytes]:
    """Read the current request's body to its end, for decoding up to ``strings`` strings from it within the block.

    Body and strings count against the process's memory budget until the block ends. A body takes memory as it arrives,
    so a slow sender keeps none from others. Raises ApiProblem where the budget is spent or the body is not what its
    headers declare, RequestEntityTooLarge for more than ``limit`` bytes.
    """
    request.max_content_length = limit
    with ExitStack() as held:
        yield _read(held, limit, strings)  # without a name of its own here: the block can free it


def _read(held: ExitStack, limit: int, strings: int) -> bytes:
    declared = request.content_length
    later = growth(limit if declared is None else declared, strings)
    body = BytesIO()  # which returns the whole without a copy
    try:
        while piece := request.stream.read(CHUNK):
            _hold(held, len(piece), _budget.take_piece(len(piece), later, first=not body.tell()))
            body.write(piece)
    except (RequestEntityTooLarge, ApiProblem):
        body.close()
        raise
    whole = body.getvalue()
    if len(whole) < (declared or 0):  # granian ends a body whose sender is gone as if it were whole
        raise ApiProblem("bad-request", "Send as many bytes as Content-Length declares.")
    check_declared(whole)
    size = growth(len(whole), strings)
    _hold(held, size, _budget.take(size))
    return whole


def _hold(held: ExitStack, size: int, taken: bool) -> None:  # noqa: FBT001
    """Give back at the end what was taken; raise ApiProblem where it was not."""
    if not taken:
        raise ApiProblem("busy", "Nothing was accepted. Send fewer large requests concurrently.", retry_after=2)
    held.callback(_budget.give_back, size)


def read_rest(response: Response) -> Response:
    """Read what a refused request still sends: a proxy that is cut off while it sends cannot pass on the response."""
    left = MAX_DISCARDED if response.status_code >= HTTPStatus.BAD_REQUEST else 0
    while left > 0 and (chunk := request.environ["wsgi.input"].read(CHUNK)):
        left -= len(chunk)
    return response


def check_declared(body: bytes) -> None:
    """Raise ApiProblem where the body is not what the current request's headers declare."""
    headers = request.headers
    if set(_words(headers.get("Content-Encoding", ""))) - {"identity"}:
        raise ApiProblem("unsupported-encoding", "Send the body without a Content-Encoding.")
    if set(_words(headers.get("Transfer-Encoding", ""))) - {"chunked"}:
        raise ApiProblem("bad-request", "Send the body with no Transfer-Encoding other than chunked.")
    if "Content-Range" in headers:
        raise ApiProblem("bad-request", "Send the whole body, without a Content-Range.")
    for charset in _CHARSET.findall(headers.get("Content-Type", "")):
        if charset.strip().lower() not in {"utf-8", "utf8"}:
            raise ApiProblem("unsupported-media-type", "Send the body in UTF-8, and declare no other charset.")
    for name in _DIGESTS:
        if name in headers:
            _check_digest(name, headers[name], body)


def _check_digest(name: str, value: str, body: bytes) -> None:
    digests = [("md5", value.strip())] if name == "Content-MD5" else list(_members(value))
    known = [(algorithm, digest) for algorithm, digest in digests if algorithm in _ALGORITHMS]
    if not known:
        raise ApiProblem("bad-request", f"Send {name} with sha-256 or sha-512, or leave it out.")
    for algorithm, digest in known:
        actual = b64encode(_ALGORITHMS[algorithm](body).digest()).decode()
        if digest.rstrip("=") != actual.rstrip("="):
            raise ApiProblem("digest-mismatch", f"Send the body again: it does not match its {name}.")


def _members(value: str) -> Iterator[tuple[str, str]]:
    """Yield algorithms and digests, which RFC 9530 puts between colons."""
    for member in value.split(","):
        algorithm, _, digest = member.strip().partition("=")
        yield algorithm.lower(), digest.strip(":")


def _words(value: str) -> Iterator[str]:
    return (word for word in (word.strip().lower() for word in value.split(",")) if word)
