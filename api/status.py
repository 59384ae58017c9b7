"""What became of strings: Redis knows those under way, PostgreSQL those that are stored.

Redis is asked first: a string's row is committed before its status record is deleted, so that one which is in neither
place was never accepted (or PostgreSQL cannot be asked).
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
from flask import Blueprint, Response

from api.answers import answer, utc
from api.contract import MAX_IDS_PER_QUERY, HistoryPage, StringState, StringStates
from api.history import history, stored
from api.openapi import describe
from api.parameters import query
from api.problems import ApiProblem, database_unavailable
from api.rows import DatabaseUnavailable, Row
from api.services import services
from core.journal import Record
from core.retries import DeadLetter

blueprint = Blueprint("status", __name__)


@blueprint.get("/dummies/<uuid:submission_id>")
@describe("What became of a string", answers={200: StringState}, refusals=(404, 503))
def state(submission_id: UUID) -> Response:
    """Answer with the string and its status."""
    key = str(submission_id)
    [record] = services().journal.records([key])
    found = None
    if record:
        found = _failed([key])[0] if record.failed else _queued(submission_id, record)
    if found is None:
        row = rows_of([key]).get(key)
        if row is None:
            raise ApiProblem("unknown-string", "No string was accepted under this id: check it.")
        found = stored(row)
    return answer(found)


@blueprint.get("/dummies/")
@describe(
    "What became of many strings, or the history",
    answers={200: StringStates | HistoryPage},
    parameters=("id", "limit", "cursor", "q"),
    refusals=(400, 503),
)
def states() -> Response:
    """With ``id`` (up to 100): the status of each. Without: stored strings, newest first, in pages.

    ``q`` gives those that contain it, upper and lower case being different. A search answers within a moment with what
    it has found; while there is a next cursor, there may be more.
    """
    ids = query().getlist("id")
    return answer(_many(_parse_ids(ids)) if ids else history())


def _many(ids: Sequence[UUID]) -> StringStates:
    keys = [str(submission_id) for submission_id in ids]
    records = dict(zip(keys, services().journal.records(keys), strict=True))
    failed = [key for key, record in records.items() if record and record.failed]
    items = [state for state in _failed(failed) if state]
    items += [_on_its_way(key, record) for key, record in records.items() if record and not record.failed]
    known = {str(item.id) for item in items}
    missing = [key for key in records if key not in known]
    try:
        rows = services().rows.states(missing) if missing else {}
    except DatabaseUnavailable:
        return StringStates(items, [], [UUID(key) for key in missing])
    items += map(stored, rows.values())
    return StringStates(items, [UUID(key) for key in missing if key not in rows], [])


def _parse_ids(values: Sequence[str]) -> list[UUID]:
    if len(values) > MAX_IDS_PER_QUERY:
        raise ApiProblem("invalid-parameter", f"Ask for at most {MAX_IDS_PER_QUERY} ids at once.")
    try:
        return [UUID(value) for value in values]
    except ValueError:
        raise ApiProblem("invalid-parameter", "Send each id as a UUID.") from None


def rows_of(keys: Sequence[str]) -> dict[str, Row]:
    """Return those of the strings that are stored, by id; raises ApiProblem while PostgreSQL is away."""
    try:
        return services().rows.states(keys)
    except DatabaseUnavailable:
        raise database_unavailable() from None


def _on_its_way(key: str, record: Record) -> StringState:
    return StringState(UUID(key), "queued", utc(record.received_at))


def _queued(submission_id: UUID, record: Record) -> StringState | None:
    """Return a queued string, with its text where we can read it; None when it has been decided meanwhile."""
    found = services().journal.queued_string(record)
    if found is None:
        return None
    submission, attempts = found
    text = submission.text if submission else None
    return StringState(submission_id, "queued", utc(record.received_at), text, attempts=attempts)


def _failed(keys: Sequence[str]) -> list[StringState | None]:
    letters = services().journal.dead_letters(keys)
    return [buried(msgspec.json.decode(letter, type=DeadLetter)) if letter else None for letter in letters]


def buried(letter: DeadLetter) -> StringState:
    """Return the state of a dead letter."""
    return StringState(
        UUID(letter.id), "failed", utc(letter.received_at), letter.text, attempts=letter.attempts, reason=letter.reason
    )
