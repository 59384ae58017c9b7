"""The format of the journal's entries: what some strings have in common is there once, and each text as it came.

====== =====================================================================================================
field  value
====== =====================================================================================================
v      version of the format
n      number of strings
ids    16 bytes for each id; of a bulk those of its first string here, from which the others count up
at     when they were received, in µs since 1970: of the first, and in how many µs after it each of the others;
       the first alone where all came together
texts  JSON array of the texts
trace  contexts of those requests that are traced, in W3C's form; missing where none is
====== =====================================================================================================

What is added to a string later is another field here, and then this is another version: a worker that does not know the
field would store the string without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain, repeat
from typing import NamedTuple

import msgspec

from core.ids import unpacked
from core.submission import Submission

VERSION = 2
"""The format that this code writes, and the only one that it reads. Later code reads it, too."""
ID_BYTES = 16
_decode_texts = msgspec.json.Decoder(list[str]).decode
encode_text = msgspec.json.Encoder().encode
"""Encodes a text, or a list of them, for an entry."""


class Fields(NamedTuple):
    """The fields of an entry as Redis returns them."""

    version: int
    ids: bytes
    at: bytes
    texts: bytes

    @classmethod
    def of(cls, fields: dict[bytes, bytes]) -> Fields:
        """Return those of an entry that was read by its id."""
        return cls(int(fields[b"v"]), *(fields.get(name, b"") for name in (b"ids", b"at", b"texts")))


class Strings:
    """The strings of one entry; raises ValueError where its fields do not fit together."""

    def __init__(self, fields: Fields) -> None:
        """Check the fields."""
        if fields.version != VERSION:
            raise ValueError("another version")
        self.json, self.written_ids = fields.texts, fields.ids
        self.texts = _decode_texts(fields.texts)
        first, *later = map(int, fields.at.split())
        count = len(self.texts)
        if not count or len(later) not in {0, count - 1} or len(self.written_ids) not in {ID_BYTES, ID_BYTES * count}:
            raise ValueError("numbers of ids, times and texts differ")
        self._first_at, self._later = first, later

    def __len__(self) -> int:
        """Return the number of strings."""
        return len(self.texts)

    @property
    def size(self) -> int:
        """The size of the texts in JSON, in bytes."""
        return len(self.json)

    @property
    def packed_ids(self) -> list[bytes]:
        """The ids, each in 16 bytes."""
        if len(self.written_ids) > ID_BYTES:
            return [self.written_ids[at : at + ID_BYTES] for at in range(0, len(self.written_ids), ID_BYTES)]
        first = int.from_bytes(self.written_ids, "big")
        return [(first + offset).to_bytes(ID_BYTES, "big") for offset in range(len(self))]

    @cached_property
    def ids(self) -> Sequence[str]:
        """The ids."""
        return list(map(unpacked, self.packed_ids))

    @property
    def received_at(self) -> Iterable[int]:
        """When each was received, in µs since 1970."""
        if not self._later:
            return repeat(self._first_at, len(self))
        return chain([self._first_at], (self._first_at + after for after in self._later))

    @cached_property
    def submissions(self) -> list[Submission]:
        """The strings one by one."""
        return list(map(Submission, self.ids, self.texts, self.received_at))
