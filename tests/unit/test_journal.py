"""The API's side of the journal."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from fakeredis import FakeRedis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from strings import REMEMBERED_KEYS, bulk, ids_of, new_id, queued, read_entry, single, submissions_of
from support import capture_logs

from api.ids import key_hash
from core.append import KEY_REMEMBERED_S, Record
from core.connection import journal_errors
from core.consumer import Consumer
from core.errors import JournalFull, JournalUnavailable
from core.journal import Journal
from core.keys import KEYS
from core.rollback import DETECTED_WITHIN_MS


def test_the_single_strings_of_a_call_are_one_entry_and_each_part_of_a_bulk_is_another(
    redis: FakeRedis, journal: Journal
) -> None:
    appended = journal.append([single("a", 7), bulk("b", "c"), single("d", 5), bulk("e")])
    assert (appended.refused, appended.earlier) == (set(), {})
    entries = [read_entry(fields) for _, fields in redis.xrange(KEYS.journal)]
    assert [entry.texts for entry in entries] == [["a", "d"], ["b", "c"], ["e"]]
    assert list(entries[0].received_at) == [7, 5]
    assert journal.counts().waiting == 5


def test_an_entry_has_the_trace_contexts_of_the_requests_whose_strings_it_holds(
    redis: FakeRedis, journal: Journal
) -> None:
    known = single("known", key="k", digest="d")
    journal.append([known])
    refused = single("refused", key="k", digest="other", trace="00-refused")
    repeated = replace(known, trace="00-repeated")
    traced = [single("a", trace="00-a"), single("b"), single("c", trace="00-c"), bulk("d", "e", trace="00-d")]
    journal.append([*traced[:2], refused, repeated, *traced[2:], bulk("f")])
    fields = [fields for _, fields in redis.xrange(KEYS.journal)]
    assert [set(each) - {b"trace"} for each in fields] == [{b"v", b"n", b"ids", b"at", b"texts"}] * 4
    traces = {each[b"texts"]: each.get(b"trace") for each in fields}
    assert traces == {b'["known"]': None, b'["a","b","c"]': b"00-a 00-c", b'["d","e"]': b"00-d", b'["f"]': None}


def test_an_entry_has_a_bounded_number_of_trace_contexts(redis: FakeRedis, journal: Journal) -> None:
    journal.append([single(trace=f"00-{number}") for number in range(200)])
    [(_, entry)] = redis.xrange(KEYS.journal)
    assert entry[b"trace"].split() == [f"00-{number}".encode() for number in range(128)]


def test_only_the_first_append_is_to_wake_a_worker(redis: FakeRedis, journal: Journal) -> None:
    assert journal.append([single("a")]).wake
    assert not journal.append([single("b")]).wake
    redis.delete(KEYS.wakeup)
    assert journal.append([single("c")]).wake


def test_a_string_that_waits_already_is_not_appended_again(redis: FakeRedis, journal: Journal) -> None:
    sent = single("a", 5)
    journal.append([sent])
    earlier = journal.append([replace(sent, received_at=7), single("b")]).earlier
    assert list(earlier) == [sent.first_id]
    assert earlier[sent.first_id] == Record(redis.xrange(KEYS.journal)[0][0].decode(), 5)
    assert [each.text for each in queued(redis)] == ["a", "b"]
    assert journal.counts().waiting == 2


def test_a_repeat_alone_appends_nothing(redis: FakeRedis, journal: Journal) -> None:
    sent = single("a", key="k", digest="d")
    journal.append([sent])
    journal.append([sent])
    assert redis.xlen(KEYS.journal) == 1


@pytest.mark.parametrize("together", [True, False])
def test_a_key_of_another_request_refuses_that_unit_alone(journal: Journal, *, together: bool) -> None:
    first, other, clash = single("a", key="k", digest="1"), single("b"), single("c", key="k", digest="2")
    if together:
        refused = journal.append([first, other, clash]).refused
    else:
        assert journal.append([first, other]).refused == set()
        refused = journal.append([clash]).refused
    assert refused == ({2} if together else {0})
    assert journal.counts().waiting == 2


def test_a_key_is_remembered_for_a_while_after_its_last_use(redis: FakeRedis, journal: Journal) -> None:
    journal.append([single("a", key="k", digest="d")])
    for remembered in redis.keys(REMEMBERED_KEYS):
        redis.expire(remembered, 5)
    journal.append([single("a", key="k", digest="d")])
    assert KEY_REMEMBERED_S - 5 < max(map(redis.ttl, redis.keys(REMEMBERED_KEYS))) <= 2 * KEY_REMEMBERED_S


def test_a_key_of_the_last_minute_is_known(redis: FakeRedis, journal: Journal) -> None:
    journal.append([single("a", key="k", digest="d")])
    [this] = redis.keys(REMEMBERED_KEYS)
    redis.rename(this, next(name for name in KEYS.idempotency(key_hash("k")) if name != this.decode()))
    assert journal.append([single("b", key="k", digest="other")]).refused == {0}


def test_the_units_of_one_bulk_share_a_key(journal: Journal) -> None:
    whole = bulk("a", "b", key="k", digest="d")
    appended = journal.append([whole.part(0, 1), whole.part(1, 2)])
    assert (appended.refused, appended.earlier) == (set(), {})


def test_only_what_is_appended_is_counted(redis: FakeRedis, journal: Journal, consumer: Consumer) -> None:
    sent = bulk("a", "b", key="k", digest="1")
    assert journal.append([sent, single("c")]).appended == 3
    assert journal.append([sent, single("d", key="k", digest="2")]).appended == 3
    consumer.complete(consumer.claim().entries, 1)
    assert journal.append([single("e")]).appended == 4
    assert journal.counts().appended == 4
    assert redis.get(KEYS.appended) == b"4"


def test_older_code_beside_it_that_counts_nothing_is_no_alarm(redis: FakeRedis, journal: Journal) -> None:
    """A rollout: its entries come in between, and its strings are not counted."""
    with capture_logs() as said:
        for _ in range(3):
            journal.append([single("a")])
            redis.xadd(KEYS.journal, {"v": 1, "n": 1, "items": "[]"})
            redis.incrby(KEYS.waiting, 1)
            journal.counts()
    assert not said
    assert journal.report_rollback() is None


@pytest.mark.parametrize("noticed_by", ["append", "counts"])
def test_a_journal_that_was_set_back_is_noticed_by_the_next_call(
    redis: FakeRedis, journal: Journal, noticed_by: str
) -> None:
    journal.append([bulk("a", "b", "c")])
    redis.flushall()
    with capture_logs() as said:
        for _ in range(2):
            journal.append([bulk(*"defgh")]) if noticed_by == "append" else journal.counts()
    assert [(line["before"], line["after"]) for line in said] == [(3, 0)]
    assert journal.counts().set_back is None
    told = journal.report_rollback()
    assert journal.counts().set_back == told
    assert journal.report_rollback() is None


@pytest.mark.parametrize("late", ["_counts", "_append"])
def test_an_answer_that_another_thread_overtakes_is_no_alarm(
    journal: Journal, late: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came first, but the newer one is noted first."""
    scripts = {"_append": journal._append, "_counts": journal._counts}
    overtaken: list[object] = []

    def slow(*arguments: object) -> object:
        answer = scripts[late](*arguments)
        if not overtaken:
            overtaken.append(answer)
            journal.append([bulk("b", "c")])
            journal.counts()
        return answer

    monkeypatch.setattr(journal, late, slow)
    with capture_logs() as said:
        journal.append([single("a")])
        journal.counts()
    assert overtaken
    assert not said


def set_back_to(redis: FakeRedis, journal: Journal, counter: int) -> None:
    """Put the counter back, and have it noticed."""
    redis.set(KEYS.appended, counter)
    journal.counts()
    journal.report_rollback()


def test_the_note_of_the_first_rollback_is_kept(
    redis: FakeRedis, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append([bulk("a", "b")])
    set_back_to(redis, journal, 1)
    noted = journal.counts().set_back
    assert noted
    assert (noted.before, noted.after) == (2, 1)
    later = noted.at_ms + DETECTED_WITHIN_MS + 1
    monkeypatch.setattr("core.rollback.time.time_ns", lambda: later * 1_000_000)
    journal.append([bulk("c", "d")])
    set_back_to(redis, journal, 0)
    assert journal.counts().set_back == noted


def test_a_note_is_widened_by_what_another_process_saw_of_the_same_rollback(redis: FakeRedis, journal: Journal) -> None:
    """The one that looks first may look after strings have come in, and may not have seen the highest counter."""
    first = Journal(redis)
    journal.append([bulk("a", "b")])
    first.counts()
    journal.append([bulk("c", "d")])
    redis.set(KEYS.appended, 0)
    journal.append([single("e")])
    set_back_to(redis, first, 1)
    [alone, both] = [first.counts().set_back, journal.report_rollback() and journal.counts().set_back]
    assert alone
    assert both
    assert (alone.before, alone.after) == (2, 1)
    assert (both.before, both.after) == (4, 0)
    assert both.at_ms <= alone.at_ms


@pytest.mark.parametrize("trouble", [OutOfMemoryError("full"), RedisConnectionError("gone")])
def test_a_note_that_cannot_be_written_is_written_later(
    redis: FakeRedis, journal: Journal, trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise trouble

    journal.append([single("a")])
    redis.flushall()
    journal.counts()
    with monkeypatch.context() as patched:
        patched.setattr(journal, "_note_rollback", refuse)
        assert journal.report_rollback()
    assert not redis.exists(KEYS.set_back)
    assert journal.report_rollback()
    assert redis.get(KEYS.set_back).endswith(b" 1 0")


def test_a_record_says_where_a_string_is(journal: Journal, consumer: Consumer) -> None:
    for sent in (bulk("a", "b"), single("c")):
        journal.append([sent])
        asked, string = ids_of(sent)[-1], submissions_of(sent)[-1]
        known, *unknown = journal.records([asked, new_id(), ids_of(bulk("a", "b"))[1], str(uuid4())])
        assert unknown == [None] * 3
        assert known
        assert not known.failed
        assert journal.queued_string(asked, known) == (string, 0)
        held = consumer.claim().entries
        assert journal.queued_string(asked, known) == (string, 1)
        consumer.complete(held, 1)
        assert journal.records([asked]) == [None]
        assert journal.queued_string(asked, known) is None


def test_an_empty_journal_has_nothing_to_say(journal: Journal) -> None:
    counts = journal.counts()
    assert (counts.waiting, counts.stored, counts.failed, counts.workers) == (0, 0, 0, 0)
    assert counts.oldest_s is None
    assert counts.unavailable_since is None
    assert [*journal.dead_letters([])] == []


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        (OutOfMemoryError("full"), JournalFull),
        (ResponseError("OOM command not allowed"), JournalFull),
        (RedisConnectionError("refused"), JournalUnavailable),
        (RedisTimeoutError("slow"), JournalUnavailable),
        (ReadOnlyError("replica"), JournalUnavailable),
        (ResponseError("MISCONF disk"), JournalUnavailable),
        (ResponseError("WRONGTYPE"), JournalUnavailable),
    ],
)
def test_the_drivers_errors_become_ours(error: Exception, becomes: type[Exception]) -> None:
    with pytest.raises(becomes), journal_errors():
        raise error
