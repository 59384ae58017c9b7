"""Decoding JSON bodies: only what a request's type has becomes an object, whatever else is in the body."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from itertools import islice
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from api.http.contract import MAX_STRINGS_PER_BULK
from api.http.problems import ApiProblem
from core.submission import LONGEST_TEXT

MAX_TOKENS = 4 * MAX_STRINGS_PER_BULK
"""Most strings, commas, arrays and objects in a JSON body."""
_PIECE = 65536
_utf8 = getincrementaldecoder("utf-8")
_any, _any_object = msgspec.json.Decoder(Raw), msgspec.json.Decoder(dict[str, Raw])
_token = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[,\[{]', re.DOTALL)
_up_to_lone_surrogate = re.compile(
    rb"(?:[^\\]++|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\(?!u[dD][89a-fA-F]).)*+"
    rb"\\u([dD][89a-fA-F][\da-fA-F]{2})",
    re.DOTALL,
)
T = TypeVar("T", bound=Struct)
U = TypeVar("U", bound=Struct)


def decode_strictly(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Return the decoded body; raises UnicodeDecodeError also for bytes that msgspec skips."""
    if not body.isascii():
        _check_utf8(body)
    return decoder.decode(body)


def _check_utf8(body: bytes) -> None:
    """Raise UnicodeDecodeError for what is not UTF-8; in pieces, because the whole may take five times its size."""
    if len(body) <= _PIECE:
        body.decode()
        return
    decoder = _utf8()
    for at in range(0, len(body), _PIECE):
        decoder.decode(body[at : at + _PIECE])
    decoder.decode(b"", final=True)


def decode(body: bytes, decoder: msgspec.json.Decoder[T], lenient: msgspec.json.Decoder[U] | None = None) -> T | U:
    """Return the decoded body; where that fails, as the lenient decoder's type, in which texts are still JSON.

    A body that may have a text too long for any limit is decoded as that type immediately. Only what the type has
    becomes an object, whatever else is in the body and however deep. Raises ApiProblem for what is not JSON,
    msgspec.ValidationError for what has another type.
    """
    _check_tokens(body)
    try:
        if lenient is not None and len(body) > LONGEST_TEXT:
            return decode_strictly(body, lenient)
        return decode_strictly(body, decoder)
    except (UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error) from None
    except msgspec.DecodeError:
        pass  # go on after this block, because the exception holds on to what was decoded already
    readable = _readable(body)
    if lenient is not None:
        return lenient.decode(readable)
    if readable is not body:
        raise ApiProblem("invalid-body", "The body has a lone surrogate: send whole Unicode characters.")
    return decoder.decode(body)


def _readable(body: bytes) -> bytes | bytearray:
    """Return a body with NUL for each lone surrogate; raise ApiProblem unless it is well-formed JSON.

    msgspec reports the first value of a wrong type, whatever follows it, and calls lone surrogates malformed.
    """
    replaced = None
    at = count = 0
    while found := _up_to_lone_surrogate.match(body, at):
        if (count := count + 1) > MAX_STRINGS_PER_BULK:  # each takes a step here, and may be all that a body has
            raise ApiProblem("invalid-body", "The body has very many lone surrogates: send whole Unicode characters.")
        replaced = replaced or bytearray(body)
        replaced[slice(*found.span(1))] = b"0000"
        at = found.end()
    readable = replaced or body
    try:
        _any.decode(readable)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _malformed(error) from None
    if replaced and _has_nul_in_name(readable):
        raise ApiProblem("invalid-body", "A name in the object has a lone surrogate, or a NUL.")
    return readable


def _has_nul_in_name(body: bytes | bytearray) -> bool:
    try:
        return any("\0" in name for name in _any_object.decode(body))
    except msgspec.ValidationError:
        return False


def _malformed(error: Exception) -> ApiProblem:
    reason = str(error).removeprefix("JSON is malformed: ")
    return ApiProblem("malformed-json", f"Send valid JSON in UTF-8: {reason}.")


def _check_tokens(body: bytes) -> None:
    """Raise ApiProblem where a body has more values than any request needs."""
    marks = sum(map(body.count, (b",", b"[", b"{")))
    if marks > MAX_TOKENS and next(islice(_token.finditer(body), MAX_TOKENS, None), None):
        raise ApiProblem("too-large", f"Send at most {MAX_STRINGS_PER_BULK} strings in a request, and little else.")
