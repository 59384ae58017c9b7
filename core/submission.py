"""The submission: one string on its way, and the rule of what a string may be."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.errors import InvalidText


class Submission(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A string that was accepted, as it stands in the journal: ``[id, text, received_at]``.

    ``id`` is a UUID in its canonical form; ``received_at`` counts microseconds since 1970 in UTC.
    """

    id: str
    text: str
    received_at: int


_decoder = msgspec.json.Decoder(list[Submission])
_encoder = msgspec.json.Encoder()


def encode(submission: Submission) -> bytes:
    """Return the submission as it stands inside an entry of the journal."""
    return _encoder.encode(submission)


def decode(items: bytes) -> list[Submission]:
    """Return the submissions of an entry of the journal."""
    return _decoder.decode(items)


def check_text(text: str, max_bytes: int) -> None:
    """Raise InvalidText, saying what to do, unless the text can be stored as it is.

    PostgreSQL's text type holds neither NUL nor lone surrogates; the size is counted in bytes of UTF-8.
    """
    if not text:
        raise InvalidText("The text is empty: send at least one character.")
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidText(
            f"The text has a lone surrogate at character {error.start}: send whole Unicode characters."
        ) from None
    if size > max_bytes:
        raise InvalidText(f"The text has {size} bytes in UTF-8: send at most {max_bytes}.")
    if "\0" in text:
        raise InvalidText(f"The text has a NUL at character {text.index(chr(0))}: remove it.")


def total_bytes(submissions: Sequence[Submission]) -> int:
    """Return about how many bytes the texts take (exact for ASCII, else in characters)."""
    return sum(len(submission.text) for submission in submissions)
