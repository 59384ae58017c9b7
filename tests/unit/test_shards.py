"""The shards of a journal: evenly over the primaries, evenly filled, and each request in one."""

from __future__ import annotations

from collections import Counter

import pytest

from api.ids import bulk_first_id, submission_id
from core.ids import counted
from core.keys import keys_at
from core.settings import CoreSettings
from core.shards import MOST_SHARDS, SLOTS, shard_of, slot_of, tag_of

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
