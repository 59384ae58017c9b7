"""Reading request bodies: JSON or plain text in, checked texts out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from flask import request

from api.contract import MAX_STRINGS_PER_BULK, BulkRequest, RefusedItem, SubmitRequest
from api.problems import ApiProblem
from core.errors import InvalidText
from core.submission import check_text

MAX_BULK_BYTES = 8 * 1024 * 1024
MAX_KEY_LENGTH = 255
_ESCAPED = 6  # bytes that JSON may take for one byte of UTF-8: \u0041
_ENVELOPE = 1024
_LISTED_ERRORS = 100

_one = msgspec.json.Decoder(SubmitRequest)
_many = msgspec.json.Decoder(BulkRequest)
T = TypeVar("T", SubmitRequest, BulkRequest)


def read_text(max_text_bytes: int) -> str:
    """Return the text of a request for one string; raises ApiProblem or InvalidText."""
    if request.mimetype != "application/json":
        raise ApiProblem("unsupported-media-type", 'Send {"text": "…"} as Content-Type: application/json.')
    text = _decode(_body(_ESCAPED * max_text_bytes + _ENVELOPE), _one).text
    check_text(text, max_text_bytes)
    return text


def read_texts(max_text_bytes: int) -> list[str]:
    """Return the texts of a bulk request; raises ApiProblem, which names each bad item."""
    body = _body(MAX_BULK_BYTES)
    if request.mimetype == "application/json":
        texts = _decode(body, _many).texts
    elif request.mimetype == "text/plain":
        texts = _lines(body)
    else:
        raise ApiProblem(
            "unsupported-media-type",
            'Send {"texts": […]} as application/json, or a string a line as text/plain.',
        )
    if len(texts) > MAX_STRINGS_PER_BULK:
        raise ApiProblem("too-large", f"Send at most {MAX_STRINGS_PER_BULK} strings in a request.")
    if not texts:
        raise ApiProblem("invalid-body", "Send at least one string.")
    _check_all(texts, max_text_bytes)
    return texts


def read_key() -> str | None:
    """Return the request's Idempotency-Key, if it has one."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise ApiProblem("invalid-key", f"Send an Idempotency-Key of 1 to {MAX_KEY_LENGTH} characters.")
    return key


def read_request_id() -> str | None:
    """Return the request id that the proxy gave, if it can serve as one."""
    request_id = request.headers.get("X-Request-ID")
    return request_id if request_id and len(request_id) <= MAX_KEY_LENGTH else None


def _body(limit: int) -> bytes:
    request.max_content_length = limit
    return request.get_data(cache=False)


def _decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _misfit(body, error) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # msgspec refuses lone surrogates as malformed; they are well-formed JSON, but no text
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            raise ApiProblem("malformed-json", f"Send valid JSON in UTF-8: {error}.") from None
        return _convert(value, decoder, error)


def _convert(value: object, decoder: msgspec.json.Decoder[T], error: Exception) -> T:
    try:
        return msgspec.convert(value, decoder.type)
    except (msgspec.ValidationError, UnicodeEncodeError):
        raise ApiProblem("invalid-body", f"Send the documented form: {error}.") from None


def _misfit(body: bytes, error: msgspec.ValidationError) -> ApiProblem:
    """Say what does not fit; empty texts and too many of them have problems of their own."""
    value = json.loads(body)
    if isinstance(value, dict):
        if value.get("text") == "":
            return ApiProblem("invalid-text", "The text is empty: send at least one character.")
        texts = value.get("texts")
        if isinstance(texts, list) and len(texts) > MAX_STRINGS_PER_BULK:
            return ApiProblem("too-large", f"Send at most {MAX_STRINGS_PER_BULK} strings in a request.")
        if isinstance(texts, list) and texts:
            return _refused(
                [
                    RefusedItem(i, _why_not_text(text))
                    for i, text in enumerate(texts)
                    if not (text and isinstance(text, str))
                ]
            )
    return ApiProblem("invalid-body", f"{error}.")


def _why_not_text(value: object) -> str:
    return "The text is empty: send at least one character." if value == "" else "This is not a string."


def _lines(body: bytes) -> list[str]:
    """Return the lines of a plain text, which end with LF or CRLF; the last one need not end."""
    try:
        lines = body.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ApiProblem("invalid-body", f"Send the text in UTF-8: byte {error.start} is not.") from None
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def _check_all(texts: Sequence[str], max_text_bytes: int) -> None:
    refused = []
    for index, text in enumerate(texts):
        try:
            check_text(text, max_text_bytes)
        except InvalidText as error:
            refused.append(RefusedItem(index, str(error)))
    if refused:
        raise _refused(refused)


def _refused(errors: Sequence[RefusedItem]) -> ApiProblem:
    listed = f" The first {_LISTED_ERRORS} are listed." if len(errors) > _LISTED_ERRORS else ""
    return ApiProblem(
        "invalid-text",
        f"{len(errors)} of the strings cannot be stored, so none was kept; mend or leave them out.{listed}",
        errors=errors[:_LISTED_ERRORS],
    )
