"""Reading request bodies: JSON, NDJSON or plain text in, checked strings out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

import msgspec
from flask import request
from msgspec import Raw, Struct
from msgspec.structs import asdict

from api.http.contract import MAX_STRINGS_PER_BULK, BulkRequest, RefusedItem, SubmitRequest
from api.http.json_bodies import decode, decode_strictly
from api.http.problems import ApiProblem
from api.http.raw_bodies import body_in_memory
from core.errors import InvalidText, TextTooLong
from core.submission import LONGEST_TEXT, check_text

MAX_KEY_LENGTH = 255
_ESCAPED = 6  # bytes that JSON may take for one byte of UTF-8: \u0041
_ENVELOPE = 1024
_LISTED_ERRORS = 100


class _AnyOne(SubmitRequest, kw_only=True):
    """What a request submits, with its text still in JSON."""

    text: Raw  # type: ignore[assignment]


class _AnyMany(BulkRequest, kw_only=True):
    """Likewise for many."""

    texts: list[Raw]  # type: ignore[assignment]


_one, _any_one = msgspec.json.Decoder(SubmitRequest), msgspec.json.Decoder(_AnyOne)
_many, _any_many = msgspec.json.Decoder(BulkRequest), msgspec.json.Decoder(_AnyMany)
_string = msgspec.json.Decoder(str)
T = TypeVar("T", bound=Struct)
WereAccepted = Callable[[Sequence[SubmitRequest], Collection[int]], bool]
"""Tells whether, of all strings of the request, those with these indexes were accepted before, under a higher limit:
then they pass."""


def read_one(body: bytes, max_text_bytes: int, were_accepted: WereAccepted) -> SubmitRequest:
    """Return the string that the body of a request for one submits; raises ApiProblem or InvalidText."""
    _json_only('{"text": "…"}')
    try:
        submitted = _one_in(body)
    except msgspec.ValidationError as error:
        raise ApiProblem("invalid-body", f"{error}.") from None
    try:
        check_text(submitted.text, max_text_bytes)
    except TextTooLong:
        if not were_accepted([submitted], [0]):
            raise
    return submitted


def decode_one(body: bytes, max_text_bytes: int) -> SubmitRequest:
    """Return the string that a body submits; raises InvalidText, UnicodeDecodeError or msgspec.DecodeError."""
    submitted = decode_strictly(body, _one)
    check_text(submitted.text, max_text_bytes)
    return submitted


def read_object(decoder: msgspec.json.Decoder[T], most: int, form: str) -> T:
    """Return the object in a body of at most ``most`` bytes; raises ApiProblem, which may quote the form."""
    with body_in_memory(most) as body:
        _json_only(form)
        try:
            return decode(body, decoder, decoder)
        except msgspec.ValidationError as error:
            raise ApiProblem("invalid-body", f"{error}.") from None


def read_many(body: bytes, max_text_bytes: int, were_accepted: WereAccepted) -> list[SubmitRequest]:
    """Return the strings that the body of a bulk request submits; raises ApiProblem, which names each bad item."""
    items: Sequence[str | Raw | bytes]
    match request.mimetype:
        case "application/json":
            items = _items(body)
        case "application/x-ndjson":
            items = _split(body)
        case "text/plain":
            items = _lines(body)
        case _:
            raise ApiProblem(
                "unsupported-media-type",
                'Send {"texts": […]} as application/json, {"text": "…"} per line as application/x-ndjson, '
                "or one string per line as text/plain.",
            )
    if len(items) > MAX_STRINGS_PER_BULK:
        raise ApiProblem("too-large", f"Send at most {MAX_STRINGS_PER_BULK} strings in a request.")
    if not items:
        raise ApiProblem("invalid-body", "Send at least one string.")
    return _checked(items, max_text_bytes, were_accepted)


def read_key() -> str | None:
    """Return the current request's Idempotency-Key, None if it has none; raises ApiProblem."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise ApiProblem("invalid-key", f"Send an Idempotency-Key of 1 to {MAX_KEY_LENGTH} ASCII characters.")
    return key


def most_bytes(max_text_bytes: int) -> int:
    """Return the most bytes that the body of a request for one string may have."""
    return _ESCAPED * max_text_bytes + _ENVELOPE


def _json_only(form: str) -> None:
    if request.mimetype != "application/json":
        raise ApiProblem("unsupported-media-type", f"Send {form} as Content-Type: application/json.")


def _one_in(body: bytes) -> SubmitRequest:
    """Return the string in an object; raises as ``decode`` does, and InvalidText."""
    found = decode(body, _one, _any_one)
    if not isinstance(found, _AnyOne):
        return found
    try:
        return SubmitRequest(**asdict(found) | {"text": _text_in(found.text)})
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"{error} - at `$.text`") from None


def _text_in(json: Raw) -> str:
    """Return the text in a value of a readable body; raises InvalidText, or msgspec.ValidationError."""
    if memoryview(json).nbytes > LONGEST_TEXT and _least_bytes(bytes(json)) > LONGEST_TEXT:
        raise InvalidText(f"The text has more than {LONGEST_TEXT} bytes of UTF-8: send less.")
    text = _string.decode(json)
    if "\0" in text:
        raise InvalidText(f"The text has a lone surrogate, or a NUL, at character {text.index(chr(0))}: remove it.")
    return text


def _least_bytes(json: bytes) -> int:
    """Return the least bytes of UTF-8 that a string in JSON has; for other values that means nothing."""
    return len(json) - len('""') - json.count(b"\\") - (_ESCAPED - 2) * json.count(b"\\u")


def _items(body: bytes) -> Sequence[str | Raw]:
    """Return the items of a JSON bulk; where some are not strings, they are checked one by one later."""
    try:
        return decode(body, _many, _any_many).texts
    except msgspec.ValidationError as error:
        raise ApiProblem("invalid-body", f"{error}.") from None


def _lines(body: bytes) -> list[str]:
    """Return the lines of a plain text, which end with LF or CRLF."""
    lines, at = [], 0
    for line in _split(body):  # line by line, because one emoji makes each character of its string take four bytes
        try:
            lines.append(line.removesuffix(b"\r").decode())
        except UnicodeDecodeError as error:
            raise ApiProblem("invalid-body", f"Send the text in UTF-8: byte {at + error.start} is not.") from None
        at += len(line) + 1
    return lines


def _split(body: bytes) -> list[bytes]:
    """Return the lines, the last of which may lack its LF; of too many, just enough to notice."""
    lines = body.split(b"\n", MAX_STRINGS_PER_BULK + 1)
    if not lines[-1]:
        lines.pop()
    return lines


def _checked(
    items: Sequence[str | Raw | bytes], max_text_bytes: int, were_accepted: WereAccepted
) -> list[SubmitRequest]:
    submitted, refused, too_long = [], [], []
    for index, item in enumerate(items):
        try:
            submitted.append(_submitted(item))
            check_text(submitted[-1].text, max_text_bytes)
        except InvalidText as error:
            refused.append(RefusedItem(index, str(error)))
            if isinstance(error, TextTooLong):
                too_long.append(index)
    if refused and (len(refused) > len(too_long) or not were_accepted(submitted, too_long)):
        raise _refused(refused)
    return submitted


def _submitted(item: str | Raw | bytes) -> SubmitRequest:
    """Return the string in an item: a str is one, Raw is a value in JSON, bytes are a line of NDJSON."""
    if isinstance(item, str):
        return SubmitRequest(item)
    return _of_value(item) if isinstance(item, Raw) else _of_line(item)


def _of_value(value: Raw) -> SubmitRequest:
    try:
        return SubmitRequest(_text_in(value))
    except msgspec.ValidationError:
        raise InvalidText("This is not a string.") from None


def _of_line(line: bytes) -> SubmitRequest:
    try:
        return _one_in(line)
    except msgspec.ValidationError as error:
        reason = f"{error}."
    except ApiProblem as problem:
        reason = problem.detail
    raise InvalidText(f'{reason} Each line is an object {{"text": "…"}}.')


def _refused(errors: Sequence[RefusedItem]) -> ApiProblem:
    listed = f" The first {_LISTED_ERRORS} are listed." if len(errors) > _LISTED_ERRORS else ""
    return ApiProblem(
        "invalid-text",
        f"{len(errors)} of the strings cannot be stored, so none was accepted; fix or remove them.{listed}",
        errors=errors[:_LISTED_ERRORS],
    )
