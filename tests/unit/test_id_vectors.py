"""The layout of ids and what they derive from never change: a retry across versions must meet the same rows."""

from __future__ import annotations

from collections import Counter

import pytest

from api.ids import bulk_first_id, submission_id
from core.ids import nth

FIRST_OF_MANY = "62b89988-0202-87af-94e8-9cdfd68e0000"
MANY = [f"text {number}" for number in range(10_000)]


def place_of(id_: str) -> str:
    return id_[15:18]


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("text", "c4b6433d-fd65-87af-8f09-cc0e7adbe892"),
        ("값 👋", "72bef68e-c9b0-87af-85e5-0ba52a0f3df3"),
        ("two\nlines\r\n and a tab\t", "33f5320b-92fc-87af-8f07-1c1d549a5a37"),
    ],
)
def test_the_id_of_a_string_alone_derives_from_the_key_and_the_text(text: str, id_: str) -> None:
    """The page's tests have these vectors: web/src/features/strings/kept.test.ts."""
    assert submission_id(text, "key", "a request") == id_


def test_the_ids_of_a_bulk_derive_from_the_key_and_all_texts() -> None:
    """Likewise."""
    assert bulk_first_id(["값 👋", "a\nb", "c"], "key", "a request") == "406f9646-846c-87af-9f5f-496ec8520000"
    first = bulk_first_id(MANY, "key", None)
    assert (first, nth(first, 9_999)) == (FIRST_OF_MANY, "62b89988-0202-87af-94e8-9cdfd68e270f")


def test_a_request_id_takes_the_place_of_a_key_in_a_namespace_of_its_own() -> None:
    assert submission_id("text", None, "key") == "644644a5-be27-8788-8e88-14fe6abaf55c"
    assert submission_id("text", "key", None) != submission_id("text", None, "key")


@pytest.mark.parametrize("source", [None, "request {}"])
def test_places_are_spread(source: str | None) -> None:
    """Also without a key: each of 4096 places gets its share of 100,000 strings, 24 on average."""
    places: Counter[str] = Counter()
    for number in range(100_000):
        places[place_of(submission_id("text", None, source and source.format(number)))] += 1
    assert len(places) == 4096
    assert max(places.values()) < 60
