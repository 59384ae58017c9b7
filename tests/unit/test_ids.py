"""Ids: which strings get the same one, and what one says of its string."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.ids import bulk_first_id, key_hash, submission_id
from core.ids import counted, index_of, nth, packed, unpacked

REQUEST = "a" * 32
TEXTS = ["text", "값 \U0001f44b"]
PLACE = slice(15, 18)
FOREIGN = [
    "0190163d-8694-739b-9ea5-966c26f8ad91",
    "c4b6433d-fd65-56bb-9f09-cc0e7adbe892",
    "0190163d-8694-8abc-aea5-966c26f8ad91",
    "00000000-0000-0000-0000-000000000001",
]


def test_an_id_repeats_itself_for_the_same_key_and_text() -> None:
    base = submission_id("text", "key", None)
    assert submission_id("text", "key", "whatever request") == base
    others = [
        submission_id("other", "key", None),
        submission_id("text", "other", None),
        submission_id("text", None, "key"),
        submission_id("ext", "keyt", None),
        bulk_first_id(["text"], "key", None),
    ]
    assert len({base, *others}) == 6


def test_the_ids_of_a_bulk_depend_on_every_text_and_their_order() -> None:
    bulks = [["a", "b"], ["b", "a"], ["a"], ["a", "b", "c"], ["ab"], ["a", "bc"], ["ab", "c"]]
    sources = [("k", None), ("l", None), (None, "k")]
    assert len({bulk_first_id(texts, *source) for texts in bulks for source in sources}) == 21
    assert bulk_first_id(["a", "b"], "k", None) == bulk_first_id(["a", "b"], "k", REQUEST)


def test_without_key_and_request_id_every_id_is_new() -> None:
    assert len({submission_id("a", None, None)[:-1] for _ in range(1_000)}) == 1_000
    assert len({bulk_first_id(["a"], None, None) for _ in range(1_000)}) == 1_000


def test_an_id_is_what_the_page_computes() -> None:
    """The page asks for it after a refusal for size, which may answer a copy of a request that was accepted."""
    assert submission_id("text", "key", None) == "c4b6433d-fd65-87af-8f09-cc0e7adbe892"
    assert submission_id(TEXTS[1], "값", None) == "2f43b1d7-d12b-8dbd-8c43-08e92d409817"
    assert submission_id("text", None, REQUEST) == "a574139b-5b2e-8403-8aae-737d7de326ff"
    assert counted(bulk_first_id(TEXTS, "key", None), 2) == [
        "fd0c68e6-db85-87af-95ca-566220fd0000",
        "fd0c68e6-db85-87af-95ca-566220fd0001",
    ]
    assert bulk_first_id(TEXTS, None, REQUEST) == "47e07aee-75e9-8403-95c4-d5c3487b0000"


@pytest.mark.parametrize("source", [("key", None), (None, REQUEST), (None, None)])
def test_an_id_is_a_uuid_of_version_8_that_says_whether_its_string_was_alone(
    source: tuple[str | None, str | None],
) -> None:
    alone, first = submission_id("a", *source), bulk_first_id(TEXTS, *source)
    for id_, kind in ((alone, "8"), (first, "9")):
        assert (UUID(id_).version, str(UUID(id_)), id_[19]) == (8, id_, kind)
    assert (index_of(packed(alone)), index_of(packed(first)), index_of(packed(nth(first, 9_999)))) == (None, 0, 9_999)


@pytest.mark.parametrize("source", [("key", None), (None, REQUEST)])
def test_the_strings_of_a_request_have_its_place(source: tuple[str | None, str | None]) -> None:
    """Whatever they are: so that all that a key is used for is in one place."""
    ids = [submission_id("a", *source), submission_id("b", *source), bulk_first_id(TEXTS, *source)]
    assert len({id_[PLACE] for id_ in ids}) == 1


def test_the_places_of_new_ids_are_spread() -> None:
    assert len({submission_id("a", None, None)[PLACE] for _ in range(1_000)}) > 500


@pytest.mark.parametrize("id_", FOREIGN)
def test_an_id_of_another_layout_has_no_index(id_: str) -> None:
    assert index_of(packed(id_)) is None


@given(st.uuids(), st.integers(0, 9_999), st.integers(1, 600))
def test_ids_are_counted_as_numbers_are(any_id: UUID, start: int, count: int) -> None:
    """As workers count them, in 16 bytes, and as the API does, in digits."""
    first = nth(f"{str(any_id)[:-4]}0000", start)
    ids = counted(first, count)
    assert [int.from_bytes(packed(id_), "big") for id_ in ids] == [UUID(first).int + n for n in range(count)]
    assert ids[-1] == nth(first, count - 1)
    assert [unpacked(packed(id_)) for id_ in ids] == ids


def test_a_key_has_a_name_of_its_own() -> None:
    assert key_hash("a") != key_hash("b")
    assert len(key_hash("k" * 255)) == 10
