"""Reading request bodies: JSON, NDJSON or plain text in, checked strings out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import islice
from typing import Any, NoReturn, TypeVar

import msgspec
from flask import request

from api.http.contract import MAX_STRINGS_PER_BULK, BulkRequest, RefusedItem, SubmitRequest
from api.http.problems import ApiProblem
from api.http.raw_bodies import body_in_memory
from core.errors import InvalidText
from core.submission import check_text

MAX_TOKENS = 4 * MAX_STRINGS_PER_BULK
"""Strings and commas in a body in JSON: about as many as values, and Python takes up to 72 bytes for each of those."""
MAX_KEY_LENGTH = 255
_ESCAPED = 6  # bytes that JSON may take for one byte of UTF-8: \u0041
_ENVELOPE = 1024
_LISTED_ERRORS = 100

_one = msgspec.json.Decoder(SubmitRequest)
_many = msgspec.json.Decoder(BulkRequest)
_token = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|,', re.DOTALL)
T = TypeVar("T", bound=msgspec.Struct)


def read_one(max_text_bytes: int) -> SubmitRequest:
    """Return the string that the request in hand submits; raises ApiProblem or InvalidText."""
    submitted = read_object(_one, most_bytes(max_text_bytes), '{"text": "…"}')
    check_text(submitted.text, max_text_bytes)
    return submitted


def decode_one(body: bytes, max_text_bytes: int) -> SubmitRequest:
    """Return the string that a body submits; raises InvalidText, UnicodeDecodeError or msgspec.DecodeError."""
    submitted = _decode_strictly(body, _one)
    check_text(submitted.text, max_text_bytes)
    return submitted


def read_object(decoder: msgspec.json.Decoder[T], most: int, form: str) -> T:
    """Return the object that a body of at most ``most`` bytes is; raises ApiProblem, which may name the form."""
    with body_in_memory(most) as body:
        if request.mimetype != "application/json":
            raise ApiProblem("unsupported-media-type", f"Send {form} as Content-Type: application/json.")
        try:
            return _decode(body, decoder)
        except msgspec.ValidationError as error:
            raise ApiProblem("invalid-body", f"{error}.") from None


def read_many(body: bytes, max_text_bytes: int) -> list[SubmitRequest]:
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
    return _checked(items, max_text_bytes)


def read_key() -> str | None:
    """Return the request's Idempotency-Key, if it has one."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise ApiProblem("invalid-key", f"Send an Idempotency-Key of 1 to {MAX_KEY_LENGTH} ASCII characters.")
    return key


def most_bytes(max_text_bytes: int) -> int:
    """Return how large the body of a request for one string may be."""
    return _ESCAPED * max_text_bytes + _ENVELOPE


def _decode_strictly(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Return the decoded body; raises UnicodeDecodeError also for what msgspec skips unseen."""
    if not body.isascii():
        body.decode()
    return decoder.decode(body)


def _decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Return the decoded body; raises ApiProblem for what is not JSON, msgspec.ValidationError for a misfit."""
    _check_tokens(body)
    try:
        return _decode_strictly(body, decoder)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # A misfit is reported as soon as it is met, whatever follows; and lone surrogates, which are well-formed JSON
        # but no text, as malformed. So the whole is looked at again, more slowly; only once this block is left, or
        # what was decoded already would be kept.
        pass
    try:
        return msgspec.convert(_parse(body), decoder.type)
    except UnicodeEncodeError:
        raise ApiProblem("invalid-body", "A name in the object has a lone surrogate.") from None


def _check_tokens(body: bytes) -> None:
    """Raise ApiProblem where more values would become objects than fit in memory."""
    if body.count(b",") > MAX_TOKENS and next(islice(_token.finditer(body), MAX_TOKENS, None), None):
        raise ApiProblem("too-large", f"Send at most {MAX_STRINGS_PER_BULK} strings in a request, and little else.")


def _parse(body: bytes) -> Any:
    try:
        return _json.decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        reason = f"{error.msg} at character {error.pos}" if isinstance(error, json.JSONDecodeError) else error
        raise ApiProblem("malformed-json", f"Send valid JSON in UTF-8: {reason}.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"there is no {name} in JSON")


# No number is used here, so the first digits do: Python refuses to read more than 4,300.
_json = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=lambda digits: int(digits[:20]))


def _items(body: bytes) -> Sequence[object]:
    """Return the items of a JSON bulk; where they are not all texts, they are looked at one by one."""
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
    for line in _split(body):  # not all of the text first: one emoji makes each of its characters take four bytes
        try:
            lines.append(line.removesuffix(b"\r").decode())
        except UnicodeDecodeError as error:
            raise ApiProblem("invalid-body", f"Send the text in UTF-8: byte {at + error.start} is not.") from None
        at += len(line) + 1
    return lines


def _split(body: bytes) -> list[bytes]:
    """Return the lines, of which the last one need not end; where they are too many, enough of them to see it."""
    lines = body.split(b"\n", MAX_STRINGS_PER_BULK + 1)
    if not lines[-1]:
        lines.pop()
    return lines


def _checked(items: Sequence[object], max_text_bytes: int) -> list[SubmitRequest]:
    checked, refused = [], []
    for index, item in enumerate(items):
        try:
            submitted = _submitted(item)
            check_text(submitted.text, max_text_bytes)
        except InvalidText as error:
            refused.append(RefusedItem(index, str(error)))
        else:
            checked.append(submitted)
    if refused:
        raise _refused(refused)
    return checked


def _submitted(item: object) -> SubmitRequest:
    """Return the string that an item is, or that it has inside: bytes are a line of NDJSON."""
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
        f"{len(errors)} of the strings cannot be stored, so none was kept; mend or leave them out.{listed}",
        errors=errors[:_LISTED_ERRORS],
    )
