"""Old and new code side by side: what one writes into the journal, the other stores or leaves alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from fakeredis import FakeRedis
from flask.testing import FlaskClient
from strings import queued, records_in

from core.append import Record, Unit
from core.consumer import LEASE, Consumer
from core.dead_letters import DeadLetters
from core.entries import VERSION, Strings
from core.ids import packed
from core.journal import Journal
from core.keys import GROUP, KEYS
from core.submission import decode_dead_letter, encode
from worker.drain import Drain


class Written(NamedTuple):
    """An entry, its status records as commands, in which {} is the entry's id, and the rows that it becomes."""

    fields: dict[bytes, bytes]
    records: list[tuple[str, str, bytes | int, str]]
    rows: dict[str, str]


FIRST, SECOND = "c4b6433d-fd65-87af-8f09-cc0e7adbe892", "2f43b1d7-d12b-8dbd-8c43-08e92d409817"
FIRST_BYTES = b"\xc4\xb6C=\xfde\x87\xaf\x8f\t\xcc\x0ez\xdb\xe8\x92"
SECOND_BYTES = b"/C\xb1\xd7\xd1+\x8d\xbd\x8cC\x08\xe9-@\x98\x17"
# As each version of the code has written them, byte for byte: never change one, add the next. No release had version 1.
WRITTEN = {
    "2, singles": Written(
        {
            b"v": b"2",
            b"n": b"2",
            b"ids": FIRST_BYTES + SECOND_BYTES,
            b"at": b"1732400000000000 -1",
            b"texts": '["안녕 \\"1\\"","b"]'.encode(),
        },
        [
            ("HSET", "dummies:strings:e892", FIRST_BYTES, "{} 1732400000000000"),
            ("HSET", "dummies:strings:9817", SECOND_BYTES, "{} 1732399999999999"),
        ],
        {FIRST: '안녕 "1"', SECOND: "b"},
    ),
    "2, part of a bulk": Written(
        {
            b"v": b"2",
            b"n": b"2",
            b"ids": b"\xfd\x0ch\xe6\xdb\x85\x87\xaf\x95\xcaVb \xfd\x01\x2c",
            b"at": b"1732400000000000",
            b"texts": '["안녕\\n","{}"]'.encode(),
        },
        [("ZADD", "dummies:bulk:fd0c68e6db8587af95ca566220fd", 300, "300 2 {} 1732400000000000")],
        {"fd0c68e6-db85-87af-95ca-566220fd012c": "안녕\n", "fd0c68e6-db85-87af-95ca-566220fd012d": "{}"},
    ),
}
SINGLES = WRITTEN["2, singles"]
DEAD_LETTER = (
    '{"id":"c4b6433d-fd65-87af-8f09-cc0e7adbe892","text":"안녕",'
    '"received_at":1732400000000000,"reason":"no","attempts":3}'
)
TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
"""The field of traced requests."""
V1 = {b"v": b"1", b"n": b"1", b"items": b'[["00000000-0000-0000-0000-000000000001","a",1732400000000000]]'}
UNREAD = {
    "newer": {b"v": str(VERSION + 1).encode(), b"n": b"2", b"items": b"\x93 not even JSON"},
    "newer, of the same fields": SINGLES.fields | {b"v": str(VERSION + 1).encode()},
    "before the first release": V1,
}


class Database:
    """Keeps what it is given."""

    server = "db.example:5432/dummy"

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}

    def insert(self, batch: Sequence[Strings]) -> int:
        self.rows.update({s.id: s.text for strings in batch for s in strings.submissions})
        return sum(map(len, batch))


def write(redis: FakeRedis, written: Written, fields: dict[bytes, bytes] | None = None) -> bytes:
    """Append an entry, with its status records, as the code of that version did; perhaps with other fields."""
    entry = redis.xadd(KEYS.journal, fields or written.fields)
    write_records(redis, written, entry)
    redis.incrby(KEYS.waiting, len(written.rows))
    return entry


def write_records(redis: FakeRedis, written: Written, entry: bytes) -> None:
    """Write the status records of an entry."""
    for command, key, field, value in written.records:
        *start, received_at = value.split(" ")
        since = int(received_at) - (0 if "failed" in start else 1000 * int(entry.split(b"-")[0]))
        redis.execute_command(command, key, field, " ".join([*start, str(since)]).format(entry.decode()))


def drained(consumer: Consumer) -> dict[str, str]:
    """Drain; return the rows."""
    database = Database()
    Drain(consumer, database, lambda: None).run()  # type: ignore[arg-type]
    return database.rows


def pending(redis: FakeRedis) -> list[dict[str, Any]]:
    """Return who holds what."""
    return redis.xpending_range(KEYS.journal, GROUP, "-", "+", 10)


def kept(redis: FakeRedis) -> dict[str, dict[bytes, Any]]:
    """Return the status records."""
    found: dict[str, dict[bytes, Any]] = {}
    for key in map(bytes.decode, redis.keys()):
        if key.startswith("dummies:strings:"):
            found[key] = redis.hgetall(key)
        elif key.startswith("dummies:bulk:"):
            found[key] = dict(redis.zrange(key, 0, -1, withscores=True))
    return found


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_what_this_version_writes_has_not_changed(redis: FakeRedis, journal: Journal, written: Written) -> None:
    assert {each.split(",")[0] for each in WRITTEN} == {str(each) for each in range(2, VERSION + 1)}
    first, *later = written.rows.items()
    if written is SINGLES:
        units = [Unit(FIRST, [first[1]], 1732400000000000), Unit(SECOND, [later[0][1]], 1732399999999999)]
    else:
        units = [Unit(first[0], list(written.rows.values()), 1732400000000000)]
    journal.append(units)
    [(entry, fields)] = redis.xrange(KEYS.journal)
    assert fields == written.fields
    records = kept(redis)
    redis.flushall()
    write_records(redis, written, entry)
    assert records == kept(redis)


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_what_older_code_has_written_is_found_and_stored(
    redis: FakeRedis, journal: Journal, consumer: Consumer, written: Written
) -> None:
    entry = write(redis, written)
    records = journal.records(list(written.rows))
    assert [record and record.entry for record in records] == [entry.decode()] * 2
    assert {s.id: s.text for s in queued(redis)} == drained(consumer) == written.rows
    assert redis.xlen(KEYS.journal) == 0
    assert redis.get(KEYS.waiting) == b"0"
    assert records_in(redis) == 0


@pytest.mark.parametrize("trace", [TRACE, b"", b"junk \xff", b" ".join([TRACE] * 1000)])
@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_an_entry_is_stored_whatever_its_trace_contexts_are(
    redis: FakeRedis, consumer: Consumer, written: Written, trace: bytes
) -> None:
    write(redis, written, written.fields | {b"trace": trace})
    assert drained(consumer) == written.rows
    assert redis.xlen(KEYS.journal) == 0


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_a_field_that_newer_code_added_needs_no_new_version(
    redis: FakeRedis, consumer: Consumer, written: Written, *, first: bool
) -> None:
    added = {b"more": b"\x93 not even JSON"}
    write(redis, written, added | written.fields if first else written.fields | added)
    assert drained(consumer) == written.rows
    assert records_in(redis) == redis.xlen(KEYS.journal) == 0


@pytest.mark.parametrize("fields", UNREAD.values(), ids=UNREAD)
def test_what_code_of_another_version_has_written_is_left_for_it(
    redis: FakeRedis, consumer: Consumer, fields: dict[bytes, bytes]
) -> None:
    """It is neither stored nor dead-lettered nor lost, holds up nothing else, and no attempt is counted."""
    entry = redis.xadd(KEYS.journal, fields)
    write(redis, SINGLES)
    for _ in range(5):
        assert drained(consumer) in (SINGLES.rows, {})
        [left] = pending(redis)
        assert left["message_id"] == entry
        assert left["times_delivered"] == 0
        assert left["time_since_delivered"] < LEASE * 1000 / 2
        redis.xclaim(KEYS.journal, GROUP, "worker", 0, [entry], idle=int(LEASE * 1000) + 1, justid=True)
    assert redis.xrange(KEYS.journal) == [(entry, fields)]


@pytest.mark.parametrize("fields", UNREAD.values(), ids=UNREAD)
def test_a_string_whose_entry_cannot_be_read_is_reported_as_queued(
    redis: FakeRedis, client: FlaskClient, fields: dict[bytes, bytes]
) -> None:
    for written in WRITTEN.values():
        write(redis, written, fields)
        for id_ in written.rows:
            state = client.get(f"/dummies/{id_}").get_json()
            assert (state["status"], state["text"]) == ("queued", None)


def test_dead_letters_are_kept_and_put_back_as_they_always_were(redis: FakeRedis, journal: Journal) -> None:
    letter = decode_dead_letter(DEAD_LETTER.encode())
    assert encode(letter) == DEAD_LETTER.encode()
    redis.hset(KEYS.failed, letter.id, DEAD_LETTER)
    redis.hset("dummies:strings:e892", FIRST_BYTES, "failed 1732400000000000")
    [record] = journal.records([FIRST])
    assert record == Record("failed", 1732400000000000)
    assert DeadLetters(redis).retry(letter.id) == (letter, True, 1)
    [(entry, fields)] = redis.xrange(KEYS.journal)
    texts = '["안녕"]'.encode()
    assert fields == {b"v": b"2", b"n": b"1", b"ids": packed(FIRST), b"at": b"1732400000000000", b"texts": texts}
    since = 1732400000000000 - 1000 * int(entry.split(b"-")[0])
    assert kept(redis) == {"dummies:strings:e892": {FIRST_BYTES: b"%b %d" % (entry, since)}}
