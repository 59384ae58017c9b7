"""The journal's scripts on real Redis: the oldest supported one and the machine's own, also when it is full."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dead_letters import balance
from redis import Redis as RedisClient
from strings import bulk, ids_of, records_in, single
from support import dead_letter_all, eventually

from core.append import Unit
from core.connection import Shard, connect
from core.consumer import Consumer, Entry, Turn
from core.entries import VERSION
from core.errors import JournalFull, JournalUnavailable, Paused
from core.journal import Journal
from core.keys import GROUP, KEYS
from core.maintenance import Maintenance
from core.retries import RetryState
from core.watch import Watch
from local.ports import free_port
from local.redis import Redis

ANCIENT = 1_000_000
"""µs since 1970: any time does."""


def unit(*texts: str, key: str = "") -> Unit:
    """Return what a request with these strings brings."""
    return bulk(*texts, received_at=ANCIENT, key=key) if texts[1:] else single(*texts, received_at=ANCIENT, key=key)


def fill(redis: RedisClient) -> None:
    """Leave no room for anything."""
    redis.config_set("maxmemory", "1")


def expire_leases(redis: RedisClient, entry: str) -> None:
    """Make an entry look as if it had been held longer than its lease."""
    redis.xclaim(KEYS.journal, GROUP, "worker", 0, [entry], idle=3_600_000, justid=True)


def test_a_string_is_appended_claimed_and_completed(redis: RedisClient) -> None:
    journal, consumer = Journal(redis), Consumer(redis)
    sent = unit("a", "b")
    assert journal.append([sent]).wake
    assert journal.counts().waiting == 2
    batch = consumer.claim()
    assert batch.entries[0].strings.texts == ["a", "b"]
    assert consumer.complete(batch.entries, 2) == 2
    assert consumer.complete(batch.entries, 0) == 0  # back from the dead
    counts = journal.counts()
    assert (counts.waiting, counts.stored, counts.oldest_s) == (0, 2, None)
    assert journal.records(ids_of(sent)) == [None, None]


def test_a_pause_holds_and_ends_on_a_full_redis_too(redis: RedisClient) -> None:
    journal, consumer, maintenance = Journal(redis), Consumer(redis), Maintenance([Shard(redis)])
    journal.append([unit("a")])
    assert maintenance.pause("an operator", "a test") is None
    fill(redis)
    for step in (consumer.start, consumer.claim, lambda: consumer.claim_aside(10, 1000)):
        with pytest.raises(Paused):
            step()
    paused = maintenance.resume()
    assert paused
    assert (paused.operator, paused.reason) == ("an operator", "a test")
    assert consumer.start() is Turn.GO
    assert [entry.strings.texts for entry in consumer.claim().entries] == [["a"]]
    assert maintenance.held() == 1


def test_what_was_released_is_claimed_immediately_and_counts_no_attempt(redis: RedisClient) -> None:
    journal, consumer = Journal(redis), Consumer(redis)
    journal.append([unit("a")])
    for _ in range(5):
        entries = consumer.claim().entries
        assert entries[0].deliveries == 1
        consumer.release(entries)


def test_what_is_held_is_claimed_again_only_when_its_lease_has_run_out(redis: RedisClient) -> None:
    journal, consumer = Journal(redis), Consumer(redis)
    journal.append([unit("a")])
    [held] = consumer.claim().entries
    assert consumer.claim().entries == []
    expire_leases(redis, held.id)
    [again] = consumer.claim().entries
    assert (again.id, again.deliveries) == (held.id, 2)


def test_an_entry_deleted_while_it_was_held_is_forgotten(redis: RedisClient) -> None:
    journal, consumer = Journal(redis), Consumer(redis)
    journal.append([unit("a")])
    [held] = consumer.claim().entries
    expire_leases(redis, held.id)
    redis.xdel(KEYS.journal, held.id)
    assert consumer.claim().entries == []
    assert redis.xpending(KEYS.journal, GROUP)["pending"] == 0


def test_what_had_its_worker_die_travels_alone(redis: RedisClient) -> None:
    journal, consumer = Journal(redis), Consumer(redis)
    for text in "abc":
        journal.append([unit(text)])
    held = consumer.claim().entries
    assert len(held) == 3
    for entry in held:
        expire_leases(redis, entry.id)
    journal.append([unit("new")])
    journal.append([unit("newer")])
    assert [len(consumer.claim().entries) for _ in range(4)] == [1, 1, 1, 2]


def test_a_split_entry_becomes_one_for_each_string(redis: RedisClient) -> None:
    journal, consumer = Journal(redis), Consumer(redis)
    sent = unit("a", "b", "c")
    journal.append([sent])
    [held] = consumer.claim().entries
    consumer.split(held)
    assert [entry.strings.texts for entry in consumer.claim().entries] == [["a"], ["b"], ["c"]]
    assert journal.counts().waiting == 3
    records = journal.records(ids_of(sent))
    assert len({record.entry for record in records if record}) == 3


def test_a_string_that_is_refused_is_a_dead_letter_and_its_neighbours_are_stored(redis: RedisClient) -> None:
    journal, consumer = Journal(redis), Consumer(redis)
    sent = unit("good", "bad")
    journal.append([sent])
    consumer.split(consumer.claim().entries[0])
    good, bad = consumer.claim().entries
    assert consumer.complete([good], 1) == 1
    consumer.dead_letter(bad, "because")
    counts = journal.counts()
    assert (counts.waiting, counts.stored, counts.failed, counts.unaccounted) == (0, 1, 1, 0)
    [record] = journal.records(ids_of(sent)[1:])
    assert record is not None
    assert record.failed


def test_a_string_that_is_set_aside_leaves_the_rest_alone_and_comes_back(redis: RedisClient) -> None:
    """It counts as waiting, is claimed with its note when it is due, by one worker at a time, and is then completed."""
    journal, consumer = Journal(redis), Consumer(redis)
    journal.append([unit("odd")])
    [odd] = consumer.claim().entries
    consumer.set_aside([(odd, RetryState("P0001", "because"))])
    journal.append([unit("even")])
    [even] = consumer.claim().entries
    assert consumer.complete([even], 1) == 1
    expire_leases(redis, "0-1")
    assert consumer.claim().entries == []
    assert consumer.claim_aside(10, 10_000) == []  # too early
    redis.zadd(KEYS.set_aside, {odd.id: 0})
    [again] = consumer.claim_aside(10, 10_000)
    assert (again.deliveries, again.aside, again.retry_state, again.others_stored) == (
        1,
        True,
        RetryState("P0001", "because"),
        True,
    )
    redis.zadd(KEYS.set_aside, {odd.id: 0})
    assert consumer.claim_aside(10, 10_000) == []  # another one has it
    consumer.end_aside(0)
    [lost] = consumer.claim_aside(10, 10_000)
    assert lost.deliveries == 2
    counts = journal.counts()
    assert (counts.waiting, counts.set_aside, counts.aside_reason, counts.unaccounted) == (1, 1, "because", 0)
    assert consumer.complete([lost], 1) == 1
    counts = journal.counts()
    assert (counts.waiting, counts.set_aside, counts.aside_reason, counts.unaccounted) == (0, 0, None, 0)
    assert redis.xpending(KEYS.journal, GROUP)["pending"] == 0


def test_an_entry_set_aside_and_completed_by_an_older_version_is_forgotten(redis: RedisClient) -> None:
    journal, consumer = Journal(redis), Consumer(redis)
    journal.append([unit("odd")])
    [odd] = consumer.claim().entries
    consumer.set_aside([(odd, RetryState("P0001", "because"))])
    redis.xack(KEYS.journal, GROUP, odd.id)
    redis.xdel(KEYS.journal, odd.id)
    redis.zadd(KEYS.set_aside, {odd.id: 0})
    assert consumer.claim_aside(10, 10_000) == []
    assert not redis.exists(KEYS.set_aside, KEYS.set_aside_notes)


def test_an_entry_that_no_version_wrote_stays_and_holds_up_nothing(redis: RedisClient) -> None:
    """Whatever is on the stream: the worker logs it, leaves it to an operator, and continues."""
    journal, consumer = Journal(redis), Consumer(redis)
    for fields in (
        {"x": "y"},
        {"v": 1, "n": 1, "items": "[]"},
        {"v": VERSION, "n": "many"},
        {"v": VERSION, "n": 1, "ids": b"\0" * 16, "at": 1, "texts": '["a'},
        {"v": VERSION, "n": 1, "ids": b"\0" * 16, "at": "noon", "texts": '["a"]'},
        {"v": VERSION, "n": 1, "ids": b"\0" * 15, "at": 1, "texts": '["a"]'},
        {"v": "two", "n": 1, "ids": b"\0" * 16, "at": 1, "texts": '["a"]'},
    ):
        redis.xadd(KEYS.journal, fields)
    journal.append([unit("good")])
    [good] = consumer.claim().entries
    assert consumer.complete([good], 1) == 1
    assert consumer.claim().entries == []
    assert redis.xlen(KEYS.journal) == 7


@pytest.mark.parametrize("kind", ["single strings", "bulks", "both", "a bulk that is known in part"])
def test_a_full_redis_refuses_an_append_whole(redis: RedisClient, kind: str) -> None:
    journal, whole = Journal(redis), bulk(*map(str, range(1_000)), key="bulk")
    journal.append([single("before"), whole.part(300, 600)])
    before = redis.dbsize()
    fill(redis)
    units = [] if kind == "bulks" else [single("after", key="key"), single("after")]
    units += [] if kind == "single strings" else [bulk("after", "it", key="other"), bulk("after", "it")]
    with pytest.raises(JournalFull):
        journal.append([whole.part(0, 500)] if "known" in kind else units)
    assert redis.dbsize() == before
    assert records_in(redis) == journal.counts().waiting == journal.counts().appended == 301
    assert redis.xlen(KEYS.journal) == 2


def _complete(consumer: Consumer) -> None:
    consumer.complete(consumer.claim().entries, 2)


def _release(consumer: Consumer) -> None:
    consumer.release(consumer.claim().entries)


def _split(consumer: Consumer) -> None:
    consumer.split(consumer.claim().entries[0])


def _dead_letter(consumer: Consumer) -> None:
    dead_letter_all(consumer, "because")


def _set_aside(consumer: Consumer) -> None:
    consumer.split(consumer.claim().entries[0])
    first, _ = consumer.claim().entries
    consumer.set_aside([(first, RetryState("P0001", "because"))])
    due: list[Entry] = []
    eventually(lambda: due.extend(consumer.claim_aside(10, 10_000)) or due, within=30)
    consumer.complete(due, 1)
    consumer.end_aside(1.0)


@pytest.mark.parametrize("units", [[bulk("a", "b")], [single("a"), single("b")]], ids=["a bulk", "single strings"])
@pytest.mark.parametrize("settle", [_complete, _release, _split, _dead_letter, _set_aside])
def test_a_full_redis_lets_whatever_a_drain_does(
    redis: RedisClient, settle: Callable[[Consumer], None], units: list[Unit]
) -> None:
    """Even for the first worker ever, which has to make the consumer group."""
    journal, consumer = Journal(redis), Consumer(redis)
    journal.append(units)
    fill(redis)
    consumer.start()
    Watch(redis).heartbeat("worker@here")
    Watch(redis).expire_abandoned()
    settle(consumer)
    consumer.mark_database_unavailable()
    assert consumer.start() is Turn.REST
    consumer.mark_database_available()
    consumer.finish()
    assert balance(redis)["waiting"] + balance(redis)["failed"] == records_in(redis)


def test_a_deleted_consumer_group_is_recreated_and_nothing_is_lost(redis: RedisClient) -> None:
    journal, consumer = Journal(redis), Consumer(redis)
    journal.append([unit("a")])
    consumer.claim()
    redis.xgroup_destroy(KEYS.journal, GROUP)
    assert consumer.claim().entries[0].strings.texts == ["a"]


def test_what_is_appended_survives_a_kill(server: Redis, tmp_path: Path, redis: RedisClient) -> None:  # noqa: ARG001
    """Acknowledged means on disk: after SIGKILL right after the reply everything is there again."""
    with Redis(tmp_path / "redis", free_port(), binary=server.binary) as mortal:
        with connect(mortal.url) as client:
            Journal(client).append([unit("a", "b")])
        mortal.kill()
        mortal.start()
        with connect(mortal.url) as client:
            assert Journal(client).counts().waiting == 2


def test_leases_are_kept_by_redis_own_clock(redis: RedisClient) -> None:
    """The oldest string's age comes from the entry's id, not from what a client's clock said."""
    journal = Journal(redis)
    journal.append([unit("a")])
    deadline = time.monotonic() + 5
    while not (journal.counts().oldest_s or 0) > 0:
        assert time.monotonic() < deadline
    assert (journal.counts().oldest_s or 0) < 60  # though it says that it was received in 1970


SETTLE: dict[str, Callable[[Consumer, Entry], object]] = {
    "split": lambda consumer, entry: consumer.split(entry),
    "set aside": lambda consumer, entry: consumer.set_aside([(entry, RetryState("P0001", "because"))]),
    "dead letter": lambda consumer, entry: consumer.dead_letter(entry, "because"),
    "complete": lambda consumer, entry: consumer.complete([entry], 1),
}


@pytest.mark.parametrize(
    ("operation", "command", "make"),
    [
        *(("split", command, single) for command in ("xack", "xdel", "xadd", "hset")),
        *(("split", command, bulk) for command in ("zrem", "zadd")),
        *(("set aside", command, single) for command in ("zadd", "get", "hset", "xclaim")),
        *(("dead letter", command, single) for command in ("xack", "xdel", "hset", "decrby", "zrem", "hdel")),
        ("dead letter", "zadd", bulk),
        *(("complete", command, single) for command in ("xack", "xdel", "hdel")),
        ("complete", "zremrangebyscore", bulk),
    ],
)
def test_a_command_that_is_refused_in_the_middle_loses_no_string(
    redis: RedisClient, operation: str, command: str, make: Callable[[str], Unit]
) -> None:
    """A right may be revoked, and granted again, at any time: the string can be claimed afterwards, or is kept."""
    journal, consumer = Journal(redis), Consumer(redis)
    appended = make("a")
    journal.append([appended])
    [entry] = consumer.claim().entries
    redis.execute_command("ACL", "SETUSER", "default", f"-{command}")
    with pytest.raises(JournalUnavailable):
        SETTLE[operation](consumer, entry)
    redis.execute_command("ACL", "SETUSER", "default", "+@all")
    assert journal.records([appended.first_id]) != [None]
    if redis.exists(KEYS.set_aside):
        redis.zadd(KEYS.set_aside, {entry.id: 0})
    for held in redis.xpending_range(KEYS.journal, GROUP, "-", "+", 10, consumername="worker"):
        expire_leases(redis, held["message_id"])
    kept = [*consumer.claim().entries, *consumer.claim_aside(10, 10_000)]
    assert {text for each in kept for text in each.strings.texts} == {"a"} or redis.hlen(KEYS.failed) == 1


@pytest.mark.parametrize("act", ["complete", "split", "dead_letter"])
def test_an_entry_whose_id_another_string_has_by_now_is_left_alone(redis: RedisClient, act: str) -> None:
    """A journal that was set back may give an id a second time, while a worker still holds the first entry."""
    journal, consumer = Journal(redis), Consumer(redis)
    journal.append([unit("held")] if act != "split" else [unit("held", "too")])
    [held] = consumer.claim().entries
    redis.flushall()
    later = unit("later")
    journal.append([later])
    [(_, fields)] = redis.xrange(KEYS.journal)
    redis.delete(KEYS.journal)
    redis.xadd(KEYS.journal, fields, id=held.id)
    [claimed] = consumer.claim().entries
    if act == "complete":
        assert consumer.complete([held], 1) == 0
    elif act == "split":
        consumer.split(held)
    else:
        consumer.dead_letter(held, "because")
    assert [entry.decode() for entry, _ in redis.xrange(KEYS.journal)] == [held.id]
    assert redis.xpending(KEYS.journal, GROUP)["pending"] == 1
    assert journal.counts().failed == 0
    assert consumer.complete([claimed], 1) == 1
    assert redis.xlen(KEYS.journal) == 0
