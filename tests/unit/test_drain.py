"""Draining, with a database that does what a test tells it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import uuid4

import pytest
from fakeredis import FakeRedis

from core.claims import Claims, Turn
from core.errors import JournalAway
from core.journal import Journal, Unit
from core.names import DATABASE_AWAY, DATABASE_PROBE, JOURNAL, WAKEUP
from core.submission import Submission
from worker import drain as drain_module
from worker import poison
from worker.drain import drain
from worker.store import Outage, Poison


class Database:
    """Stands for PostgreSQL: refuses texts that begin with ``bad``, and everything while it is away."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self.away = False
        self.batches: list[int] = []
        self.on_insert: Callable[[], object] = lambda: None

    def insert(self, submissions: Sequence[Submission]) -> int:
        self.ping()
        self.on_insert()
        self.batches.append(len(submissions))
        if any(s.text.startswith("bad") for s in submissions):
            raise Poison("a constraint says no")
        before = len(self.rows)
        self.rows.update({s.id: s.text for s in submissions})
        return len(self.rows) - before

    def holds(self, submission_id: str) -> bool:
        self.ping()
        return submission_id in self.rows

    def ping(self) -> None:
        if self.away:
            raise Outage("nobody there")


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    """An empty one, and a drain that does not linger for long."""
    monkeypatch.setattr(drain_module, "LINGER", 0.02)
    return Database()


@pytest.fixture
def wakes() -> list[None]:
    """The wake-ups for more drains."""
    return []


def append(journal: Journal, *texts: str) -> None:
    """Append an entry."""
    journal.append([Unit([Submission(str(uuid4()), text, 5) for text in texts])])


def run(claims: Claims, database: Database, wakes: list[None]) -> int:
    """Drain."""
    return drain(claims, database, lambda: wakes.append(None))  # type: ignore[arg-type]


def test_all_that_waits_is_stored_and_counted(
    journal: Journal, claims: Claims, database: Database, wakes: list[None], redis: FakeRedis
) -> None:
    append(journal, "a", "b")
    append(journal, "c")
    assert run(claims, database, wakes) == 3
    assert sorted(database.rows.values()) == ["a", "b", "c"]
    assert database.batches == [3]
    assert redis.xlen(JOURNAL) == 0
    assert not redis.exists(WAKEUP)
    assert wakes == []


def test_an_idle_drain_ends_at_once(claims: Claims, database: Database, wakes: list[None], redis: FakeRedis) -> None:
    assert run(claims, database, wakes) == 0
    assert database.batches == []
    assert not redis.exists(WAKEUP)


def test_a_drain_that_stored_something_lingers_for_more(
    journal: Journal, claims: Claims, database: Database, wakes: list[None]
) -> None:
    append(journal, "a")
    database.on_insert = lambda: len(database.batches) < 3 and append(journal, f"{len(database.batches)}")
    assert run(claims, database, wakes) == 4
    assert database.batches == [1, 1, 1, 1]


def test_what_is_appended_as_a_drain_ends_is_not_left_behind(
    journal: Journal, claims: Claims, database: Database, wakes: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its last look and the end of the flag nobody else is woken, so it looks once more."""
    append(journal, "a")
    finish = claims.finish

    def finish_late() -> None:
        if len(database.rows) == 1:
            append(journal, "late")
        finish()

    monkeypatch.setattr(claims, "finish", finish_late)
    assert run(claims, database, wakes) == 2


def test_a_full_batch_calls_for_help(
    journal: Journal, claims: Claims, database: Database, wakes: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.claims.BATCH_STRINGS", 2)
    append(journal, "a", "b")
    append(journal, "c")
    assert run(claims, database, wakes) == 3
    assert len(wakes) == 1


def test_a_drain_gives_way_when_its_time_is_up(
    journal: Journal, claims: Claims, database: Database, wakes: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain_module, "DRAIN_BUDGET", 0.0)
    append(journal, "a")
    assert run(claims, database, wakes) == 0
    assert len(wakes) == 1


def test_an_outage_gives_everything_back_and_counts_no_attempt(
    journal: Journal, claims: Claims, database: Database, wakes: list[None], redis: FakeRedis
) -> None:
    append(journal, "a")
    database.away = True
    assert run(claims, database, wakes) == 0
    assert redis.exists(DATABASE_AWAY)
    assert wakes == []
    database.away = False
    assert run(claims, database, wakes) == 0  # it is too early to try again
    redis.delete(DATABASE_PROBE)
    assert run(claims, database, wakes) == 1
    assert not redis.exists(DATABASE_AWAY)


def test_an_outage_is_noticed_to_be_over_even_when_nothing_waits(
    claims: Claims, database: Database, wakes: list[None], redis: FakeRedis
) -> None:
    claims.database_away()
    redis.delete(DATABASE_PROBE)
    run(claims, database, wakes)
    assert not redis.exists(DATABASE_AWAY)


@pytest.mark.parametrize("bad", [[0], [7], [0, 1], [2, 5, 6], list(range(8))])
def test_only_the_poison_is_buried(
    journal: Journal, claims: Claims, database: Database, wakes: list[None], bad: list[int]
) -> None:
    append(journal, *(f"{'bad' if n in bad else 'good'} {n}" for n in range(8)))
    append(journal, "neighbour")
    assert run(claims, database, wakes) == 9 - len(bad)
    counts = journal.counts()
    assert (counts.waiting, counts.stored, counts.failed) == (0, 9 - len(bad), len(bad))


def test_an_outage_while_poison_is_looked_for_gives_the_rest_back(
    journal: Journal, claims: Claims, database: Database, wakes: list[None], redis: FakeRedis
) -> None:
    append(journal, "bad", "good")

    def fail_later() -> None:
        database.away = len(database.batches) == 1

    database.on_insert = fail_later
    assert run(claims, database, wakes) == 0
    database.away, database.on_insert = False, lambda: None
    redis.delete(DATABASE_PROBE)
    assert run(claims, database, wakes) == 1
    assert (journal.counts().failed, journal.counts().waiting) == (1, 0)


def test_when_the_time_for_poison_is_up_the_entry_is_split_and_the_next_try_gets_further(
    journal: Journal,
    claims: Claims,
    database: Database,
    wakes: list[None],
    redis: FakeRedis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    append(journal, "bad", "good")
    append(journal, "other")
    monkeypatch.setattr(poison, "BISECT_BUDGET", -1.0)
    assert claims.start() is Turn.GO
    entries = claims.claim().entries
    assert poison.isolate(entries, claims, database) == 0  # type: ignore[arg-type]
    assert redis.xlen(JOURNAL) == 3
    monkeypatch.undo()
    monkeypatch.setattr(drain_module, "LINGER", 0.02)
    assert run(claims, database, wakes) == 2
    assert journal.counts().failed == 1


def die_with_it(claims: Claims, redis: FakeRedis) -> None:
    """Claim what there is, as a worker that dies of it; then let the lease run out."""
    for entry in claims.claim().entries:
        redis.xclaim(JOURNAL, "writers", "worker", 0, [entry.id], idle=3_600_000, justid=True)


def test_an_entry_that_kills_its_worker_again_and_again_is_split_and_the_killer_buried(
    journal: Journal, claims: Claims, database: Database, redis: FakeRedis
) -> None:
    append(journal, "killer", "neighbour")
    for _ in range(drain_module.MAX_DELIVERIES):
        die_with_it(claims, redis)
    database.on_insert = lambda: pytest.fail("it was tried once more")
    drain_module._settle(claims.claim().entries, claims, database)  # type: ignore[arg-type]
    assert journal.counts().waiting == 2
    assert redis.xlen(JOURNAL) == 2
    for _ in range(drain_module.MAX_LONE_DELIVERIES):
        die_with_it(claims, redis)  # a killer travels alone, so its neighbour is held for now
        die_with_it(claims, redis)
    drain_module._settle(claims.claim().entries, claims, database)  # type: ignore[arg-type]
    assert journal.counts().failed == 1


@pytest.mark.parametrize("away", [False, True])
def test_a_string_that_was_stored_each_time_but_never_completed_is_not_buried(
    journal: Journal, claims: Claims, database: Database, redis: FakeRedis, *, away: bool
) -> None:
    """Redis may be away, or the worker be killed, between the commit and the completion: however often."""
    append(journal, "stored long since")
    for _ in range(drain_module.MAX_LONE_DELIVERIES):
        batch = claims.claim()
        database.insert(batch.entries[0].submissions)
        redis.xclaim(JOURNAL, "writers", "worker", 0, [batch.entries[0].id], idle=3_600_000, justid=True)
    database.away = away
    drain_module._settle(claims.claim().entries, claims, database)  # type: ignore[arg-type]
    assert journal.counts().failed == 0
    assert journal.counts().waiting == (1 if away else 0)


def test_nothing_is_raised_when_redis_is_away(
    claims: Claims, database: Database, wakes: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise JournalAway

    monkeypatch.setattr(claims, "claim", away)
    assert run(claims, database, wakes) == 0
