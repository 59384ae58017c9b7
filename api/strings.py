"""The state of a string and how it is presented: shared by all views that show one.

Redis is asked first: a string's row is committed before its status record is deleted, so a string that is in neither
place was never accepted (or PostgreSQL is unavailable).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from api.http.contract import StringState, StringStatus
from api.http.problems import database_unavailable
from api.http.responses import utc
from api.process.reader import DatabaseUnavailable
from api.services import services
from core.journal import Record
from core.submission import DeadLetter, StoredString, Submission


def stored(row: StoredString) -> StringState:
    """Return the state of a stored string."""
    return _state(row, "stored", stored_at=utc(row.stored_at))


def failed(letter: DeadLetter) -> StringState:
    """Return the state of a dead letter."""
    return _state(letter, "failed", attempts=letter.attempts, reason=letter.reason)


def queued(key: str, record: Record) -> StringState:
    """Return the state of a queued string, without its text."""
    return StringState(UUID(key), "queued", utc(record.received_at))


def queued_with_text(key: str, record: Record) -> StringState | None:
    """Return a queued string, with its text where this code can read it; None when it has been settled meanwhile."""
    found = services().journal.queued_string(record)
    if found is None:
        return None
    state = _state(found.submission, "queued") if found.submission else queued(key, record)
    state.attempts = found.attempts
    return state


def failed_strings(keys: Sequence[str]) -> list[StringState | None]:
    """Return the dead letter of each string, None for one that has none."""
    return [failed(letter) if letter else None for letter in services().journal.dead_letters(keys)]


def stored_rows(keys: Sequence[str]) -> dict[str, StoredString]:
    """Return those of the strings that are stored, by id; raises ApiProblem while PostgreSQL is unavailable."""
    try:
        return services().reader.states(keys)
    except DatabaseUnavailable:
        raise database_unavailable() from None


def _state(string: Submission, status: StringStatus, **more: Any) -> StringState:
    return StringState(UUID(string.id), status, utc(string.received_at), string.text, **more)
