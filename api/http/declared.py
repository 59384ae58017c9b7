"""What a request declares about its body beside the media type: it holds, or the request is refused.

A body that is taken for something else than its client declares would be stored altered, or in part.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import md5, sha256, sha512

from flask import request

from api.http.problems import ApiProblem

_DIGESTS = ("Content-Digest", "Repr-Digest", "Digest", "Content-MD5")
"""RFC 9530, and what came before it; without a content coding all of them are about the same bytes."""
_ALGORITHMS = {"sha-256": sha256, "sha-512": sha512, "md5": lambda body: md5(body, usedforsecurity=False)}
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";]*)', re.IGNORECASE)
IN_ENVIRON = frozenset(
    f"HTTP_{name.upper().replace('-', '_')}"
    for name in ("Content-Encoding", "Transfer-Encoding", "Content-Range", *_DIGESTS)
)
"""Where a WSGI environment has what is looked at here, the media type's parameters apart."""


def check_declared(body: bytes) -> None:
    """Return when the body is what the request in hand declares; raises ApiProblem."""
    headers = request.headers
    if set(_words(headers.get("Content-Encoding", ""))) - {"identity"}:
        raise ApiProblem("unsupported-encoding", "Send the body as it is, without a Content-Encoding.")
    if set(_words(headers.get("Transfer-Encoding", ""))) - {"chunked"}:
        raise ApiProblem("bad-request", "Send the body with no Transfer-Encoding but chunked.")
    if "Content-Range" in headers:
        raise ApiProblem("bad-request", "Send the whole body, without a Content-Range.")
    for charset in _CHARSET.findall(headers.get("Content-Type", "")):
        if charset.strip().lower() not in {"utf-8", "utf8"}:
            raise ApiProblem("unsupported-media-type", "Send the body in UTF-8, and say no other charset.")
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
            raise ApiProblem("digest-mismatch", f"Send the body again: it is not the one that {name} is about.")


def _members(value: str) -> Iterator[tuple[str, str]]:
    """Yield algorithms and digests, which RFC 9530 puts between colons."""
    for member in value.split(","):
        algorithm, _, digest = member.strip().partition("=")
        yield algorithm.lower(), digest.strip(":")


def _words(value: str) -> Iterator[str]:
    return (word for word in (word.strip().lower() for word in value.split(",")) if word)
