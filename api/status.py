"""What became of strings: Redis knows those under way, PostgreSQL those that are stored.

Redis is asked first: a string's row is committed before its status record is deleted, so that one which is in neither
place was never accepted (or PostgreSQL cannot be asked).
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from api.answers import answer, utc
from api.contract import MAX_HISTORY_PAGE, MAX_IDS_PER_QUERY, HistoryPage, StringState, StringStates
from api.openapi import describe
from api.problems import ApiProblem, database_away
from api.rows import DatabaseAway, Row
from api.services import services
from core.claims import DeadLetter
from core.journal import Record

blueprint = Blueprint("status", __name__)

_DEFAULT_PAGE = 50
_MAX_SEQ = 2**63 - 1
_MAX_DIGITS = len(str(_MAX_SEQ))


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
        row = _rows([key]).get(key)
        if row is None:
            raise ApiProblem("unknown-string", "No string was accepted under this id: check it.")
        found = _stored(row)
    return answer(found)


@blueprint.get("/dummies/")
@describe(
    "What became of many strings, or the history",
    answers={200: StringStates | HistoryPage},
    parameters={"id": list[UUID], "limit": int, "cursor": str},
    refusals=(400, 503),
)
def states() -> Response:
    """With ``id`` (up to 100): the status of each. Without: stored strings, newest first, in pages."""
    ids = _query().getlist("id")
    return answer(_many(_parse_ids(ids)) if ids else _history())


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
    except DatabaseAway:
        return StringStates(items, [], [UUID(key) for key in missing])
    items += map(_stored, rows.values())
    return StringStates(items, [UUID(key) for key in missing if key not in rows], [])


def _history() -> HistoryPage:
    limit = _integer("limit", _DEFAULT_PAGE, MAX_HISTORY_PAGE)
    before = _integer("cursor", None, _MAX_SEQ)
    try:
        rows = services().rows.history(limit or _DEFAULT_PAGE, before)
    except DatabaseAway:
        raise database_away() from None
    following = str(rows[-1].seq) if len(rows) == limit else None
    return HistoryPage([_stored(row) for row in rows], following)


def _query() -> MultiDict[str, str]:
    try:
        return request.args
    except UnicodeDecodeError:
        raise ApiProblem("invalid-parameter", "Send the query in UTF-8, percent-encoded.") from None


def _integer(name: str, default: int | None, most: int) -> int | None:
    value = _query().get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS and 1 <= int(value) <= most):
        raise ApiProblem("invalid-parameter", f"Send {name} as a whole number from 1 to {most}.")
    return int(value)


def _parse_ids(values: Sequence[str]) -> list[UUID]:
    if len(values) > MAX_IDS_PER_QUERY:
        raise ApiProblem("invalid-parameter", f"Ask for at most {MAX_IDS_PER_QUERY} ids at once.")
    try:
        return [UUID(value) for value in values]
    except ValueError:
        raise ApiProblem("invalid-parameter", "Send each id as a UUID.") from None


def _rows(keys: Sequence[str]) -> dict[str, Row]:
    try:
        return services().rows.states(keys)
    except DatabaseAway:
        raise database_away() from None


def _stored(row: Row) -> StringState:
    return StringState(row.id, "stored", row.received_at, row.text, row.stored_at)


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
    return [_buried(letter) if letter else None for letter in services().journal.dead_letters(keys)]


def _buried(letter_json: bytes) -> StringState:
    letter = msgspec.json.decode(letter_json, type=DeadLetter)
    return StringState(
        UUID(letter.id), "failed", utc(letter.received_at), letter.text, attempts=letter.attempts, reason=letter.reason
    )
