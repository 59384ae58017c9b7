"""Dead letters for tests, and the counters that must balance afterwards."""

from __future__ import annotations

import json

from redis import Redis
from strings import key_of, new_id, queued

from core.ids import packed
from core.journal import Journal
from core.keys import KEYS

COUNTERS = ("appended", "stored", "waiting", "failed", "retried", "discarded")
ODD = [
    "plain",
    "",
    "with 'single' and \"double\" quotes and \\n",
    "two\nlines\r\tand \x1b[2J",
    "값이 너무 깁니다 \u202e",
    "$(touch here) `id` * %s --all",
    "x" * 10_000,
]


def plant(redis: Redis, count: int, reason: str = "because", text: str = "text") -> list[str]:
    """Have strings appended, refused and dead-lettered; return their ids."""
    ids = [new_id() for _ in range(count)]
    calls = redis.pipeline(transaction=False)
    for number, each in enumerate(ids):
        letter = {"id": each, "text": f"{text} {number}", "received_at": 1_700_000_000_000_000 + number}
        calls.hset(KEYS.failed, each, json.dumps(letter | {"reason": reason, "attempts": 1}, ensure_ascii=False))
        calls.hset(key_of(each), packed(each), f"failed {letter['received_at']}")
    calls.incrby(KEYS.appended, count).execute()
    return ids


def balance(redis: Redis) -> dict[str, int]:
    """Return the journal's counters; they must balance, and what they count must exist."""
    counts = Journal(redis).counts()
    strings = queued(redis)
    assert counts.waiting == len({s.id for s in strings}) == len(strings)
    assert counts.appended == counts.stored + counts.waiting + counts.failed + counts.discarded + counts.retried
    assert counts.unaccounted == 0
    return {name: getattr(counts, name) for name in COUNTERS}
