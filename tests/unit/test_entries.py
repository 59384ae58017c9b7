"""The format of the journal's entries, and what does not fit together."""

from __future__ import annotations

from typing import Any

import pytest
from strings import bulk, entry_of, ids_of, new_id, submissions_of

from core.entries import VERSION, Fields, Strings, encode_text
from core.ids import packed
from core.submission import Submission

ONE, TWO, THREE = (bytes([0] * 15 + [n]) for n in (1, 2, 3))
GOOD = Fields(VERSION, ONE + TWO, b"5 7", b'["a","b"]')


def test_single_strings_keep_their_ids_texts_and_times() -> None:
    sent = [Submission(new_id(), f'"{n}"', 1_732_400_000_000_000 - n) for n in range(3)]
    strings = entry_of(*sent)
    assert strings.submissions == sent
    assert (len(strings), strings.texts, strings.ids) == (3, ['"0"', '"1"', '"2"'], [each.id for each in sent])
    assert strings.packed_ids == [packed(each.id) for each in sent]
    assert strings.size == len(r'["\"0\"","\"1\"","\"2\""]')


@pytest.mark.parametrize("start", [0, 254, 9_000])
def test_the_strings_of_a_bulk_count_up_from_the_first_id(start: int) -> None:
    whole = bulk(*map(str, range(start + 500)))
    part = whole.part(start, start + 500)
    fields = Fields(VERSION, packed(part.first_id), str(part.received_at).encode(), encode_text(part.texts))
    strings = Strings(fields)
    assert strings.ids == ids_of(whole)[start:]
    assert strings.packed_ids == list(map(packed, strings.ids))
    assert strings.submissions == submissions_of(part) == submissions_of(whole)[start:]
    assert len(strings.written_ids) == 16


@pytest.mark.parametrize("at", [b"5", b"5 0", b"5 -3", b"5 7"])
def test_times_are_one_for_all_or_one_for_each(at: bytes) -> None:
    times = [5, *(5 + int(after) for after in at.split()[1:] or [b"0"])]
    assert list(Strings(GOOD._replace(at=at)).received_at) == times


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": VERSION - 1},
        {"version": VERSION + 1},
        {"version": 0},
        {"ids": b""},
        {"ids": ONE[:-1]},
        {"ids": ONE + TWO[:-1]},
        {"ids": ONE + TWO + THREE},
        {"at": b""},
        {"at": b"5 7 9"},
        {"at": b"soon"},
        {"at": b"5 soon"},
        {"texts": b""},
        {"texts": b"[]"},
        {"texts": b'["a","b","c"]'},
        {"texts": b'["a",1]'},
        {"texts": b'["a",null]'},
        {"texts": b'{"a":"b"}'},
        {"texts": b'["a","b"'},
        {"texts": b'["a","\xff"]'},
        {"texts": b'["a","\\ud800"]'},
    ],
)
def test_fields_that_do_not_fit_together_are_refused(wrong: dict[str, Any]) -> None:
    assert Strings(GOOD).texts == ["a", "b"]
    with pytest.raises(ValueError):  # noqa: PT011 - of any words: they are logged as they are
        Strings(GOOD._replace(**wrong))


def test_an_entry_without_the_fields_is_refused() -> None:
    with pytest.raises(ValueError, match="another version"):
        Strings(Fields.of({b"v": b"1", b"n": b"1", b"items": b"[]"}))
