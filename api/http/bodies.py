"""Reading request bodies: JSON, NDJSON or plain text in, checked strings out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, NoReturn, TypeVar

import msgspec
from flask import request

from api.http.contract import MAX_STRINGS_PER_BULK, BulkRequest, RefusedItem, SubmitRequest
from api.http.problems import ApiProblem
from api.http.raw_bodies import body_in_memory
from core.errors import InvalidText, TextTooLong
from core.submission import check_text

MAX_TOKENS = 4 * MAX_STRINGS_PER_BULK
"""Most strings, commas, arrays and objects in a JSON body: a value takes roughly 200 bytes in Python at most."""
MAX_KEY_LENGTH = 255
_ESCAPED = 6  # bytes that JSON may take for one byte of UTF-8: \u0041
_ENVELOPE = 1024
_LISTED_ERRORS = 100

_one = msgspec.json.Decoder(SubmitRequest)
_many = msgspec.json.Decoder(BulkRequest)
_token = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[,\[{]', re.DOTALL)
T = TypeVar("T", bound=msgspec.Struct)
WereAccepted = Callable[[Mapping[int, str]], bool]
"""Tells whether texts of the current request, by index, were accepted before, under a higher limit: then they pass."""


def read_one(max_text_bytes: int, were_accepted: WereAccepted) -> SubmitRequest:
    """Return the string that the current request submits; raises ApiProblem or InvalidText."""
    submitted = read_object(_one, most_bytes(max_text_bytes), '{"text": "…"}')
    try:
        check_text(submitted.text, max_text_bytes)
    except TextTooLong:
        if not were_accepted({0: submitted.text}):
            raise
    return submitted


def decode_one(body: bytes, max_text_bytes: int) -> SubmitRequest:
    """Return the string that a body submits; raises InvalidText, UnicodeDecodeError or msgspec.DecodeError."""
    submitted = _decode_strictly(body, _one)
    check_text(submitted.text, max_text_bytes)
    return submitted


def read_object(decoder: msgspec.json.Decoder[T], most: int, form: str) -> T:
    """Return the object in a body of at most ``most`` bytes; raises ApiProblem, which may quote the form."""
    with body_in_memory(most) as body:
        if request.mimetype != "application/json":
            raise ApiProblem("unsupported-media-type", f"Send {form} as Content-Type: application/json.")
        try:
            return _decode(body, decoder)
        except msgspec.ValidationError as error:
            raise ApiProblem("invalid-body", f"{error}.") from None


def read_many(body: bytes, max_text_bytes: int, were_accepted: WereAccepted) -> list[SubmitRequest]:
    """Return the strings that the body of a bulk request submits; raises ApiProblem, which names each bad item."""
    items: Sequence[object]
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
                'Send {"texts": […]} as application/json, {"text": "…"} a line as application/x-ndjson, '
                "or a string a line as text/plain.",
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


def _decode_strictly(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Return the decoded body; raises UnicodeDecodeError also for bytes that msgspec skips."""
    if not body.isascii():
        body.decode()
    return decoder.decode(body)


def _decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Return the decoded body; raises ApiProblem for what is not JSON, msgspec.ValidationError for other types."""
    _check_tokens(body)
    try:
        return _decode_strictly(body, decoder)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # msgspec reports the first value of a wrong type, whatever follows it, and calls lone surrogates malformed,
        # though they are well-formed JSON. So parse the whole body again, more slowly; after this block, because the
        # exception holds on to what was decoded already.
        pass
    try:
        return msgspec.convert(_parse(body), decoder.type)
    except UnicodeEncodeError:
        raise ApiProblem("invalid-body", "A name in the object has a lone surrogate.") from None


def _check_tokens(body: bytes) -> None:
    """Raise ApiProblem where more values would become objects than fit in memory."""
    marks = sum(map(body.count, (b",", b"[", b"{")))
    if marks > MAX_TOKENS and next(islice(_token.finditer(body), MAX_TOKENS, None), None):
        raise ApiProblem("too-large", f"Send at most {MAX_STRINGS_PER_BULK} strings in a request, and little else.")


def _parse(body: bytes) -> Any:
    try:
        return _json.decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        reason = f"{error.msg} at character {error.pos}" if isinstance(error, json.JSONDecodeError) else error
        raise ApiProblem("malformed-json", f"Send valid JSON in UTF-8: {reason}.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"there is no {name} in JSON")


# no number is used, so its first digits suffice: Python refuses to read more than 4,300
_json = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=lambda digits: int(digits[:20]))


def _items(body: bytes) -> Sequence[object]:
    """Return the items of a JSON bulk; where some are not strings, they are checked one by one later."""
    try:
        return _decode(body, _many).texts
    except msgspec.ValidationError as error:
        problem = ApiProblem("invalid-body", f"{error}.")
    value = _parse(body)
    items = value.get("texts") if isinstance(value, dict) else None
    if isinstance(items, list) and items:
        return items
    raise problem


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


def _checked(items: Sequence[object], max_text_bytes: int, were_accepted: WereAccepted) -> list[SubmitRequest]:
    submitted, refused, too_long = [], [], {}
    for index, item in enumerate(items):
        try:
            submitted.append(_submitted(item))
            check_text(submitted[-1].text, max_text_bytes)
        except InvalidText as error:
            refused.append(RefusedItem(index, str(error)))
            if isinstance(error, TextTooLong):
                too_long[index] = submitted[-1].text
    if refused and (len(refused) > len(too_long) or not were_accepted(too_long)):
        raise _refused(refused)
    return submitted


def _submitted(item: object) -> SubmitRequest:
    """Return the string in an item: a str is one, bytes are a line of NDJSON."""
    if isinstance(item, str):
        return SubmitRequest(item)
    if isinstance(item, bytes):
        return _of_line(item)
    raise InvalidText("This is not a string.")


def _of_line(line: bytes) -> SubmitRequest:
    try:
        return _decode(line, _one)
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
