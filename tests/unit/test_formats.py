"""Old and new code side by side: what one writes into the journal, the other stores or leaves alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeRedis
from flask.testing import FlaskClient

from core.consumer import LEASE, Consumer
from core.dead_letters import DeadLetters
from core.journal import ENTRY_VERSION
from core.keys import ASIDE_CONSUMER, CONSUMER, GROUP, KEYS
from core.submission import Submission, decode, decode_dead_letter, encode
from worker.drain import Drain

# As each version of the code has written them, byte for byte: never change one, add the next.
WRITTEN = {
    1: {
        b"v": b"1",
        b"n": b"2",
        b"items": '[["00000000-0000-0000-0000-000000000001","안녕 \\"1\\"",1732400000000000],'
        '["00000000-0000-0000-0000-000000000002","b",1732400000000001]]'.encode(),
    }
}
STORED = {"00000000-0000-0000-0000-000000000001": '안녕 "1"', "00000000-0000-0000-0000-000000000002": "b"}
DEAD_LETTER = (
    '{"id":"00000000-0000-0000-0000-000000000001","text":"안녕",'
    '"received_at":1732400000000000,"reason":"no","attempts":3}'
)
TRACED = WRITTEN[1] | {b"trace": b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
"""An entry with the field of traced requests, which needed no new version."""
OLDER = Path(__file__).parent / "older"
"""Scripts as workers had them that know nothing of that field."""
NEWER = {b"v": str(ENTRY_VERSION + 1).encode(), b"n": b"2", b"items": b"\x93 not even JSON"}


class Database:
    """Keeps what it is given."""

    server = "db.example:5432/dummy"

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}

    def insert(self, submissions: list[Submission]) -> int:
        """Store."""
        self.rows.update({submission.id: submission.text for submission in submissions})
        return len(submissions)


def write(redis: FakeRedis, fields: dict[bytes, bytes]) -> bytes:
    """Append an entry, with its status records, as the code of that version did."""
    entry = redis.xadd(KEYS.journal, fields)
    for position, submission_id in enumerate(STORED):
        redis.set(KEYS.status(submission_id), f"{entry.decode()} {position} 1732400000000000")
    redis.incrby(KEYS.waiting, len(STORED))
    return entry


def drained(consumer: Consumer) -> dict[str, str]:
    """Drain; return the rows."""
    database = Database()
    Drain(consumer, database, lambda: None).run()  # type: ignore[arg-type]
    return database.rows


def pending(redis: FakeRedis) -> list[dict[str, Any]]:
    """Return who holds what."""
    return redis.xpending_range(KEYS.journal, GROUP, "-", "+", 10)


def test_every_format_so_far_has_an_example() -> None:
    assert sorted(WRITTEN) == list(range(1, ENTRY_VERSION + 1))


@pytest.mark.parametrize("version", WRITTEN)
def test_what_older_code_has_written_is_stored(redis: FakeRedis, consumer: Consumer, version: int) -> None:
    write(redis, WRITTEN[version])
    assert drained(consumer) == STORED
    assert redis.xlen(KEYS.journal) == 0
    assert redis.get(KEYS.waiting) == b"0"
    assert not redis.exists(*map(KEYS.status, STORED))


def test_older_workers_claim_an_entry_of_traced_requests_as_any_other(redis: FakeRedis) -> None:
    entry = write(redis, TRACED)
    redis.xgroup_create(KEYS.journal, GROUP, "0")
    claim = redis.register_script((OLDER / "claim.lua").read_text("utf-8"))
    claimed = claim([KEYS.journal, KEYS.paused], [GROUP, CONSUMER, 15_000, 1_000, 1_000_000, 100])
    assert claimed == [[entry, 1, 1, TRACED[b"items"]]]
    assert {each.id: each.text for each in decode(claimed[0][3])} == STORED
    redis.zadd(KEYS.set_aside, {entry: 0})
    claim_aside = redis.register_script((OLDER / "claim_aside.lua").read_text("utf-8"))
    keys = [KEYS.journal, KEYS.set_aside, KEYS.set_aside_notes, KEYS.inserted, KEYS.aside_turn, KEYS.paused]
    _, claimed = claim_aside(keys, [GROUP, ASIDE_CONSUMER, 15_000, 60_000, 1_000, 1_000_000, 60_000])
    assert claimed == [[entry, 2, 1, TRACED[b"items"], b""]]


@pytest.mark.parametrize("trace", [TRACED[b"trace"], b"", b"junk \xff", b" ".join([TRACED[b"trace"]] * 1000)])
def test_an_entry_is_stored_whatever_its_trace_contexts_are(redis: FakeRedis, consumer: Consumer, trace: bytes) -> None:
    write(redis, TRACED | {b"trace": trace})
    assert drained(consumer) == STORED
    assert redis.xlen(KEYS.journal) == 0


def test_what_newer_code_has_written_is_left_for_newer_workers(redis: FakeRedis, consumer: Consumer) -> None:
    """It is neither stored nor dead-lettered nor lost, holds up nothing else, and no attempt is counted."""
    entry = write(redis, NEWER)
    write(redis, WRITTEN[ENTRY_VERSION])
    for _ in range(5):
        assert drained(consumer) in (STORED, {})
        [left] = pending(redis)
        assert left["message_id"] == entry
        assert left["times_delivered"] == 0
        assert left["time_since_delivered"] < LEASE * 1000 / 2
        redis.xclaim(KEYS.journal, GROUP, "worker", 0, [entry], idle=int(LEASE * 1000) + 1, justid=True)
    assert redis.xrange(KEYS.journal) == [(entry, NEWER)]


def test_a_string_that_newer_code_queued_is_reported_as_queued(redis: FakeRedis, client: FlaskClient) -> None:
    write(redis, NEWER)
    state = client.get(f"/dummies/{next(iter(STORED))}").get_json()
    assert (state["status"], state["text"]) == ("queued", None)


def test_dead_letters_are_kept_and_put_back_as_they_always_were(redis: FakeRedis) -> None:
    letter = decode_dead_letter(DEAD_LETTER.encode())
    assert encode(letter) == DEAD_LETTER.encode()
    redis.hset(KEYS.failed, letter.id, DEAD_LETTER)
    assert DeadLetters(redis).retry(letter.id) == (letter, True, 1)
    [(entry, fields)] = redis.xrange(KEYS.journal)
    assert fields == {
        b"v": b"1",
        b"n": b"1",
        b"items": '[["00000000-0000-0000-0000-000000000001","안녕",1732400000000000]]'.encode(),
    }
    assert redis.get(KEYS.status(letter.id)) == entry + b" 0 1732400000000000"


def test_a_field_that_newer_code_added_at_the_end_needs_no_new_version() -> None:
    assert decode(b'[["id","text",1,"more"]]') == [Submission("id", "text", 1)]
