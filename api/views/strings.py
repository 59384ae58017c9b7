"""The status of strings: Redis knows those that are queued or failed, PostgreSQL those that are stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from uuid import UUID

import msgspec
from flask import Blueprint, Response

from api import history
from api.auth import readers_only
from api.http.bodies import read_object
from api.http.contract import (
    MAX_IDS_PER_QUERY,
    FailedString,
    HistoryPage,
    StatusRequest,
    StatusSummary,
    StringState,
    StringStates,
)
from api.http.openapi import Operation
from api.http.parameters import preview, query
from api.http.problems import ApiProblem
from api.http.responses import JSON, json_response
from api.http.room import BEGINNING, Room
from api.services import services
from api.strings import all_in_redis, failed, in_redis, queued, stored, unreadable
from core.append import Record
from core.errors import ReadFailed
from core.submission import DeadLetter, Refusal

blueprint = Blueprint("strings", __name__)
blueprint.before_request(readers_only)

MAX_STATUS_BYTES = 256 * 1024
_asked = msgspec.json.Decoder(StatusRequest)


@blueprint.get("/dummies/<uuid:submission_id>")
@Operation("What became of a string", responses={200: StringState}, refusals=(401, 404, 503))
def state(submission_id: UUID) -> Response:
    """Return the string and its status."""
    key = str(submission_id)
    for everywhere in services().journals.looks:
        if found := in_redis(key, everywhere=everywhere):
            return json_response(found)
        if row := services().reader.states([key]).get(key):
            return json_response(stored(row))
    raise ApiProblem("unknown-string", "There is no string with this id: check the id.")


@blueprint.get("/dummies/")
@Operation(
    "What became of many strings, or the history",
    responses={200: StringStates | HistoryPage},
    parameters=("id", "limit", "cursor", "q", "preview"),
    refusals=(400, 401, 503),
)
def states() -> Response:
    """With ``id`` (up to 100): the status of each. Without: stored strings, newest first, in pages.

    A response holds up to 256 KiB of strings, or one longer one. A page ends there; with ``id``, further texts are cut.

    ``q`` gives those that contain it, case-sensitive. A search answers within a moment with what it has found; while
    there is a next cursor, there may be more. ``preview`` cuts long texts.
    """
    ids = query().getlist("id")
    return json_response(_many(_parse_ids(ids), preview()) if ids else history.page())


@blueprint.post("/dummies/status")
@Operation(
    "How many of many strings are stored",
    body={JSON: StatusRequest},
    responses={200: StatusSummary},
    refusals=(400, 401, 413, 415, 422, 503),
)
def status() -> Response:
    """Count the strings by status; name those that failed, and the ids that are not found."""
    wanted = read_object(_asked, MAX_STATUS_BYTES, '{"ids": ["…"]}')
    return json_response(_summary(list(dict.fromkeys(map(str, wanted.ids)))))


def _many(ids: Sequence[UUID], most: int | None) -> StringStates:
    missing, room = list(dict.fromkeys(map(str, ids))), Room()
    items: list[StringState] = []
    for everywhere in services().journals.looks:
        letters: dict[str, StringState | Refusal]
        records, letters = all_in_redis(missing, partial(_failed, room, most), everywhere=everywhere)
        items += [queued(key, record) for key, record in records.items() if key not in letters]
        items += [
            letter if isinstance(letter, StringState) else unreadable(key, records[key], letter)
            for key, letter in letters.items()
        ]
        missing = [key for key in missing if key not in records]
        try:
            rows = _rows(missing, most) if missing else {}
        except ReadFailed:
            return StringStates(items, [], [UUID(key) for key in missing])
        items += [room.fit(state) for state in rows.values()]
        missing = [key for key in missing if key not in rows]
    return StringStates(items, [UUID(key) for key in missing], [])


def _failed(room: Room, most: int | None, records: Mapping[str, Record]) -> Iterator[StringState | Refusal | None]:
    """Yield the state of each dead letter as soon as it is read: whole texts of many would not fit into memory."""
    for letter in services().journals.dead_letters(records):
        yield room.fit(failed(letter, most)) if isinstance(letter, DeadLetter) else letter


def _rows(keys: Sequence[str], most: int | None) -> dict[str, StringState]:
    """Return those that are stored, by id; of those whose texts do not come with the others, the beginning."""
    found = {key: stored(row, most) for key, row in services().reader.states(keys, most).items()}
    others = [key for key in keys if key not in found]
    beginning = BEGINNING if most is None else min(most, BEGINNING)
    cut = services().reader.states(others, beginning) if others else {}
    return found | {key: stored(row, beginning) for key, row in cut.items()}


def _summary(missing: Sequence[str]) -> StatusSummary:
    waiting = found = 0
    refused: list[FailedString] = []
    for everywhere in services().journals.looks:
        records, reasons = all_in_redis(missing, services().journals.reasons, everywhere=everywhere)
        waiting += len(records) - len(reasons)
        refused += [FailedString(UUID(key), reason) for key, reason in reasons.items()]
        missing = [key for key in missing if key not in records]
        try:
            rows = services().reader.stored(missing) if missing else set()
        except ReadFailed:
            return StatusSummary(waiting, found, refused, [], len(missing))
        found += len(rows)
        missing = [key for key in missing if key not in rows]
    return StatusSummary(waiting, found, refused, [UUID(key) for key in missing], 0)


def _parse_ids(values: Sequence[str]) -> list[UUID]:
    if len(values) > MAX_IDS_PER_QUERY:
        raise ApiProblem("invalid-parameter", f"Ask for at most {MAX_IDS_PER_QUERY} ids in a request.")
    try:
        return [UUID(value) for value in values]
    except ValueError:
        raise ApiProblem("invalid-parameter", "Send each id as a UUID.") from None
