"""The state of a string and how it is presented: shared by all views that show one.

Redis is asked first: a string's row is committed before its status record is deleted, so a string that is in neither
place was never accepted (or PostgreSQL is unavailable).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

from msgspec import UNSET

from api.http.contract import StringState, StringStatus
from api.http.responses import utc
from api.process.places import Places
from api.services import services
from core.append import Record
from core.errors import ReadsBusy
from core.submission import DeadLetter, Refusal, StoredString, Submission

T = TypeVar("T")
LOOKS = 5
"""Lookups in Redis before a changing string counts as queued."""
MOST_READ = 4
"""Requests that read texts from Redis at the same time, up to 6 MiB of JSON each."""
_places = Places(MOST_READ, waiting=4, patience=1.0)


@contextmanager
def texts_of_redis() -> Iterator[None]:
    """Limit how many requests hold texts from Redis in memory; raises ReadsBusy."""
    if not _places.take():
        raise ReadsBusy
    try:
        yield
    finally:
        _places.release()


def queued(key: str, record: Record) -> StringState:
    """Return the state of a queued string, without its text."""
    return StringState(UUID(key), "queued", utc(record.received_at))


def stored(row: StoredString, preview: int | None = None) -> StringState:
    """Return the state of a stored string, with this many characters of its text (None: all) unless it was erased."""
    state = _state(row, "stored", preview, stored_at=utc(row.stored_at))
    if row.erased_at is not None:
        state.text, state.erased_at = None, utc(row.erased_at)
    return state


def failed(letter: DeadLetter, preview: int | None = None) -> StringState:
    """Return the state of a dead letter, with this many characters of its text (None: all)."""
    return _state(letter, "failed", preview, attempts=letter.attempts, reason=letter.reason)


def unreadable(key: str, record: Record, refusal: Refusal) -> StringState:
    """Return the state of a dead letter that other code wrote, and of which only the reason can be read."""
    return StringState(UUID(key), "failed", utc(record.received_at), reason=refusal.reason)


def in_redis(key: str, *, everywhere: bool = False) -> StringState | None:
    """Return the state of a string that is queued or failed, with its text where this code can read it.

    None for any other string. One that is settled or retried between two questions to Redis is looked up again.
    """
    for _ in range(LOOKS):
        [record] = services().journals.records([key], everywhere=everywhere)
        if record is None:
            return None
        with texts_of_redis():
            state = _dead_letter(key, record) if record.failed else _queued_with_text(key, record)
        if state:
            return state
    return queued(key, record) if record else None


def all_in_redis(
    keys: Sequence[str], dead_letters: Callable[[Mapping[str, Record]], Iterable[T | None]], *, everywhere: bool = False
) -> tuple[dict[str, Record], dict[str, T]]:
    """Return the records of those that are queued or failed, and what ``dead_letters`` has of the failed ones, by id.

    One that is retried, or fails again, during every look counts as queued.
    """
    records: dict[str, Record | None] = {}
    found: dict[str, T] = {}
    for _ in range(LOOKS):
        seen = dict(zip(keys, services().journals.records(keys, everywhere=everywhere), strict=True))
        records |= seen
        refused = {key: record for key, record in _by_shard(seen) if record.failed}
        if not refused:
            break
        with texts_of_redis():
            letters = zip(refused, dead_letters(refused), strict=True)
            found |= {key: letter for key, letter in letters if letter is not None}
        keys = [key for key in refused if key not in found]
    return {key: record for key, record in records.items() if record}, found


def _by_shard(records: Mapping[str, Record | None]) -> list[tuple[str, Record]]:
    """Return those that are there, so that those of a shard are read together."""
    return sorted(((key, record) for key, record in records.items() if record), key=lambda each: each[1].shard)


def all_known(keys: Sequence[str]) -> bool:
    """Return whether all were accepted, and none discarded; raises JournalUnavailable or ReadFailed."""
    for everywhere in services().journals.looks:
        records = services().journals.records(keys, everywhere=everywhere)
        keys = [key for key, record in zip(keys, records, strict=True) if record is None]
        stored = services().reader.stored(keys) if keys else set()
        keys = [key for key in keys if key not in stored]
    return not keys


def _queued_with_text(key: str, record: Record) -> StringState | None:
    found = services().journals.queued_string(key, record)
    if found is None:
        return None
    state = _state(found.submission, "queued") if found.submission else queued(key, record)
    state.attempts = found.attempts
    return state


def _dead_letter(key: str, record: Record) -> StringState | None:
    [letter] = services().journals.dead_letters({key: record})
    if isinstance(letter, DeadLetter):
        return failed(letter)
    return unreadable(key, record, letter) if letter else None


def _state(string: Submission, status: StringStatus, preview: int | None = None, **more: Any) -> StringState:
    text = string.text[:preview]
    truncated = len(text) < len(string.text) or UNSET
    return StringState(UUID(string.id), status, utc(string.received_at), text, truncated=truncated, **more)
