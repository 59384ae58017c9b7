"""Ids of strings: the same request always gets the same ids, so that repeating it stores nothing twice.

``core/ids.py`` has their layout. The page derives the same ones: ``web/src/features/strings/kept.ts``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import uuid_utils

from core.ids import bulk_id, single_id, unpacked

# two namespaces, so that a key never collides with a request id of the same spelling
_KEYS = uuid_utils.UUID("6f1a6c1e-52a2-4d0f-9a5c-0d3f3f0f6d10")
_REQUESTS = uuid_utils.UUID("b0d8e5f2-8d55-4a35-8d4b-6a7d1f1f1c52")
_PLACE = slice(28, 31)
"""Where a UUIDv7 is random, and neither the time nor a counter."""


def submission_id(text: str, key: str | None, request_id: str | None) -> str:
    """Return the id of a string that is submitted alone.

    It derives from the key (else from nginx' id of the request) and the text; without both it is new.
    """
    return single_id(*_hashed([text], key, request_id))


def bulk_first_id(texts: Sequence[str], key: str | None, request_id: str | None) -> str:
    """Return the id of the first string of a bulk; it derives from all of its texts, or is new, as for one string."""
    return bulk_id(*_hashed(texts, key, request_id))


def key_hash(key: str) -> bytes:
    """Return what stands for the key in Redis."""
    return hashlib.blake2b(key.encode(), digest_size=10).digest()


def request_digest(first_id: str) -> bytes:
    """Return what tells a request with a key from others: six bytes of its first id, which key and texts determine."""
    return bytes.fromhex(first_id[:8] + first_id[9:13])


def _hashed(texts: Sequence[str], key: str | None, request_id: str | None) -> tuple[str, str]:
    """Return a UUID and a place; a NUL separates what they derive from, and is in none of it."""
    source = request_id if key is None else key
    if source is None:
        new = str(uuid_utils.uuid7())
        return new, new[_PLACE]
    namespace = _REQUESTS if key is None else _KEYS
    if len(texts) == 1:
        hashed = str(uuid_utils.uuid5(namespace, f"{source}\0{texts[0]}"))
    else:
        hashed = _uuid5(namespace, source, texts)
    return hashed, str(uuid_utils.uuid5(namespace, source))[-3:]


def _uuid5(namespace: uuid_utils.UUID, source: str, texts: Sequence[str]) -> str:
    """Return the UUIDv5 of all these, with nothing copied as a whole; single_id and bulk_id set version and variant."""
    digest = hashlib.sha1(namespace.bytes + source.encode(), usedforsecurity=False)
    for text in texts:
        digest.update(b"\0")
        digest.update(text.encode())
    return unpacked(digest.digest()[:16])
