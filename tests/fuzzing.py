"""Bodies of every kind, most of them nearly right, and the outcome of each: a second, independent reading of the rules.

The reading knows Python's ``json`` alone and need not be fast, so that it can disagree with the code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple, NoReturn

MAX_TEXT_BYTES = 2000
MAX_BODY = 6 * MAX_TEXT_BYTES + 1024

SINGLE, BULK = "/dummies/", "/dummies/bulk"
JSON, NDJSON, PLAIN = "application/json", "application/x-ndjson", "text/plain"


class Form(NamedTuple):
    """A kind of body: its path, its media type, how its texts are written, and how they are read."""

    path: str
    content_type: str
    write: Callable[[Random, list[Any]], bytes]
    read: Callable[[bytes], list[str] | None]


def storable(text: object) -> bool:
    """Tell whether a value is a text that can be stored."""
    if not isinstance(text, str) or has_surrogate(text):
        return False
    return "\0" not in text and 0 < len(text.encode()) <= MAX_TEXT_BYTES


def has_surrogate(text: str) -> bool:
    """Tell whether a text has a lone surrogate."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def _not_json(name: str) -> NoReturn:
    raise ValueError(name)


def _object(body: bytes) -> dict[str, object]:
    """Return the object in a body, an empty one if there is none."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_not_json, parse_int=len)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) and not any(map(has_surrogate, value)) else {}


def _all(texts: object) -> list[str] | None:
    """Return the texts if all can be stored, and there are any."""
    return texts if isinstance(texts, list) and texts and all(map(storable, texts)) else None


def _lines(body: bytes) -> list[bytes]:
    lines = body.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def read_single(body: bytes) -> list[str] | None:
    """Return the text, in a list, of a single submission; None where it must be refused."""
    return _all([_object(body).get("text")]) if len(body) <= MAX_BODY else None


def read_bulk(body: bytes) -> list[str] | None:
    """Return the texts of a bulk in JSON, all or None."""
    return _all(_object(body).get("texts"))


def read_ndjson(body: bytes) -> list[str] | None:
    """Return the texts of a bulk in NDJSON, all or None."""
    return _all([_object(line).get("text") for line in _lines(body)])


def read_plain(body: bytes) -> list[str] | None:
    """Return the texts of a bulk in plain text, all or None."""
    try:
        return _all([line.removesuffix(b"\r").decode("utf-8") for line in _lines(body)])
    except UnicodeDecodeError:
        return None


def dump(random: Random, value: object) -> bytes:
    """Return a value as JSON in one of its spellings."""
    separators = random.choice([(",", ":"), (", ", ": "), (" ,\t", "\r: ")])
    text = json.dumps(value, ensure_ascii=random.random() < 0.5, separators=separators)
    return text.encode("utf-8", "surrogatepass")


def _write_single(random: Random, texts: list[Any]) -> bytes:
    return dump(random, others(random) | {"text": texts[0]} | others(random))


def _write_bulk(random: Random, texts: list[Any]) -> bytes:
    return dump(random, others(random) | {"texts": texts} | others(random))


def _write_ndjson(random: Random, texts: list[Any]) -> bytes:
    return _ended(random, [_write_single(random, [text]) for text in texts])


def _write_plain(random: Random, texts: list[Any]) -> bytes:
    return _ended(random, [str(text).encode("utf-8", "surrogatepass") for text in texts])


def _ended(random: Random, lines: list[bytes]) -> bytes:
    end = random.choice([b"\n", b"\r\n"])
    return end.join(lines) + random.choice([b"", end])


FORMS = [
    Form(SINGLE, JSON, _write_single, read_single),
    Form(BULK, JSON, _write_bulk, read_bulk),
    Form(BULK, NDJSON, _write_ndjson, read_ndjson),
    Form(BULK, PLAIN, _write_plain, read_plain),
]

ALPHABETS = [
    "ab",
    "a \t\r",
    'a"\\/',
    "안녕é",
    "\U0001f600a",
    "a\x7f\x85\u2028\ufeff\ufffe",
    "ab\0",
    "a\ud800",
    "\ud83d\ude00",
]
TOKENS = [
    *(
        b'"',
        b"\\",
        b"\\u",
        b"\\ud800",
        b"\\ude00",
        b"\\u0000",
        b"\0",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\n",
        b"\r\n",
    ),
    *(
        b'"text":',
        b'"texts":',
        b'"text":"b",',
        b'"x":',
        b"null",
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"01",
        b"9" * 5000,
        b"//",
    ),
    *(
        b"\xff",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe2\x80",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
        b"[" * 5000,
    ),
]


def a_text(random: Random) -> str:
    """Return a text, rarely one that cannot be stored."""
    alphabet = random.choice(ALPHABETS[: random.choice([6, 6, 6, len(ALPHABETS)])])
    length = MAX_TEXT_BYTES + random.choice([-1, 0, 1]) if random.random() < 0.02 else random.randrange(1, 8)
    return "".join(random.choices(alphabet, k=length))


def a_value(random: Random, depth: int = 0) -> Any:
    """Return a value of any JSON type, rarely of one that only Python writes."""
    kind = random.randrange(8 if depth < 4 else 6)
    if kind == 6:
        return [a_value(random, depth + 1) for _ in range(random.randrange(4))]
    if kind == 7:
        return {a_text(random): a_value(random, depth + 1) for _ in range(random.randrange(4))}
    number = random.choice([0, 1e300, math.inf, math.nan])
    return [None, True, number, -(10 ** random.randrange(400)), a_text(random), a_text(random)][kind]


def nested(depth: int) -> Any:
    """Return nested lists."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def others(random: Random) -> dict[str, Any]:
    """Return, mostly empty, members that no one asked for."""
    if random.random() < 0.7:
        return {}
    return {a_text(random): nested(300) if random.random() < 0.05 else a_value(random)}


def a_body(random: Random, form: Form) -> bytes:
    """Return a body of that form: right, nearly right, of another form, or random bytes."""
    kind = random.random()
    if kind < 0.1:
        return random.randbytes(random.randrange(40))
    if kind < 0.15:
        return dump(random, a_value(random))
    if kind < 0.2:
        form = random.choice(FORMS)
    strange = random.random() < 0.1
    texts = [a_value(random) if strange else a_text(random) for _ in range(random.choice([1, 1, 2, 5]))]
    body = form.write(random, texts)
    if kind < 0.23:
        return body.decode("utf-8", "replace").encode(random.choice(["utf-16", "utf-16-le", "utf-32", "utf-8-sig"]))
    if kind < 0.25:
        return body + b" " * random.choice([1, MAX_BODY])
    return body if kind < 0.45 else mutated(random, body)


def mutated(random: Random, body: bytes) -> bytes:
    """Return a body with one to three places changed, and perhaps cut off there."""
    for _ in range(random.choice([1, 1, 2, 3])):
        at = random.randrange(len(body) + 1)
        to = min(len(body), at + random.randrange(1, 9))
        rest = b"" if random.random() < 0.15 else body[to:]
        body = body[:at] + _changed(random, body[at:to]) + rest
    return body


def _changed(random: Random, part: bytes) -> bytes:
    """Return a few bytes taken out, doubled, replaced, with something put in before them, or with a bit flipped."""
    put_in = random.choice([random.choice(TOKENS), random.randbytes(1)])
    flipped = bytes(byte ^ (1 << random.randrange(8)) for byte in part[:1]) + part[1:]
    return random.choice([b"", part * 2, put_in, put_in + part, flipped])
