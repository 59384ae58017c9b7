"""The state of a string and how it is presented: shared by all views that show one.

Redis is asked first: a string's row is committed before its status record is deleted, so that one which is in neither
place was never accepted (or PostgreSQL cannot be asked).
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from api.http.contract import StringState
from api.http.problems import database_unavailable
from api.http.responses import utc
from api.process.reader import DatabaseUnavailable, Row
from api.services import services
from core.journal import Record
from core.retries import DeadLetter


def stored(row: Row) -> StringState:
    """Return the state of a stored string."""
    return StringState(row.id, "stored", row.received_at, row.text, row.stored_at)


def failed(letter: DeadLetter) -> StringState:
    """Return the state of a dead letter."""
    return StringState(
        UUID(letter.id), "failed", utc(letter.received_at), letter.text, attempts=letter.attempts, reason=letter.reason
    )


def queued(key: str, record: Record) -> StringState:
    """Return the state of a queued string, without its text."""
    return StringState(UUID(key), "queued", utc(record.received_at))


def queued_with_text(key: str, record: Record) -> StringState | None:
    """Return a queued string, with its text where this code can read it; None when it has been settled meanwhile."""
    found = services().journal.queued_string(record)
    if found is None:
        return None
    submission, attempts = found
    text = submission.text if submission else None
    return StringState(UUID(key), "queued", utc(record.received_at), text, attempts=attempts)


def failed_strings(keys: Sequence[str]) -> list[StringState | None]:
    """Return the dead letter of each string, None for one that has none."""
    letters = services().journal.dead_letters(keys)
    return [failed(msgspec.json.decode(letter, type=DeadLetter)) if letter else None for letter in letters]


def stored_rows(keys: Sequence[str]) -> dict[str, Row]:
    """Return those of the strings that are stored, by id; raises ApiProblem while PostgreSQL is unavailable."""
    try:
        return services().reader.states(keys)
    except DatabaseUnavailable:
        raise database_unavailable() from None
