"""The worker's side of the journal."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest
from fakeredis import FakeRedis

from core import claims as claims_module
from core.claims import Claims, Turn
from core.journal import Journal, Unit
from core.names import DATABASE_AWAY, DATABASE_PROBE, HELP, WAKEUP, WORKERS
from core.submission import Submission


def append(journal: Journal, *texts: str) -> list[str]:
    """Append an entry; return its ids."""
    unit = Unit([Submission(str(uuid4()), text, 5) for text in texts])
    journal.append([unit])
    return [submission.id for submission in unit.submissions]


def texts(claims: Claims) -> list[list[str]]:
    """Claim a batch; return its texts, entry by entry."""
    return [[s.text for s in entry.submissions] for entry in claims.claim().entries]


def test_a_batch_takes_entries_until_it_has_enough_strings(
    journal: Journal, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims_module, "BATCH_STRINGS", 4)
    for number in range(3):
        append(journal, f"{number}a", f"{number}b", f"{number}c")
    batch = claims.claim()
    assert [len(entry.submissions) for entry in batch.entries] == [3, 3]
    assert batch.full
    batch = claims.claim()
    assert len(batch.entries) == 1
    assert not batch.full


def test_a_batch_takes_entries_until_it_has_enough_bytes(
    journal: Journal, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims_module, "BATCH_BYTES", 100)
    for _ in range(3):
        append(journal, "a" * 60)
    batch = claims.claim()
    assert len(batch.entries) == 1
    assert batch.full


def test_what_is_held_is_not_claimed_and_what_was_released_comes_first(journal: Journal, claims: Claims) -> None:
    append(journal, "old")
    entries = claims.claim().entries
    append(journal, "new")
    claims.release(entries)
    time.sleep(0.002)  # the stand-in for Redis calls an entry stale a millisecond later than Redis does
    assert texts(claims) == [["old"], ["new"]]
    assert texts(claims) == []


def test_completing_counts_each_string_once(journal: Journal, claims: Claims) -> None:
    append(journal, "a", "b")
    entries = claims.claim().entries
    assert claims.complete(entries) == 2
    assert claims.complete(entries) == 0
    assert (journal.counts().waiting, journal.counts().stored) == (0, 2)


def test_nothing_is_asked_of_redis_for_no_entries(claims: Claims, redis: FakeRedis) -> None:
    claims.release([])
    claims.renew([])
    assert redis.keys() == []


def test_a_drain_holds_the_flag_that_spares_wakeups_until_it_ends(redis: FakeRedis, claims: Claims) -> None:
    redis.set(HELP, "1")
    assert claims.start() is Turn.GO
    assert redis.exists(WAKEUP)
    assert not redis.exists(HELP)
    assert 0 < redis.pttl(WAKEUP) <= 10_000
    claims.finish()
    assert not redis.exists(WAKEUP)


def test_help_is_asked_for_once(redis: FakeRedis, claims: Claims) -> None:
    assert claims.ask_for_help()
    assert not claims.ask_for_help()
    assert redis.pttl(HELP) > 0


def test_while_postgresql_is_away_one_at_a_time_may_try(redis: FakeRedis, claims: Claims) -> None:
    claims.database_away()
    assert claims.start() is Turn.REST
    redis.delete(DATABASE_PROBE)  # the backoff has passed
    assert claims.start() is Turn.PROBE
    assert claims.start() is Turn.REST
    claims.database_back()
    assert claims.start() is Turn.GO


def test_the_backoff_grows_to_its_cap_with_jitter_and_the_note_keeps_its_time(
    redis: FakeRedis, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims_module.random, "random", lambda: 1.0)
    waits = []
    for _ in range(6):
        claims.database_away()
        waits.append(redis.pttl(DATABASE_PROBE))
    assert [round(wait / 1000, 1) for wait in waits] == pytest.approx([0.2, 0.5, 1.0, 2.0, 3.0, 3.0], abs=0.1)
    since, attempts = redis.get(DATABASE_AWAY).split()
    assert attempts == b"6"
    assert Journal(redis).counts().away_since == pytest.approx(int(since) / 1000)
    monkeypatch.setattr(claims_module.random, "random", lambda: 0.0)
    claims.database_away()
    assert redis.pttl(DATABASE_PROBE) <= 1500


def test_a_worker_is_counted_until_it_has_been_silent(redis: FakeRedis, claims: Claims, journal: Journal) -> None:
    append(journal, "a")
    assert claims.heartbeat("one") == (1, False)
    claims.database_away()
    assert claims.heartbeat("two") == (1, True)
    assert journal.counts().workers == 2
    redis.zincrby(WORKERS, -6000, "one")
    assert journal.counts().workers == 1
    claims.heartbeat("two")
    assert redis.zrange(WORKERS, 0, -1) == [b"two"]


def test_a_dead_letter_keeps_everything(journal: Journal, claims: Claims) -> None:
    good, bad = append(journal, "good", "bad")
    [entry] = claims.claim().entries
    claims.bury(entry, {bad: "because"})
    claims.complete([entry], {bad})
    [letter] = journal.dead_letters([bad])
    for part in (b'"text":"bad"', b'"reason":"because"', b'"attempts":1', b'"received_at":5'):
        assert part in letter
    assert [record and record.failed for record in journal.records([good, bad])] == [None, True]


def test_what_somebody_else_completed_is_neither_buried_nor_split(journal: Journal, claims: Claims) -> None:
    [bad] = append(journal, "bad")
    [entry] = claims.claim().entries
    claims.complete([entry])
    claims.bury(entry, {bad: "because"})
    claims.split(entry)
    counts = journal.counts()
    assert (counts.waiting, counts.failed) == (0, 0)
    assert texts(claims) == []
