"""The worker's side of the journal."""

from __future__ import annotations

import time

import pytest
from fakeredis import FakeRedis
from strings import REMEMBERED_KEYS, bulk, ids_of, single

from core import consumer as claims_module
from core import watch as watch_module
from core.consumer import Consumer, Turn
from core.journal import Journal
from core.keys import GROUP, KEYS
from core.retries import RetryState
from core.submission import DeadLetter
from core.timeouts import ABANDONED_AFTER
from core.watch import Watch


def append(journal: Journal, *texts: str) -> list[str]:
    """Append an entry; return its ids."""
    unit = bulk(*texts, received_at=5)
    journal.append([unit])
    return ids_of(unit)


def texts(consumer: Consumer) -> list[list[str]]:
    """Claim a batch; return its texts, entry by entry."""
    return [entry.strings.texts for entry in consumer.claim().entries]


def test_a_batch_takes_entries_until_it_has_enough_strings(journal: Journal, consumer: Consumer) -> None:
    for number in range(3):
        append(journal, f"{number}a", f"{number}b", f"{number}c")
    batch = consumer.claim(strings=4)
    assert [len(entry.strings) for entry in batch.entries] == [3, 3]
    assert batch.full
    batch = consumer.claim(strings=4)
    assert len(batch.entries) == 1
    assert not batch.full


def test_a_batch_takes_entries_until_it_has_enough_bytes(journal: Journal, consumer: Consumer) -> None:
    for _ in range(3):
        append(journal, "a" * 100)
    batch = consumer.claim(size=100)
    assert len(batch.entries) == 1
    assert batch.full


def test_what_is_held_is_not_claimed_and_what_was_released_comes_first(journal: Journal, consumer: Consumer) -> None:
    append(journal, "old")
    entries = consumer.claim().entries
    append(journal, "new")
    consumer.release(entries)
    time.sleep(0.002)  # fakeredis calls an entry stale a millisecond later than Redis does
    assert texts(consumer) == [["old"], ["new"]]
    assert texts(consumer) == []


def test_completing_counts_each_string_once(journal: Journal, consumer: Consumer) -> None:
    append(journal, "a", "b")
    entries = consumer.claim().entries
    assert consumer.complete(entries, 2) == 2
    assert consumer.complete(entries, 0) == 0
    assert (journal.counts().waiting, journal.counts().stored) == (0, 2)


def test_nothing_is_asked_of_redis_for_no_entries(consumer: Consumer, redis: FakeRedis) -> None:
    consumer.release([])
    consumer.set_aside([])
    assert redis.keys() == []


def test_a_drain_holds_the_flag_that_spares_wakeups_until_it_ends(redis: FakeRedis, consumer: Consumer) -> None:
    redis.set(KEYS.help, "1")
    assert consumer.start() is Turn.GO
    assert redis.exists(KEYS.wakeup)
    assert not redis.exists(KEYS.help)
    assert 0 < redis.pttl(KEYS.wakeup) <= 10_000
    consumer.finish()
    assert not redis.exists(KEYS.wakeup)


def test_help_is_asked_for_once(redis: FakeRedis, consumer: Consumer) -> None:
    assert consumer.ask_for_help()
    assert not consumer.ask_for_help()
    assert redis.pttl(KEYS.help) > 0


def test_while_postgresql_is_unavailable_one_at_a_time_may_try(redis: FakeRedis, consumer: Consumer) -> None:
    consumer.mark_database_unavailable()
    assert consumer.start() is Turn.REST
    redis.delete(KEYS.database_probe)  # the backoff has passed
    assert consumer.start() is Turn.PROBE
    assert consumer.start() is Turn.REST
    consumer.mark_database_available()
    assert consumer.start() is Turn.GO


def test_the_backoff_grows_to_its_cap_with_jitter_and_the_note_keeps_its_time(
    redis: FakeRedis, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims_module.random, "random", lambda: 1.0)
    waits = []
    for _ in range(6):
        consumer.mark_database_unavailable()
        waits.append(redis.pttl(KEYS.database_probe))
    assert [round(wait / 1000, 1) for wait in waits] == pytest.approx([0.2, 0.5, 1.0, 2.0, 3.0, 3.0], abs=0.1)
    since, attempts = redis.get(KEYS.database_away).split()
    assert attempts == b"6"
    assert Journal(redis).counts().unavailable_since == pytest.approx(int(since) / 1000)
    monkeypatch.setattr(claims_module.random, "random", lambda: 0.0)
    consumer.mark_database_unavailable()
    assert redis.pttl(KEYS.database_probe) <= 1500


def test_a_worker_is_counted_until_it_has_been_silent(redis: FakeRedis, consumer: Consumer, journal: Journal) -> None:
    watch = Watch(redis)
    append(journal, "a")
    assert watch.heartbeat("one") == (1, False, None)
    consumer.mark_database_unavailable()
    assert watch.heartbeat("two") == (1, True, None)
    assert journal.counts().workers == 2
    redis.zincrby(KEYS.workers, -6000, "one")
    assert journal.counts().workers == 1
    watch.heartbeat("two")
    assert redis.zrange(KEYS.workers, 0, -1) == [b"two"]


def test_a_dead_letter_keeps_everything(journal: Journal, consumer: Consumer) -> None:
    good, bad = append(journal, "good", "bad")
    consumer.split(consumer.claim().entries[0])
    first, second = consumer.claim().entries
    consumer.complete([first], 1)
    consumer.dead_letter(second, "because")
    assert [*journal.dead_letters([bad])] == [DeadLetter(bad, "bad", 5, reason="because", attempts=1)]
    assert [record and record.failed for record in journal.records([good, bad])] == [None, True]


def test_the_parts_of_an_entry_keep_its_trace_contexts_also_where_they_are_set_aside(
    redis: FakeRedis, journal: Journal, consumer: Consumer
) -> None:
    journal.append([bulk("a", "b", trace="00-a")])
    [whole] = consumer.claim().entries
    consumer.split(whole)
    parts = consumer.claim().entries
    assert [part.traces for part in (whole, *parts)] == [["00-a"]] * 3
    consumer.set_aside([(part, None) for part in parts])
    redis.zadd(KEYS.set_aside, {part.id: 0 for part in parts})  # they are due
    assert [part.traces for part in consumer.claim_aside(10, 1_000)] == [["00-a"]] * 2


def test_what_another_worker_completed_is_neither_dead_lettered_nor_split_nor_set_aside(
    journal: Journal, consumer: Consumer
) -> None:
    append(journal, "bad")
    [entry] = consumer.claim().entries
    consumer.complete([entry], 1)
    consumer.dead_letter(entry, "because")
    consumer.split(entry)
    consumer.set_aside([(entry, RetryState("kind", "because"))])
    counts = journal.counts()
    assert (counts.waiting, counts.failed, counts.set_aside, counts.unaccounted) == (0, 0, 0, 0)
    assert texts(consumer) == []


def test_a_failure_is_tried_again_after_a_pause_that_grows(
    journal: Journal, consumer: Consumer, redis: FakeRedis
) -> None:
    append(journal, "odd")
    [entry] = consumer.claim().entries
    pauses = []
    for tries in (1, 2, 4, 20):
        consumer.set_aside([(entry, RetryState("kind", "because", tries))])
        pauses.append(redis.zscore(KEYS.set_aside, entry.id) / 1000 - time.time())
    for pause, longest in zip(pauses, (1, 2, 8, 30), strict=True):
        assert longest / 2 - 0.5 < pause <= longest
    assert consumer.claim_aside(10, 10_000) == []
    assert texts(consumer) == []


def test_what_is_due_far_in_the_future_is_left_over_from_before_the_clock_was_put_back(
    journal: Journal, consumer: Consumer, redis: FakeRedis
) -> None:
    """Whoever claims it, and whatever else was to expire: the flag that keeps others from trying, the wake-up's."""
    append(journal, "odd")
    consumer.set_aside([(consumer.claim().entries[0], RetryState("kind", "because"))])
    [(entry, due)] = redis.zrange(KEYS.set_aside, 0, -1, withscores=True)
    redis.zadd(KEYS.set_aside, {entry: due + 9 * 3600_000})
    redis.set(KEYS.aside_turn, "1", px=9 * 3600_000)
    [again] = consumer.claim_aside(10, 10_000)
    assert (again.retry_state and again.retry_state.reason, again.aside) == ("because", True)


@pytest.mark.parametrize("ahead", [7_000, 60_000, 9 * 3600_000])
def test_a_backoff_longer_than_any_has_expired(redis: FakeRedis, consumer: Consumer, ahead: int) -> None:
    consumer.mark_database_unavailable()
    redis.set(KEYS.database_probe, "1", px=ahead)
    assert consumer.start() is Turn.PROBE
    assert 0 < redis.pttl(KEYS.database_probe) <= 6_000


def test_a_backoff_that_does_not_end_is_bounded_by_the_workers_own_clock(
    redis: FakeRedis, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer.mark_database_unavailable()
    redis.set(KEYS.database_probe, "1", px=5_000)
    assert consumer.start() is Turn.REST
    monkeypatch.setattr(claims_module, "PROBE_AT_LEAST", 0.0)
    assert consumer.start() is Turn.PROBE


def test_wake_ups_go_on_after_the_clock_was_put_back(redis: FakeRedis, journal: Journal) -> None:
    redis.set(KEYS.wakeup, "1", px=9 * 3600_000)
    assert journal.append([single()]).wake
    assert 0 < redis.pttl(KEYS.wakeup) <= 10_000


def test_a_key_is_not_remembered_for_longer_because_the_clock_was_put_back(redis: FakeRedis, journal: Journal) -> None:
    journal.append([single(key="key", digest="first")])
    assert journal.append([single(key="key", digest="second")]).refused == {0}
    for remembered in redis.scan_iter(REMEMBERED_KEYS):
        redis.pexpire(remembered, 9 * 3600_000)
    assert journal.append([single(key="key", digest="third")]).refused == set()


def test_whoever_was_heard_of_in_the_future_counts_as_silent(redis: FakeRedis, journal: Journal) -> None:
    watch = Watch(redis)
    watch.heartbeat("one")
    redis.zincrby(KEYS.workers, 9 * 3600_000, "one")
    assert journal.counts().workers == 0
    watch.heartbeat("two")
    assert redis.zrange(KEYS.workers, 0, -1) == [b"two"]


def test_a_lease_that_does_not_end_is_ended_by_the_workers_own_clock(
    redis: FakeRedis, journal: Journal, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an entry that no one renews or completes, for longer than a task may take."""
    append(journal, "held")
    [held] = consumer.claim().entries
    watch = Watch(redis)
    assert watch.expire_abandoned() == []
    now = time.monotonic()
    monkeypatch.setattr(watch_module.time, "monotonic", lambda: now + ABANDONED_AFTER - 1)
    assert watch.expire_abandoned() == []
    monkeypatch.setattr(watch_module.time, "monotonic", lambda: now + ABANDONED_AFTER + 1)
    assert watch.expire_abandoned() == [held.id]
    time.sleep(0.002)  # fakeredis calls an entry stale a millisecond later than Redis does
    [again] = consumer.claim().entries
    assert again.deliveries == 2


def test_what_was_set_aside_and_is_in_no_set_any_more_is_claimed_again(
    redis: FakeRedis, journal: Journal, consumer: Consumer
) -> None:
    append(journal, "odd")
    [entry] = consumer.claim().entries
    consumer.set_aside([(entry, RetryState("kind", "because"))])
    watch = Watch(redis)
    assert watch.expire_abandoned() == []
    redis.delete(KEYS.set_aside)
    idle = watch_module.FORGOTTEN_AFTER_MS + 1_000
    redis.xclaim(KEYS.journal, GROUP, "aside", 0, [entry.id], idle=idle, justid=True)
    assert watch.expire_abandoned() == [entry.id]
    time.sleep(0.002)  # fakeredis calls an entry stale a millisecond later than Redis does
    assert texts(consumer) == [["odd"]]


def test_one_request_twice_in_a_group_is_appended_once(journal: Journal, consumer: Consumer) -> None:
    """As two that come under the same key do, when they wait together."""
    unit = single("once", key="key")
    journal.append([unit, unit])
    assert (journal.counts().appended, texts(consumer)) == (1, [["once"]])
