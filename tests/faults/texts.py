"""The texts that the clients send: each carries a nonce, and everything else in it follows from the nonce."""

from __future__ import annotations

import hashlib
import re

POISON = "poison"
"""A word that the table's constraint refuses while a run lasts: PostgreSQL's own refusal, as for any bad value."""
KILLER = "killer"
"""A word that kills any worker's process that handles it."""
_NONCE = re.compile(r"^([0-9a-f]{8}-\d+(?:-\w+)?) ")
_FILLINGS = (
    "plain words",
    "안녕하세요, 문자열!",
    "👩‍👩‍👧‍👦 ünïcödé",
    'it\'s \\ "quoted"\n\tand broken',
    "%s {} $1 \x7f",
)


def text_of(nonce: str) -> str:
    """Return the text that belongs to a nonce; most are short, one in fifty takes some kilobytes."""
    number = int.from_bytes(hashlib.sha256(nonce.encode()).digest()[:4], "big")
    filling = _FILLINGS[number % len(_FILLINGS)]
    return f"{nonce} {filling * (200 if number % 50 == 0 else 1)}"


def nonce_of(text: str) -> str | None:
    """Return the nonce in a text, or None where it has none."""
    found = _NONCE.match(text)
    return found[1] if found else None


def is_poison(nonce: str) -> bool:
    """Return whether the text of this nonce ends as a dead letter."""
    return nonce.endswith((POISON, KILLER))
