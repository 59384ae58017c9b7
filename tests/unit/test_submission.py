"""What a string may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strings import new_entry

from core.errors import InvalidText
from core.submission import check_text

LIMIT = 12
ANY_TEXT = st.text(st.characters(categories=None), max_size=LIMIT + 2)  # surrogates and NUL too


def may_be_stored(text: str) -> bool:
    """Tell it the slow way."""
    if not text or "\0" in text or any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        return False
    return len(text.encode()) <= LIMIT


@given(ANY_TEXT)
def test_exactly_what_postgresql_can_store_is_accepted_and_survives_the_journal(text: str) -> None:
    if may_be_stored(text):
        check_text(text, LIMIT)
        assert new_entry(text).texts == [text]
    else:
        with pytest.raises(InvalidText):
            check_text(text, LIMIT)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "at least one character"),
        ("ab\0c", "NUL at character 2"),
        ("a\ud800", "surrogate at character 1"),
        ("한" * 5, "15 bytes in UTF-8: send at most 12"),
    ],
)
def test_a_refusal_says_what_to_do(text: str, says: str) -> None:
    with pytest.raises(InvalidText, match=says):
        check_text(text, LIMIT)


def test_the_limit_counts_bytes() -> None:
    check_text("한" * 4, LIMIT)
    check_text("a" * LIMIT, LIMIT)
