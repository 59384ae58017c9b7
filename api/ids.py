"""Ids of strings: the same request always gets the same ids, so that repeating it stores nothing twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import uuid_utils

# two namespaces, so that a key never collides with a request id of the same spelling
_KEYS = uuid_utils.UUID("6f1a6c1e-52a2-4d0f-9a5c-0d3f3f0f6d10")
_REQUESTS = uuid_utils.UUID("b0d8e5f2-8d55-4a35-8d4b-6a7d1f1f1c52")


def submission_id(text: str, key: str | None, request_id: str | None, index: int | None = None) -> str:
    """Return the id of a string: UUIDv5 of the key (else of nginx' id of the request) and the text, else UUIDv7.

    ``index`` is the position of the string in a bulk request. A NUL separates the parts; none of them contains one.
    """
    name = text if index is None else f"{index}\0{text}"
    if key is not None:
        return str(uuid_utils.uuid5(_KEYS, f"{key}\0{name}"))
    if request_id is not None:
        return str(uuid_utils.uuid5(_REQUESTS, f"{request_id}\0{name}"))
    return str(uuid_utils.uuid7())


def key_hash(key: str) -> str:
    """Return the name under which Redis remembers the key."""
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


def request_digest(ids: Sequence[str]) -> str:
    """Return what distinguishes keyed requests: their ids, which derive from the key, the texts and their order."""
    if len(ids) == 1:
        return ids[0]
    digest = hashlib.blake2b(digest_size=16)
    for submission_id_ in ids:
        digest.update(submission_id_.encode())
    return digest.hexdigest()
