"""What status records are to say, and what a repeat appends: on Redis in memory, and on each real version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from dead_letters import balance
from redis import Redis
from strings import RECEIVED_AT, bulk, ids_of, new_id, queued, records_in, single

from core.append import Record, Unit
from core.consumer import Consumer, Entry
from core.dead_letters import DeadLetters
from core.ids import nth
from core.journal import Journal

COUNT, PART = 700, 300
WHOLE = tuple(map(str, range(COUNT)))
EDGES = [0, 1, 150, 299, 300, 301, 599, 600, 699]
"""Indexes of strings: the first, a middle and the last one of the parts."""


def parts_of(unit: Unit, size: int = PART) -> list[Unit]:
    """Return a bulk in parts of this many strings."""
    return [unit.part(start, start + size) for start in range(0, len(unit.texts), size)]


def entries_of(journal: Journal, ids: Sequence[str]) -> list[str | None]:
    """Return which entry each string is in, None for one without a record."""
    return [record and record.entry for record in journal.records(ids)]


def texts_in(redis: Redis) -> list[str]:
    """Return the texts in the journal, in its order."""
    return [each.text for each in queued(redis)]


def append_parts(redis: Redis) -> tuple[Unit, list[Entry]]:
    """Append a bulk in parts, and claim them."""
    whole = bulk(*WHOLE, key="key")
    Journal(redis).append(parts_of(whole))
    return whole, Consumer(redis).claim().entries


def dead_letter(redis: Redis, entry: Entry, index: int) -> list[Entry]:
    """Have one string of an entry refused, and return the others, each in an entry of its own."""
    consumer = Consumer(redis)
    consumer.split(entry)
    parts = consumer.claim().entries
    consumer.dead_letter(parts.pop(index), "because")
    return parts


def store_the_rest(redis: Redis) -> None:
    """Complete all that waits."""
    consumer = Consumer(redis)
    while entries := consumer.claim().entries:
        consumer.complete(entries, 0)


class LookUps:
    """Each string of a bulk is found by its id, wherever it is, and no other."""

    def test_each_string_of_a_bulk_in_parts_is_found(self, redis: Redis) -> None:
        whole, entries = append_parts(redis)
        ids, journal = ids_of(whole), Journal(redis)
        expected = [entries[index // PART].id for index in range(COUNT)]
        assert entries_of(journal, ids) == expected
        assert all(record and record.received_at == RECEIVED_AT for record in journal.records(ids))
        for index in EDGES:
            [record] = journal.records([ids[index]])
            assert record
            found = journal.queued_string(ids[index], record)
            assert found
            assert found.submission
            assert (found.submission.id, found.submission.text) == (ids[index], str(index))

    def test_what_is_not_in_the_bulk_is_not_found(self, redis: Redis) -> None:
        whole = bulk(*WHOLE)
        Journal(redis).append([whole.part(100, 300), whole.part(400, 600)])
        found = entries_of(Journal(redis), [nth(whole.first_id, index) for index in range(COUNT)])
        assert [index for index, entry in enumerate(found) if entry] == [*range(100, 300), *range(400, 600)]
        beyond = [nth(whole.first_id, index) for index in (COUNT, 9_999, 2**16 - 1)]
        alone = whole.first_id[:19] + "8" + whole.first_id[20:]
        assert entries_of(Journal(redis), [*beyond, alone, bulk("0").first_id, new_id()]) == [None] * 6

    @pytest.mark.parametrize("index", [0, 150, 299])
    def test_a_split_part_and_a_dead_letter_in_it_are_found(self, redis: Redis, index: int) -> None:
        """Until it is retried, and stored or discarded at last; then it is not, and the others are as they were."""
        whole, (first, second, third) = append_parts(redis)
        journal, letters, ids = Journal(redis), DeadLetters(redis), ids_of(whole)
        rest = [second.id] * 300 + [third.id] * 100
        others = [entry.id for entry in dead_letter(redis, first, index)]
        assert entries_of(journal, ids) == [*others[:index], "failed", *others[index:], *rest]
        assert letters.retry(ids[index])
        [again] = Consumer(redis).claim().entries
        assert again.strings.ids == [ids[index]]
        assert entries_of(journal, ids) == [*others[:index], again.id, *others[index:], *rest]
        Consumer(redis).dead_letter(again, "again")
        assert letters.discard(ids[index])
        assert entries_of(journal, ids) == [*others[:index], None, *others[index:], *rest]
        assert records_in(redis) == COUNT - 1
        assert balance(redis)["discarded"] == 1

    @pytest.mark.parametrize("part", [0, 1, 2])
    def test_a_part_that_is_completed_is_not_found_any_more(self, redis: Redis, part: int) -> None:
        whole, entries = append_parts(redis)
        Consumer(redis).complete([entries[part]], 0)
        expected = [None if index // PART == part else entries[index // PART].id for index in range(COUNT)]
        assert entries_of(Journal(redis), ids_of(whole)) == expected
        assert records_in(redis) == balance(redis)["waiting"] == expected.count(None) * -1 + COUNT

    def test_nothing_is_left_of_what_is_stored(self, redis: Redis) -> None:
        Journal(redis).append([*(single(str(number)) for number in range(50)), *parts_of(bulk(*WHOLE))])
        entries = Consumer(redis).claim().entries
        Consumer(redis).split(entries[0])
        Consumer(redis).complete(entries, 0)
        store_the_rest(redis)
        assert records_in(redis) == 0
        assert redis.keys("dummies:bulk:*") == redis.keys("dummies:strings:*") == []
        assert balance(redis)["stored"] == COUNT + 50


class RepeatedBulks:
    """A repeated bulk is appended only as far as nothing is known of its strings."""

    @pytest.mark.parametrize("size", [300, 250, 500, 700])
    def test_nothing_of_what_is_queued(self, redis: Redis, size: int) -> None:
        """However the repeat is cut."""
        whole, entries = append_parts(redis)
        appended = Journal(redis).append(parts_of(whole, size))
        assert texts_in(redis) == list(WHOLE)
        assert (appended.refused, appended.appended) == (set(), COUNT)
        assert appended.earlier == {
            part.first_id: Record(entries[number * size // PART].id, RECEIVED_AT)
            for number, part in enumerate(parts_of(whole, size))
        }
        store_the_rest(redis)
        Consumer(redis).complete(entries, 0)
        assert balance(redis)["stored"] == COUNT

    def test_a_part_that_was_stored_again_and_no_other(self, redis: Redis) -> None:
        whole, (first, second, third) = append_parts(redis)
        Consumer(redis).complete([second], 300)
        earlier = Journal(redis).append(parts_of(whole)).earlier
        assert list(earlier) == [first.strings.ids[0], third.strings.ids[0]]
        assert texts_in(redis) == [*WHOLE[:300], *WHOLE[600:], *WHOLE[300:600]]
        Consumer(redis).complete([first, third], 400)
        store_the_rest(redis)
        assert balance(redis) | {"stored": 1_000, "waiting": 0} == balance(redis)

    @pytest.mark.parametrize("index", [0, 150, 299])
    def test_all_but_a_dead_letter_of_what_was_stored(self, redis: Redis, index: int) -> None:
        whole, (first, second, third) = append_parts(redis)
        Consumer(redis).complete([*dead_letter(redis, second, index), first, third], 699)
        appended = Journal(redis).append(parts_of(whole))
        assert sorted(texts_in(redis), key=int) == [*WHOLE[: 300 + index], *WHOLE[301 + index :]]
        assert {record.entry for record in appended.earlier.values()} == {"failed"}
        assert entries_of(Journal(redis), ids_of(whole)).count("failed") == 1
        store_the_rest(redis)
        assert balance(redis) | {"stored": 2 * 699, "waiting": 0, "failed": 1} == balance(redis)

    @pytest.mark.parametrize(
        ("earlier", "gaps"),
        [
            ([(50, 350), (400, 700)], [(0, 50), (350, 400)]),
            ([(0, 300), (300, 600)], []),
            ([(100, 400)], [(0, 100), (400, 500)]),
            ([(499, 500)], [(0, 499)]),
            ([(0, 499)], [(499, 500)]),
            ([(500, 700)], [(0, 500)]),
            ([(0, 1), (2, 3), (4, 5)], [(1, 2), (3, 4), (5, 500)]),
        ],
    )
    def test_exactly_the_gaps_between_parts_that_were_cut_differently(
        self, redis: Redis, earlier: list[tuple[int, int]], gaps: list[tuple[int, int]]
    ) -> None:
        whole, journal = bulk(*WHOLE, key="key"), Journal(redis)
        journal.append([whole.part(*each) for each in earlier])
        before = sum(end - start for start, end in earlier)
        appended = journal.append([whole.part(0, 500)])
        assert texts_in(redis)[before:] == [text for start, end in gaps for text in WHOLE[start:end]]
        assert appended.appended == len(texts_in(redis)) == before + sum(end - start for start, end in gaps)
        assert set(entries_of(journal, ids_of(whole)[:500])).isdisjoint({None})
        store_the_rest(redis)
        assert (balance(redis)["waiting"], records_in(redis)) == (0, 0)

    def test_parts_of_one_call_that_overlap_are_appended_once(self, redis: Redis) -> None:
        whole = bulk(*WHOLE)
        Journal(redis).append([whole.part(0, 400), whole.part(300, 700)])
        assert texts_in(redis) == list(WHOLE)
        assert balance(redis)["appended"] == COUNT


class Calls:
    """What a call appends of units that come together, and what it says of each."""

    def test_the_same_string_twice_is_appended_once(self, redis: Redis) -> None:
        one, other = single("one", key="key"), single("other")
        appended = Journal(redis).append([one, other, replace(one, received_at=7)])
        assert (appended.refused, appended.earlier, appended.appended) == (set(), {}, 2)
        assert sorted(texts_in(redis)) == ["one", "other"]
        assert balance(redis)["waiting"] == 2

    def test_known_strings_keep_no_new_ones_back(self, redis: Redis) -> None:
        known, part, journal = single("known", 5), bulk("a", "b", received_at=6), Journal(redis)
        journal.append([known, part])
        first, second = entries_of(journal, [known.first_id, part.first_id])
        new = [single("new"), single("newer"), bulk("c", "d")]
        appended = journal.append([new[0], known, part, *new[1:]])
        assert appended.refused == set()
        assert appended.earlier == {known.first_id: Record(first, 5), part.first_id: Record(second, 6)}
        assert sorted(texts_in(redis)) == ["a", "b", "c", "d", "known", "new", "newer"]
        assert appended.appended == balance(redis)["waiting"] == 7

    def test_a_dead_letter_is_not_appended_again(self, redis: Redis) -> None:
        sent, journal, consumer = single("bad"), Journal(redis), Consumer(redis)
        journal.append([sent])
        consumer.dead_letter(consumer.claim().entries[0], "because")
        appended = journal.append([sent, single("new")])
        assert appended.earlier == {sent.first_id: Record("failed", RECEIVED_AT)}
        assert texts_in(redis) == ["new"]
        assert balance(redis)["failed"] == 1

    @pytest.mark.parametrize("known", [False, True])
    def test_a_refused_string_refuses_no_other(self, redis: Redis, *, known: bool) -> None:
        """Whether the request that has its key came before, or comes together with it."""
        journal = Journal(redis)
        first = single("first", key="key")
        if known:
            journal.append([first])
        units = [single("a"), first, bulk("b", "c"), single("refused", key="key", digest="another"), single("d")]
        appended = journal.append(units)
        assert appended.refused == {3}
        assert list(appended.earlier) == ([first.first_id] if known else [])
        assert sorted(texts_in(redis)) == ["a", "b", "c", "d", "first"]
        assert entries_of(journal, [units[3].first_id]) == [None]
        assert appended.appended == balance(redis)["waiting"] == 5

    def test_a_refused_bulk_refuses_no_other(self, redis: Redis) -> None:
        journal = Journal(redis)
        journal.append([single("first", key="key")])
        whole = bulk("refused", "too", key="key", digest="another")
        units = [whole.part(0, 1), single("a"), whole.part(1, 2), single("b"), bulk("c", "d")]
        appended = journal.append(units)
        assert (appended.refused, appended.earlier) == ({0, 2}, {})
        assert sorted(texts_in(redis)) == ["a", "b", "c", "d", "first"]
        assert entries_of(journal, ids_of(whole)) == [None, None]
        assert appended.appended == balance(redis)["waiting"] == 5

    def test_only_what_is_appended_calls_for_a_wake_up(self, redis: Redis) -> None:
        sent, journal = [single("a"), bulk("b", "c")], Journal(redis)
        assert journal.append(sent).wake
        Consumer(redis).finish()
        assert not journal.append(sent).wake
        assert journal.append([*sent, single("new")]).wake
