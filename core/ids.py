"""The layout of ids: a UUID of version 8 says where its string belongs, and which one of a bulk it is.

    xxxxxxxx-xxxx-8PPP-Kxxx-xxxxxxxxiiii

``PPP`` is the place, 12 bits that all strings of a request share. ``K`` is 8 for a string that was submitted alone; it
is 9 for a string of a bulk, and then ``iiii`` is its index. ``api/ids.py`` derives the rest. The layout never changes.
"""

from __future__ import annotations

_VERSION, _SINGLE, _BULK = "8", "8", "9"
_INDEX_DIGITS, INDEX_BYTES = 4, 2


def single_id(hashed: str, place: str) -> str:
    """Return the id of a string submitted alone: ``hashed`` is any UUID, ``place`` three hexadecimal digits."""
    return f"{hashed[:14]}{_VERSION}{place}-{_SINGLE}{hashed[20:]}"


def bulk_id(hashed: str, place: str) -> str:
    """Return the id of the first string of a bulk; arguments as of ``single_id``."""
    return f"{hashed[:14]}{_VERSION}{place}-{_BULK}{hashed[20:-_INDEX_DIGITS]}0000"


def counted(first: str, count: int) -> list[str]:
    """Return as many ids of strings of a bulk, counted up from the first."""
    bulk, index = first[:-_INDEX_DIGITS], int(first[-_INDEX_DIGITS:], 16)
    return [f"{bulk}{number:04x}" for number in range(index, index + count)]


def nth(first: str, offset: int) -> str:
    """Return the id of the string this far behind one of the same bulk."""
    return f"{first[:-_INDEX_DIGITS]}{int(first[-_INDEX_DIGITS:], 16) + offset:04x}"


def index_of(packed_id: bytes) -> int | None:
    """Return the index of a string in its bulk; None if it was submitted alone, or its id has another layout."""
    digits = packed_id[6:9].hex()
    of_bulk = digits[0] == _VERSION and digits[-2] == _BULK
    return int.from_bytes(packed_id[-INDEX_BYTES:], "big") if of_bulk else None


def packed(id_: str) -> bytes:
    """Return the 16 bytes of an id."""
    return bytes.fromhex(id_.replace("-", ""))


def unpacked(packed_id: bytes) -> str:
    """Return the id of these 16 bytes."""
    digits = packed_id.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
