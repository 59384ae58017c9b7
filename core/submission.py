"""The shape of a string, from its acceptance to its row, and the rule of what a string may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from core.errors import InvalidText, TextTooLong

LONGEST_TEXT = 1024 * 1024
"""The highest limit on a text that can be set, in bytes of UTF-8."""


class Submission(msgspec.Struct, frozen=True, gc=False):
    """An accepted string. ``id`` is a UUID in its canonical form; times are µs since 1970."""

    id: str
    text: str
    received_at: int


class DeadLetter(Submission, frozen=True, kw_only=True):
    """A string that PostgreSQL refused, with the reason and the number of attempts; in Redis it is a JSON object."""

    reason: str
    attempts: int


class Refusal(msgspec.Struct, gc=False):
    """Only the reason of a dead letter."""

    reason: str


class StoredString(Submission, frozen=True, kw_only=True):
    """A row; ``seq`` is its place in the history. Once an operator has erased it, its text is empty."""

    stored_at: int
    seq: int
    erased_at: int | None = None


encode = msgspec.json.Encoder().encode
"""Encodes a dead letter for its hash."""
decode_dead_letter = msgspec.json.Decoder(DeadLetter).decode
_decode_refusal = msgspec.json.Decoder(Refusal).decode

UNREADABLE = "This dead letter cannot be read here: another version wrote it, and can retry or discard it."


def read_dead_letter(json: bytes) -> DeadLetter | Refusal:
    """Return a dead letter, or only its reason where other code wrote it and the rest cannot be read."""
    try:
        return decode_dead_letter(json)
    except msgspec.MsgspecError:
        return read_refusal(json)


def read_refusal(json: bytes) -> Refusal:
    """Return the reason of a dead letter; UNREADABLE where other code wrote it and it cannot be read."""
    try:
        return _decode_refusal(json)
    except msgspec.MsgspecError:
        return Refusal(UNREADABLE)


def decode_rows(rows: Sequence[Mapping[str, object]]) -> list[StoredString]:
    """Return rows of PostgreSQL, each by the names of its columns."""
    return msgspec.convert(rows, list[StoredString])


def check_text(text: str, max_bytes: int) -> None:
    """Raise InvalidText, saying what to do, unless the text can be stored as it is.

    PostgreSQL's text type holds neither NUL nor lone surrogates; the size is counted in bytes of UTF-8.
    """
    if not text:
        raise InvalidText("The text is empty: send at least one character.")
    try:
        if text.isascii():
            size = len(text)
        elif len(text) > LONGEST_TEXT:  # encoding takes four bytes a character at first, here only to count them
            raise InvalidText(f"The text has {len(text)} characters: send at most {max_bytes} bytes in UTF-8.")
        else:
            size = len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidText(
            f"The text has a lone surrogate at character {error.start}: send whole Unicode characters."
        ) from None
    if "\0" in text:
        raise InvalidText(f"The text has a NUL at character {text.index(chr(0))}: remove it.")
    if size > max_bytes:
        raise TextTooLong(f"The text has {size} bytes in UTF-8: send at most {max_bytes}.")
