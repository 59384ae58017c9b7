"""Draining, with a fake database that does what a test tells it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import pytest
from fakeredis import FakeRedis
from strings import bulk, single
from support import capture_logs, eventually

from core.connection import Shard
from core.consumer import Consumer
from core.entries import Strings
from core.errors import JournalUnavailable, Paused
from core.journal import Journal
from core.keys import GROUP, KEYS
from core.maintenance import Maintenance
from core.retries import MAX_FAILURES, Failure
from worker import drain as drain_module
from worker import settle as settle_module
from worker.drain import Drain
from worker.failures import Outage, Refused, TooSlow, Unanswered

FAILURES = {
    "bad": Failure("23514", "23514 a constraint says no", final=True),
    "odd": Failure("P0001", "P0001 a trigger says no"),
    "page": Failure("XX001", "XX001 invalid page", counts=False),
}


class Database:
    """A fake PostgreSQL: does what the beginning of a text says, and stores nothing while ``trouble`` is set."""

    server = "db.example:5432/dummy"

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self.trouble: Exception | None = None
        self.doubt: Failure | None = None
        self.batches: list[int] = []
        self.on_insert: Callable[[], object] = lambda: None
        self.on_look_up: Callable[[], object] = lambda: None
        self.most = 1_000
        """The most strings that are stored in time."""
        self.unanswered = 0
        """Inserts that get no answer."""

    def insert(self, batch: Sequence[Strings]) -> int:
        submissions = [each for strings in batch for each in strings.submissions]
        self.on_insert()
        if self.unanswered:
            self.unanswered -= 1
            raise Unanswered("no answer within 6 s")
        self.probe()
        self.batches.append(len(submissions))
        if len(submissions) > self.most:
            raise TooSlow(Failure("57014", "57014 canceling statement"))
        for s in submissions:
            for beginning, failure in FAILURES.items():
                if s.text.startswith(beginning):
                    raise Refused(failure)
        before = len(self.rows)
        self.rows.update({s.id: s.text for s in submissions})
        return len(self.rows) - before

    def holds(self, submission_id: str) -> bool:
        self.on_look_up()
        self.probe()
        return submission_id in self.rows

    def probe(self) -> Failure | None:
        if self.trouble:
            raise self.trouble
        return self.doubt


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    """An empty one, and a drain that does not linger for long."""
    monkeypatch.setattr(drain_module, "LINGER", 0.02)
    monkeypatch.setattr(drain_module, "STEP", 0.001)
    return Database()


@pytest.fixture
def wakes() -> list[None]:
    """The wake-ups for more drains."""
    return []


def append(journal: Journal, *texts: str) -> None:
    """Append an entry."""
    journal.append([bulk(*texts)])


def run(consumer: Consumer, database: Database, wakes: list[None]) -> int:
    """Drain, as a process that was just started; return how many rows it stored."""
    return Drain(consumer, database, lambda: wakes.append(None)).run().stored  # type: ignore[arg-type]


def try_again(redis: FakeRedis) -> None:
    """Make what is set aside due."""
    redis.delete(KEYS.aside_turn)
    for entry in redis.zrange(KEYS.set_aside, 0, -1):
        redis.zadd(KEYS.set_aside, {entry: 0})


def test_all_that_waits_is_stored_and_counted(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None], redis: FakeRedis
) -> None:
    append(journal, "a", "b")
    append(journal, "c")
    assert run(consumer, database, wakes) == 3
    assert sorted(database.rows.values()) == ["a", "b", "c"]
    assert database.batches == [3]
    assert redis.xlen(KEYS.journal) == 0
    assert not redis.exists(KEYS.wakeup)
    assert wakes == []


def test_a_drain_says_what_became_of_its_strings(
    journal: Journal, consumer: Consumer, database: Database, redis: FakeRedis
) -> None:
    """Those that had their row are skipped; those that failed alone are set aside or dead-lettered."""
    known = single("known")
    database.rows[known.first_id] = "known"
    drain = Drain(consumer, database, lambda: None)  # type: ignore[arg-type]
    append(journal, "a", "b", "bad", "odd")
    journal.append([known])
    done = drain.run()
    assert re.fullmatch(r"stored 2, skipped 1, failed 2 in \d+ ms", repr(done))
    try_again(redis)
    assert repr(drain.run()).startswith("stored 0, skipped 0, failed 1 ")
    assert repr(drain.run()).startswith("stored 0, skipped 0, failed 0 ")


def test_each_batch_has_a_line_that_says_what_became_of_its_strings(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None], redis: FakeRedis
) -> None:
    """None for what an outage gave back, which would be one for each try."""
    together = bulk("stored before", "new", "bad", "odd")
    database.rows[together.first_id] = "stored before"
    journal.append([together])
    append(journal, "newer")
    with capture_logs() as said:
        while journal.counts().waiting > journal.counts().set_aside:
            run(consumer, database, wakes)
    lines = [line for line in said if line["event"] == "batch settled"]
    assert [lines[0][name] for name in ("entries", "stored", "skipped", "failed")] == [2, 1, 0, 0]
    assert all(re.fullmatch(r"\d{13}-\d+", line[name]) for line in lines for name in ("first", "last"))
    assert [sum(line[name] for line in lines) for name in ("stored", "skipped", "failed")] == [2, 1, 2]
    assert all(line["ms"] >= 0 for line in lines)
    append(journal, "waits")
    database.trouble = Outage("away")
    with capture_logs() as said:
        for _ in range(2):
            redis.delete(KEYS.database_probe)
            run(consumer, database, wakes)
    assert [line["event"] for line in said if line["event"] == "batch settled"] == []


def test_no_moment_passes_between_entries_that_are_claimed_alone(
    journal: Journal, consumer: Consumer, database: Database, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those are that a killed worker had: new strings wait behind them."""
    for text in "abcde":
        append(journal, text)
    die_with_it(consumer, redis)
    passed: list[float] = []
    monkeypatch.setattr(drain_module.time, "sleep", passed.append)
    monkeypatch.setattr(drain_module, "LINGER", -1.0)
    assert run(consumer, database, []) == 5
    assert (database.batches, passed) == ([1] * 5, [])


def test_an_idle_drain_ends_immediately(
    consumer: Consumer, database: Database, wakes: list[None], redis: FakeRedis
) -> None:
    assert run(consumer, database, wakes) == 0
    assert database.batches == []
    assert not redis.exists(KEYS.wakeup)


def test_a_drain_that_stored_something_lingers_for_more(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None]
) -> None:
    append(journal, "a")
    database.on_insert = lambda: len(database.batches) < 3 and append(journal, f"{len(database.batches)}")
    assert run(consumer, database, wakes) == 4
    assert database.batches == [1, 1, 1, 1]


def test_what_is_appended_as_a_drain_ends_is_not_left_behind(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its last look and the end of the flag no one else is woken, so it looks once more."""
    append(journal, "a")
    finish = consumer.finish

    def finish_late() -> None:
        if len(database.rows) == 1:
            append(journal, "late")
        finish()

    monkeypatch.setattr(consumer, "finish", finish_late)
    assert run(consumer, database, wakes) == 2


def test_a_full_batch_calls_for_help(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.settle.BATCH_STRINGS", 2)
    append(journal, "a", "b")
    append(journal, "c")
    assert run(consumer, database, wakes) == 3
    assert len(wakes) == 1


def test_a_drain_gives_way_when_its_time_is_up(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain_module, "DRAIN_BUDGET", 0.0)
    append(journal, "a")
    assert run(consumer, database, wakes) == 0
    assert len(wakes) == 1


def test_a_drain_calls_for_the_next_before_its_time_is_up_and_leaves_it_the_flag(
    journal: Journal,
    consumer: Consumer,
    database: Database,
    redis: FakeRedis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else strings would wait until the next one has begun, and a third would be called for."""
    monkeypatch.setattr(drain_module, "DRAIN_BUDGET", drain_module.ASIDE_SHARE + 0.3)
    monkeypatch.setattr(drain_module, "LINGER", 60.0)
    consumer.claim()  # makes the consumer group
    append(journal, "a")
    called_at: list[float] = []
    began = time.monotonic()
    Drain(consumer, database, lambda: called_at.append(time.monotonic())).run()  # type: ignore[arg-type]
    assert len(called_at) == 1
    assert 0.2 <= called_at[0] - began < time.monotonic() - began
    assert redis.exists(KEYS.wakeup)


def test_an_outage_gives_everything_back_and_counts_no_attempt(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None], redis: FakeRedis
) -> None:
    append(journal, "a")
    database.trouble = Outage("no one there")
    assert run(consumer, database, wakes) == 0
    assert redis.exists(KEYS.database_away)
    assert wakes == []
    database.trouble = None
    assert run(consumer, database, wakes) == 0  # it is too early to try again
    redis.delete(KEYS.database_probe)
    assert run(consumer, database, wakes) == 1
    assert not redis.exists(KEYS.database_away)


def test_an_outage_is_noticed_to_be_over_even_when_nothing_waits(
    consumer: Consumer, database: Database, wakes: list[None], redis: FakeRedis
) -> None:
    consumer.mark_database_unavailable()
    redis.delete(KEYS.database_probe)
    run(consumer, database, wakes)
    assert not redis.exists(KEYS.database_away)


@pytest.mark.parametrize("bad", [[0], [7], [0, 1], [2, 5, 6], list(range(8))])
def test_only_what_postgresql_refuses_is_a_dead_letter(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None], bad: list[int]
) -> None:
    append(journal, *(f"{'bad' if n in bad else 'good'} {n}" for n in range(8)))
    append(journal, "neighbour")
    assert run(consumer, database, wakes) == 9 - len(bad)
    counts = journal.counts()
    assert (counts.waiting, counts.stored, counts.failed) == (0, 9 - len(bad), len(bad))


def test_an_outage_while_the_failing_string_is_looked_for_gives_the_rest_back(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None], redis: FakeRedis
) -> None:
    append(journal, "bad", "good")

    def fail_later() -> None:
        database.trouble = Outage("gone") if len(database.batches) == 1 else None

    database.on_insert = fail_later
    assert run(consumer, database, wakes) == 0
    assert journal.counts().waiting == 2
    database.trouble, database.on_insert = None, lambda: None
    redis.delete(KEYS.database_probe)
    assert run(consumer, database, wakes) == 1
    assert (journal.counts().failed, journal.counts().waiting) == (1, 0)


def test_when_the_time_is_up_what_is_left_is_given_back(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    append(journal, "bad")
    append(journal, "good")
    monkeypatch.setattr(settle_module, "SETTLE_BUDGET", -1.0)
    claimed = consumer.claim().entries
    database.on_insert = lambda: pytest.fail("there was no time for it")
    settle_module.Settling(consumer, database, settle_module.Size()).settle(claimed)  # type: ignore[arg-type]
    monkeypatch.undo()
    database.on_insert = lambda: None
    # on a busy machine the time of a drain can be up before it begins
    eventually(lambda: run(consumer, database, wakes) == 1, within=20)
    assert journal.counts().failed == 1


def test_a_broken_database_is_an_outage_named_as_what_it_is(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None], redis: FakeRedis
) -> None:
    """Whatever it answers: while nothing can be stored no string is at fault, and none is even set aside."""
    append(journal, "odd", "odder")
    database.trouble = Outage("P0001 a trigger says no")
    with capture_logs() as said:
        for _ in range(20):
            redis.delete(KEYS.database_probe)
            run(consumer, database, wakes)
    outages = [line for line in said if line["event"] == "PostgreSQL stores nothing"]
    assert {line["reason"] for line in outages} == {"P0001 a trigger says no"}
    counts = journal.counts()
    assert (counts.waiting, counts.failed, counts.set_aside) == (2, 0, 0)


def test_a_string_that_fails_alone_is_set_aside_and_holds_up_no_other(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None], redis: FakeRedis
) -> None:
    append(journal, *(f"good {n}" for n in range(20)), "odd one", "page", "last")
    append(journal, "neighbour")
    assert run(consumer, database, wakes) == 22
    counts = journal.counts()
    assert (counts.waiting, counts.set_aside, counts.failed, counts.unaccounted) == (2, 2, 0, 0)
    assert counts.aside_reason
    assert run(consumer, database, wakes) == 0  # too early
    planted = dict(FAILURES)
    FAILURES.clear()
    try:
        try_again(redis)
        assert run(consumer, database, wakes) == 2
    finally:
        FAILURES.update(planted)
    assert (journal.counts().waiting, journal.counts().set_aside) == (0, 0)


@pytest.mark.parametrize("kind", ["bad", "odd"])
def test_a_string_that_is_refused_although_it_has_its_row_is_completed(
    journal: Journal, consumer: Consumer, database: Database, kind: str
) -> None:
    """As one is that was erased: PostgreSQL looks at its text before it looks for its id."""
    refused = single(f"{kind} one")
    database.rows[refused.first_id] = ""
    journal.append([refused])
    append(journal, "good")
    assert run(consumer, database, []) == 1
    counts = journal.counts()
    assert (counts.waiting, counts.failed, counts.set_aside, counts.stored, counts.unaccounted) == (0, 0, 0, 2, 0)


@pytest.mark.parametrize("kind", ["bad", "odd"])
@pytest.mark.parametrize("unavailable", [False, True])
def test_what_refuses_the_probes_own_text_as_well_is_no_outage_while_a_string_is_stored(
    journal: Journal, consumer: Consumer, database: Database, redis: FakeRedis, *, kind: str, unavailable: bool
) -> None:
    """As a constraint does that allows few texts, or one that allows each once."""
    database.doubt = FAILURES[kind]
    if unavailable:
        consumer.mark_database_unavailable()
        redis.delete(KEYS.database_probe)
    append(journal, "good 1", f"{kind} one", "good 2")
    assert run(consumer, database, []) == 2
    assert not redis.exists(KEYS.database_away)
    counts = journal.counts()
    assert (counts.failed, counts.set_aside) == ((1, 0) if kind == "bad" else (0, 1))


def test_what_refuses_the_probe_and_all_strings_is_an_outage_and_none_is_at_fault(
    journal: Journal, consumer: Consumer, database: Database, redis: FakeRedis
) -> None:
    database.doubt = FAILURES["odd"]
    append(journal, *(f"odd {n}" for n in range(200)))
    for _ in range(5):
        redis.delete(KEYS.database_probe)
        run(consumer, database, [])
    assert redis.exists(KEYS.database_away)
    counts = journal.counts()
    assert (counts.waiting, counts.failed, counts.set_aside) == (200, 0, 0)
    assert len(database.batches) < 400


def test_texts_that_are_refused_as_such_are_dead_letters_though_the_probes_is_as_well(
    journal: Journal, consumer: Consumer, database: Database, redis: FakeRedis
) -> None:
    database.doubt = FAILURES["bad"]
    append(journal, *(f"bad {n}" for n in range(5)))
    run(consumer, database, [])
    assert journal.counts().failed == 5
    assert not redis.exists(KEYS.database_away)


def test_an_outage_that_no_string_can_tell_of_ends(consumer: Consumer, database: Database, redis: FakeRedis) -> None:
    database.doubt = FAILURES["bad"]
    consumer.mark_database_unavailable()
    redis.delete(KEYS.database_probe)
    run(consumer, database, [])
    assert not redis.exists(KEYS.database_away)


def test_a_pause_lets_a_drain_finish_what_it_holds_and_claim_no_more(
    journal: Journal,
    consumer: Consumer,
    database: Database,
    wakes: list[None],
    redis: FakeRedis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.settle.BATCH_STRINGS", 2)
    maintenance = Maintenance([Shard(redis)])
    append(journal, "a", "b")
    append(journal, "c", "d")
    database.on_insert = lambda: maintenance.pause("a test", "a test")
    assert run(consumer, database, wakes) == 2
    assert (maintenance.held(), journal.counts().waiting) == (0, 2)
    append(journal, "accepted meanwhile")
    assert run(consumer, database, wakes) == 0
    database.on_insert = lambda: None
    assert maintenance.resume()
    assert run(consumer, database, wakes) == 3


def test_while_draining_is_paused_nothing_is_asked_of_postgresql(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None], redis: FakeRedis
) -> None:
    """Neither for what was set aside, nor to see whether an outage is over."""
    append(journal, "odd")
    run(consumer, database, wakes)
    try_again(redis)
    redis.set(KEYS.database_away, "1 1")
    Maintenance([Shard(redis)]).pause("a test", "a test")
    database.trouble = AssertionError("PostgreSQL is asked")
    database.on_look_up = database.probe
    assert run(consumer, database, wakes) == 0
    assert consumer_raises_paused(consumer)
    assert redis.get(KEYS.database_away) == b"1 1"


def consumer_raises_paused(consumer: Consumer) -> bool:
    """Tell whether neither a drain that runs already nor one that tries what was set aside gets anything."""
    for claim in (consumer.claim, partial(consumer.claim_aside, 10, 1000)):
        with pytest.raises(Paused):
            claim()
    return True


def test_strings_that_fail_slowly_are_followed_by_smaller_batches(
    journal: Journal, consumer: Consumer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where each statement takes so long that the budget ends before any is alone, the next batch is half as large."""
    append(journal, *(f"good {n}" for n in range(30)), "odd")
    tries: list[None] = []
    monkeypatch.setattr(settle_module.Settling, "_is_over", _over_after(2, tries))
    monkeypatch.setattr(drain_module, "DRAIN_BUDGET", drain_module.ASIDE_SHARE + 0.1)
    drain = Drain(consumer, database, lambda: None)  # type: ignore[arg-type]
    for _ in range(12):
        tries.clear()
        drain.run()
    assert (len(database.rows), journal.counts().set_aside) == (30, 1)


def _over_after(count: int, tries: list[None]) -> Callable[[settle_module.Settling], bool]:
    def is_over(settling: settle_module.Settling) -> bool:
        tries.append(None)
        if len(tries) > count:
            settling._until = 0.0
        return original(settling)

    original = settle_module.Settling._is_over
    return is_over


def fail_repeatedly(
    times: int, journal: Journal, consumer: Consumer, database: Database, redis: FakeRedis, *, others: bool
) -> None:
    """Retry what waits repeatedly, with or without other strings stored in between."""
    for n in range(times):
        if others:
            append(journal, f"other {n}")
        run(consumer, database, [])
        try_again(redis)


@pytest.mark.parametrize("case", [("odd", True, 1), ("odd", False, 0), ("page", True, 0), ("page", False, 0)])
def test_only_what_fails_again_and_again_while_others_are_stored_is_a_dead_letter(
    journal: Journal, consumer: Consumer, database: Database, redis: FakeRedis, case: tuple[str, bool, int]
) -> None:
    """And never what says how the database is doing, such as a broken page of an index."""
    text, others, failed = case
    append(journal, text)
    fail_repeatedly(3 * MAX_FAILURES, journal, consumer, database, redis, others=others)
    counts = journal.counts()
    assert (counts.failed, counts.waiting, counts.set_aside) == (failed, 1 - failed, 1 - failed)
    assert counts.unaccounted == 0


def test_a_failure_of_another_kind_begins_the_count_again(
    journal: Journal, consumer: Consumer, database: Database, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(journal, "odd")
    fail_repeatedly(MAX_FAILURES - 1, journal, consumer, database, redis, others=True)
    monkeypatch.setitem(FAILURES, "odd", Failure("22012", "22012 division by zero"))
    fail_repeatedly(MAX_FAILURES - 1, journal, consumer, database, redis, others=True)
    assert journal.counts().failed == 0
    fail_repeatedly(1, journal, consumer, database, redis, others=True)
    assert journal.counts().failed == 1


def test_a_batch_that_takes_too_long_is_followed_by_smaller_ones_and_later_by_larger_ones(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None]
) -> None:
    database.most = 100
    for n in range(4):
        append(journal, *(f"{n} {i}" for i in range(500)))
    drain = Drain(consumer, database, lambda: wakes.append(None))  # type: ignore[arg-type]
    while drain.run().stored:  # as often as this machine's speed asks for
        pass
    assert len(database.rows) == 2_000
    database.most, database.batches = 1_000, []
    for n in range(60):
        append(journal, *(f"{n} again {i}" for i in range(200)))
    while drain.run().stored:
        pass
    assert len(database.rows) == 14_000
    assert max(database.batches) >= 1_000
    assert journal.counts().set_aside == 0


@pytest.mark.parametrize(("others", "aside"), [("good", 1), ("odd, too", 0)])
def test_an_outage_that_ends_a_batch_says_nothing_of_strings_only_where_none_was_stored(
    journal: Journal, consumer: Consumer, database: Database, monkeypatch: pytest.MonkeyPatch, others: str, aside: int
) -> None:
    monkeypatch.setattr("worker.settle.random.sample", lambda halves, _: halves)
    insert = database.insert

    def insert_until_the_last(batch: Sequence[Strings]) -> int:
        if [strings.texts for strings in batch] == [["last"]]:
            raise Outage("gone")
        return insert(batch)

    monkeypatch.setattr(database, "insert", insert_until_the_last)
    database.doubt = Failure("23514", "23514 the probe's row is refused")
    for text in (others, "odd", "last"):
        append(journal, text)
    run(consumer, database, [])
    assert (journal.counts().set_aside, journal.counts().waiting) == (aside, 3 - len(database.rows))


def test_a_string_that_is_slow_alone_is_set_aside(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None]
) -> None:
    database.most = 0
    append(journal, "slow", "slower")
    run(consumer, database, wakes)
    run(consumer, database, wakes)
    assert journal.counts().set_aside == 2


def test_a_deadline_that_passes_is_no_outage_and_the_next_batch_is_smaller(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None], redis: FakeRedis
) -> None:
    append(journal, *"abcdefgh")
    database.unanswered = 2
    drain = Drain(consumer, database, lambda: wakes.append(None))  # type: ignore[arg-type]
    for _ in range(5):
        drain.run()
    assert not redis.exists(KEYS.database_away)
    assert len(database.rows) == 8
    assert database.batches[0] <= 2


@pytest.mark.parametrize("texts", [["alone"], ["one", "another"]])
def test_a_server_that_answers_nothing_is_an_outage_and_no_strings_fault(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None], redis: FakeRedis, texts: list[str]
) -> None:
    append(journal, *texts)
    database.unanswered, database.trouble = 1, Outage("no answer in time")
    drain = Drain(consumer, database, lambda: wakes.append(None))  # type: ignore[arg-type]
    drain.run()
    assert redis.exists(KEYS.database_away)
    assert journal.counts().set_aside == 0
    database.trouble = None
    redis.delete(KEYS.database_away)
    drain.run()
    assert database.batches == [len(texts)]


def test_a_string_that_alone_gets_no_answer_is_set_aside(
    journal: Journal, consumer: Consumer, database: Database, wakes: list[None]
) -> None:
    append(journal, "alone")
    database.unanswered = 1
    run(consumer, database, wakes)
    assert journal.counts().set_aside == 1


def die_with_it(consumer: Consumer, redis: FakeRedis) -> None:
    """Claim what there is, as a worker that dies of it; then let the lease expire."""
    for entry in consumer.claim().entries:
        redis.xclaim(KEYS.journal, GROUP, "worker", 0, [entry.id], idle=3_600_000, justid=True)


def settle(consumer: Consumer, database: Database) -> None:
    """Settle the next batch, and nothing else."""
    settle_module.Settling(consumer, database, settle_module.Size()).settle(consumer.claim().entries)  # type: ignore[arg-type]


def test_an_entry_that_ends_its_workers_is_split_and_the_string_that_does_it_set_aside(
    journal: Journal, consumer: Consumer, database: Database, redis: FakeRedis
) -> None:
    append(journal, "killer", "neighbour")
    for _ in range(settle_module.MAX_DELIVERIES):
        die_with_it(consumer, redis)
    database.on_insert = lambda: pytest.fail("it was tried once more")
    settle(consumer, database)
    assert journal.counts().waiting == 2
    assert redis.xlen(KEYS.journal) == 2
    for _ in range(settle_module.MAX_DELIVERIES):
        die_with_it(consumer, redis)  # a killer travels alone, so its neighbour is held for now
        die_with_it(consumer, redis)
    settle(consumer, database)
    assert (journal.counts().set_aside, journal.counts().failed) == (1, 0)


@pytest.mark.parametrize("others", [True, False])
def test_what_goes_on_to_end_its_worker_alone_is_a_dead_letter_only_where_others_are_stored(
    journal: Journal, consumer: Consumer, database: Database, redis: FakeRedis, *, others: bool
) -> None:
    append(journal, "killer")
    for _ in range(settle_module.MAX_DELIVERIES):
        die_with_it(consumer, redis)
    settle(consumer, database)
    for n in range(MAX_FAILURES + 2):
        try_again(redis)
        consumer.claim_aside(10, 10_000)  # and dies
        if others:
            append(journal, f"other {n}")
        try_again(redis)
        run(consumer, database, [])
    assert journal.counts().failed == int(others)


@pytest.mark.parametrize("unavailable", [False, True])
def test_a_string_that_was_stored_each_time_but_never_completed_is_no_dead_letter(
    journal: Journal, consumer: Consumer, database: Database, redis: FakeRedis, *, unavailable: bool
) -> None:
    """Redis may be unavailable, or the worker be killed, between the commit and the completion: however often."""
    append(journal, "stored long since")
    for _ in range(settle_module.MAX_DELIVERIES):
        batch = consumer.claim()
        database.insert([batch.entries[0].strings])
        redis.xclaim(KEYS.journal, GROUP, "worker", 0, [batch.entries[0].id], idle=3_600_000, justid=True)
    database.trouble = Outage("gone") if unavailable else None
    with suppress(Outage):
        settle(consumer, database)
    assert (journal.counts().failed, journal.counts().set_aside) == (0, 0)
    assert journal.counts().waiting == (1 if unavailable else 0)


@pytest.mark.parametrize("kind", ["42501", "57014", "XX001"])
def test_a_look_up_that_is_refused_raises_nothing_and_sets_the_string_aside(
    journal: Journal, consumer: Consumer, database: Database, redis: FakeRedis, kind: str
) -> None:
    append(journal, "killer")
    for _ in range(settle_module.MAX_DELIVERIES):
        die_with_it(consumer, redis)

    def refuse() -> None:
        raise Refused(Failure(kind, f"{kind} no", counts=False))

    database.on_look_up = refuse
    assert run(consumer, database, []) == 0
    counts = journal.counts()
    assert (counts.set_aside, counts.failed, counts.aside_reason) == (1, 0, f"{kind} no")


def test_nothing_is_raised_when_redis_is_unavailable(
    consumer: Consumer, database: Database, wakes: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: int) -> None:
        raise JournalUnavailable

    monkeypatch.setattr(consumer, "claim", unavailable)
    assert run(consumer, database, wakes) == 0
