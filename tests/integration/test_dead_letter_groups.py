"""Groups of dead letters on real Redis, the oldest and the machine's own: each is decided once, whatever interrupts."""

from __future__ import annotations

import json
import random
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from dead_letters import ODD, balance, plant, queued
from redis import Redis as RedisClient
from strings import bulk, ids_of, records_in

import core.dead_letter_groups
from core.connection import connect
from core.consumer import Consumer
from core.dead_letter_groups import PIECE, DeadLetterGroups, Progress
from core.dead_letters import DeadLetters
from core.errors import JournalFull, JournalUnavailable
from core.journal import Journal
from core.keys import KEYS
from core.submission import Submission
from local.ports import free_port
from local.redis import Redis

MANY = 20_000


def groups(redis: RedisClient, **options: int) -> DeadLetterGroups:
    """Return the groups of this Redis."""
    return DeadLetterGroups([DeadLetters(redis)], **options)


def retry(redis: RedisClient, *reasons: str) -> Progress:
    """Retry groups, or all, to the end."""
    *_, last = groups(redis).retry(reasons or None, lambda: None, "a test")
    return last


def discard(redis: RedisClient, *reasons: str) -> Progress:
    """Discard groups, or all, to the end."""
    *_, last = groups(redis).discard(reasons or None, "a test", "a test")
    return last


def two_dead_letters(redis: RedisClient) -> list[str]:
    """Have two strings submitted, refused and dead-lettered."""
    sent = bulk("a", "b")
    Journal(redis).append([sent])
    consumer = Consumer(redis)
    consumer.split(consumer.claim().entries[0])
    for entry in consumer.claim().entries:
        consumer.dead_letter(entry, "because")
    return ids_of(sent)


@pytest.mark.parametrize(("decide", "counted"), [("retry", "retried"), ("discard", "discarded")])
def test_a_single_decision_is_counted_once(redis: RedisClient, decide: str, counted: str) -> None:
    [first, second] = two_dead_letters(redis)
    dead_letters = DeadLetters(redis)
    for _ in range(2):
        getattr(dead_letters, decide)(first)
    assert balance(redis)[counted] == 1
    getattr(dead_letters, decide)(second)
    assert balance(redis)[counted] == 2


def test_what_is_retried_again_and_again_is_counted_each_time(redis: RedisClient) -> None:
    two_dead_letters(redis)
    consumer = Consumer(redis)
    for times in (1, 2, 3):
        assert retry(redis).done == 2
        assert balance(redis)["retried"] == 2 * times
        for entry in consumer.claim().entries:
            consumer.dead_letter(entry, "again")
    balance(redis)


@pytest.mark.parametrize("reason", ODD)
def test_a_group_is_those_with_exactly_this_reason(redis: RedisClient, reason: str) -> None:
    others = [plant(redis, 3, f"{reason} "), plant(redis, 2, reason.upper() + "!")]
    group = plant(redis, 30, reason)
    assert groups(redis).count().reasons == {reason: 30, f"{reason} ": 3, reason.upper() + "!": 2}
    last = retry(redis, reason)
    assert (last.done, last.skipped, last.left) == (30, 0, 0)
    assert {s.id for s in queued(redis)} == set(group)
    assert all(not record.failed for record in Journal(redis).records(group) if record)
    assert discard(redis, f"{reason} ").done == 3
    assert Journal(redis).records(others[0]) == [None] * 3
    assert {each.decode() for each in redis.hkeys(KEYS.failed)} == set(others[1])
    assert balance(redis)["discarded"] == 3


def test_what_is_retried_is_what_was_sent(redis: RedisClient) -> None:
    text = '"\\ 안녕 \u2028\n\t\U0001f44b ' + "x" * 50_000
    ids = plant(redis, 5, text=text)
    retry(redis)
    sent = {Submission(each, f"{text} {n}", 1_700_000_000_000_000 + n) for n, each in enumerate(ids)}
    assert {*queued(redis)} == sent
    for record, submission in zip(Journal(redis).records(ids), sorted(sent, key=lambda s: s.received_at), strict=True):
        assert record
        assert Journal(redis).queued_string(submission.id, record) == (submission, 0)


@pytest.mark.parametrize("broken", [b"not JSON", b'{"id": 1}', b"", b"\xff\x00"])
def test_dead_letters_of_other_formats_are_read_or_left(redis: RedisClient, broken: bytes) -> None:
    """Older code knew fewer fields and newer code may know more; what cannot be read at all is skipped, and stays."""
    [older, newer, odd] = plant(redis, 3)
    letter = {"id": older, "text": "old", "received_at": 1, "reason": "because", "attempts": 1}
    redis.hset(KEYS.failed, older, json.dumps(letter))
    redis.hset(KEYS.failed, newer, json.dumps(letter | {"id": newer, "failed_at": 7, "more": {"x": [1]}}))
    redis.hset(KEYS.failed, odd, broken)
    assert groups(redis).count().reasons == {"because": 2}
    last = retry(redis, "because")
    assert (last.done, last.skipped, last.left) == (2, 1, 0)
    assert redis.hgetall(KEYS.failed) == {odd.encode(): broken}
    assert DeadLetters(redis).page(10, 0, "").letters == []
    balance(redis)


def test_a_full_redis_refuses_a_retry_whole_and_says_what_is_left(
    redis: RedisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.dead_letter_groups, "PATIENCE", 0.5)
    [first, *_] = plant(redis, 700)
    before = balance(redis)
    run = groups(redis).retry(None, lambda: None, "a test")
    seen = [next(run), next(run), next(run)]
    assert seen[-1].done > 0
    redis.config_set("maxmemory", "1")
    with pytest.raises(JournalFull):
        seen += run
    assert balance(redis)["retried"] == seen[-1].done < 700
    assert seen[-1].left == 700 - seen[-1].looked_at > 0
    left = {each.decode() for each in redis.hkeys(KEYS.failed)}
    with pytest.raises(JournalFull):
        DeadLetters(redis).retry(first if first.encode() in left else left.pop())
    redis.config_set("maxmemory", "512mb")
    retry(redis)
    assert balance(redis) == before | {"appended": 1400, "waiting": 700, "retried": 700, "failed": 0}


def test_a_full_redis_lets_a_group_be_discarded(redis: RedisClient) -> None:
    plant(redis, 700)
    redis.config_set("maxmemory", "1")
    assert DeadLetters(redis).discard(redis.hkeys(KEYS.failed)[0].decode())
    assert discard(redis, "because").done == 699
    assert balance(redis)["discarded"] == 700
    assert records_in(redis) == 0


def test_a_run_goes_on_when_there_is_room_again(redis: RedisClient) -> None:
    plant(redis, 700)
    run = groups(redis).retry(None, lambda: None, "a test")
    next(run)
    redis.config_set("maxmemory", "1")
    assert [next(run).done for _ in range(2)] == [0, 0]
    redis.config_set("maxmemory", "512mb")
    *_, last = run
    assert last.done == balance(redis)["waiting"] == 700


def test_a_retry_does_not_overrun_the_journal(redis: RedisClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.dead_letter_groups, "PATIENCE", 0.5)
    plant(redis, 1_500)
    consumer = Consumer(redis)
    waiting: list[int] = []
    with pytest.raises(JournalFull):
        waiting += (
            balance(redis)["waiting"] for _ in groups(redis, most_waiting=500).retry(None, lambda: None, "a test")
        )
    assert max(waiting) >= 500
    *_, last = groups(redis, most_waiting=500).retry(["no such reason"], lambda: None, "a test")  # needs no room
    assert (last.done, last.left) == (0, 0)
    for _ in groups(redis, most_waiting=500).retry(None, lambda: None, "a test"):
        waiting.append(balance(redis)["waiting"])
        if entries := consumer.claim().entries:
            consumer.complete(entries, 0)
    assert max(waiting) < 500 + PIECE + 50  # a piece has roughly this many
    assert balance(redis)["retried"] == 1_500


def test_many_are_retried_in_small_pieces(redis: RedisClient) -> None:
    ids = plant(redis, MANY)
    looks = [progress.looked_at for progress in groups(redis).retry(None, lambda: None, "a test")]
    assert max(after - before for before, after in pairwise(looks)) < 2 * PIECE
    assert {s.id for s in queued(redis)} == set(ids)
    assert balance(redis)["retried"] == MANY


def test_large_ones_are_decided_in_little_memory(redis: RedisClient) -> None:
    """Together they are 90 MB, and 300 of the largest would be 50."""
    plant(redis, 1_000, "small")
    for text, reason in (("한" * 60_000, "because"), ("x" * 1_000_000, "other")):
        plant(redis, 40, reason, text=text)
    tracemalloc.start()
    for run in (
        groups(redis).retry({"because", "small"}, lambda: None, "a test"),
        groups(redis).discard(None, "a test", "a test"),
    ):
        assert list(run)
    groups(redis).count()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 24 * 1024 * 1024
    balance(redis)


def test_counting_ends_when_the_time_is_up_or_the_reasons_are_many_and_goes_on_from_there(redis: RedisClient) -> None:
    for number in range(450):
        plant(redis, 1, f"reason {number}")
    plant(redis, 5_000, "because")
    first = groups(redis).count(budget=0)
    assert 0 < first.looked_at < first.total == 5_450
    total, cursor = Counter(first.reasons), first.cursor
    while cursor:
        counts = groups(redis).count(cursor)
        total += Counter(counts.reasons)
        cursor = counts.cursor
    assert total == {"because": 5_000} | {f"reason {number}": 1 for number in range(450)}


def test_each_dead_letter_is_decided_once_by_whoever_is_first(redis: RedisClient, server: Redis) -> None:
    """Two group retries, a group discard and single retries of the same dead letters, all concurrently."""
    ids = plant(redis, 3_000)
    done: Counter[str] = Counter()

    def alone(client: RedisClient) -> None:
        letters = DeadLetters(client)
        done["single"] = sum(letters.retry(each) is not None for each in random.sample(ids, 1_000))

    def together(name: str, decide: Callable[[RedisClient], Progress]) -> Callable[[RedisClient], None]:
        return lambda client: done.update({name: decide(client).done})

    def run(act: Callable[[RedisClient], None]) -> None:
        with connect(server.url) as client:
            act(client)

    acts = [alone, together("retry", retry), together("retry", retry), together("discard", discard)]
    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    counted = balance(redis)
    assert counted["failed"] == 0
    assert (done["single"] + done["retry"], done["discard"]) == (counted["retried"], counted["discarded"])
    assert counted["retried"] + counted["discarded"] == len(ids) == done.total()
    assert records_in(redis) == counted["waiting"]


def test_strings_that_fail_again_immediately_are_not_retried_for_ever(redis: RedisClient) -> None:
    """Each piece is refused again, for the same reason, before the next one is looked at."""
    plant(redis, 600)
    consumer = Consumer(redis)
    for progress in groups(redis).retry(["because"], lambda: None, "a test"):
        assert progress.done < 1_200
        for entry in consumer.claim().entries:
            consumer.dead_letter(entry, "because")
    assert progress.done >= 600
    assert balance(redis) == {
        "appended": 600 + progress.done,
        "stored": 0,
        "waiting": 0,
        "failed": 600,
        "discarded": 0,
        "retried": progress.done,
    }


@pytest.fixture
def mortal(server: Redis, tmp_path: Path) -> Iterator[Redis]:
    """A Redis of the same version, to be killed."""
    with Redis(tmp_path / "redis", free_port(), binary=server.binary) as started:
        yield started


@pytest.mark.parametrize("decide", ["retry", "discard"])
def test_a_run_through_a_redis_that_restarts_does_not_pass_for_complete(mortal: Redis, decide: str) -> None:
    """Redis comes back with its dead letters in another order: continuing by the cursor would skip some."""
    with connect(mortal.url) as redis:
        plant(redis, 3_000)
        wanted = (lambda: None) if decide == "retry" else "a test"
        run = getattr(groups(redis), decide)(None, wanted, "a test")
        seen = [next(run) for _ in range(4)]
        mortal.kill()
        mortal.start()
        with pytest.raises(JournalUnavailable):
            seen += run
        done = balance(redis)["retried"] + balance(redis)["discarded"]
        assert 0 < seen[-1].done == done < 3_000
        *_, last = getattr(groups(redis), decide)(None, wanted, "a test")
        assert (last.total, last.done, last.left) == (3_000 - done, 3_000 - done, 0)
        assert balance(redis)["failed"] == 0


def test_redis_killed_under_a_run_loses_and_doubles_nothing(mortal: Redis) -> None:
    with connect(mortal.url) as redis:
        ids = plant(redis, 3_000)
        for after in (0.02, 0.05, 0.1):
            killer = threading.Timer(after, mortal.kill)
            killer.start()
            try:
                for _ in groups(redis).retry(None, lambda: None, "a test"):
                    pass
            except JournalUnavailable:
                pass
            killer.join()
            mortal.start()
            balance(redis)
        retry(redis)
        assert {s.id for s in queued(redis)} == set(ids)
        assert balance(redis)["retried"] == 3_000
