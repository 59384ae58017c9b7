"""The shards of a journal: evenly over the primaries, evenly filled, and each request in one."""

from __future__ import annotations

from collections import Counter

import pytest

from api.ids import bulk_first_id, submission_id
from core.counts import Counts, added_up
from core.ids import counted
from core.keys import keys_at
from core.settings import CoreSettings
from core.shards import MOST_SHARDS, SLOTS, shard_of, slot_of, tag_of
from worker.drain import Busy

CLUSTER = "redis+cluster://127.0.0.1:1/"
BROKER = "redis://127.0.0.1:1/0"


@pytest.mark.parametrize("primaries", [3, 6])
@pytest.mark.parametrize("shards", [3, 6, 12, 24, MOST_SHARDS])
def test_primaries_with_equal_shares_of_the_slots_have_as_many_shards(primaries: int, shards: int) -> None:
    of_each = Counter(slot_of(tag_of(shard)) * primaries // SLOTS for shard in range(shards))
    assert max(of_each.values()) == -(-shards // primaries)
    assert len(of_each) == min(primaries, shards)


def test_all_keys_of_a_shard_are_in_one_slot() -> None:
    for shard in range(MOST_SHARDS):
        keys = keys_at(CLUSTER, shard)
        names = [name for name in vars(keys).values() if isinstance(name, str)]
        assert all(name.startswith(f"{{{tag_of(shard)}}}:") for name in names)
    assert len({slot_of(tag_of(shard)) for shard in range(MOST_SHARDS)}) == MOST_SHARDS


def test_tags_never_change() -> None:
    """Else strings that wait would be in no shard after an upgrade."""
    assert [tag_of(shard) for shard in range(3)] == ["dummies:0.142", "dummies:1.38", "dummies:2.18"]


@pytest.mark.parametrize("key", [None, "key"])
def test_a_request_is_in_one_shard(key: str | None) -> None:
    for n in range(50):
        own = key and f"{key} {n}"
        first = bulk_first_id([f"{n}", "other"], own, None)
        assert len({shard_of(id_, 7) for id_ in counted(first, 10_000)}) == 1
        if own:  # what remembers the key is there, too
            assert shard_of(submission_id("a", own, None), 7) == shard_of(first, 7)


def test_shards_are_filled_evenly() -> None:
    of_each = Counter(shard_of(submission_id("text", f"key {n}", None), 3) for n in range(3000))
    assert all(800 < count < 1200 for count in of_each.values())


@pytest.mark.parametrize(("url", "shards"), [(BROKER, 2), (CLUSTER, 0), (CLUSTER, MOST_SHARDS + 1)])
def test_a_number_that_cannot_be_is_refused(url: str, shards: int) -> None:
    with pytest.raises(ValueError, match="journal_shards"):
        CoreSettings(redis_url=url, celery_broker_url=BROKER, journal_shards=shards)


def counts(**changes: int | None) -> Counts:
    """Return the counts of a shard that has stored one string, and has a worker."""
    plain = dict.fromkeys(Counts._fields, 0) | dict.fromkeys(("oldest_s", "unavailable_since", "set_back", "paused"))
    return Counts(**(plain | {"aside_reason": None, "appended": 1, "stored": 1, "workers": 1} | changes))


def test_a_shard_that_no_worker_drains_is_noticed() -> None:
    assert added_up([counts(), counts(workers=0)]).workers == 0


def test_a_shard_whose_balance_is_not_kept_yet_hides_no_others() -> None:
    assert added_up([counts(appended=6), counts(appended=9, balance_base=None)]).unaccounted == 5


def test_the_books_of_shards_are_added_up() -> None:
    both = added_up([counts(waiting=2, entries=1, appended=3, oldest_s=1.5), counts(unavailable_since=7.0)])
    assert (both.waiting, both.appended, both.stored, both.unaccounted) == (2, 4, 2, 0)
    assert (both.oldest_s, both.unavailable_since) == (1.5, 7.0)


def test_drains_of_shards_end_when_none_has_something_to_do() -> None:
    busy = Busy()
    assert not busy
    with busy.storing():
        assert busy
    assert not busy
    busy.linger()
    assert busy
