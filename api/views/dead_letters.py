"""Dead letters over HTTP, for operators: list, retry, discard."""

from __future__ import annotations

from uuid import UUID

import structlog
from flask import Blueprint, Response

from api import strings
from api.auth import operator, operators_only
from api.http.contract import MAX_HISTORY_PAGE, MAX_REASON_LENGTH, Accepted, FailedPage
from api.http.openapi import Operation
from api.http.parameters import DEFAULT_PAGE, MAX_SCAN_CURSOR, integer, preview, searched, text
from api.http.problems import ApiProblem
from api.http.responses import NOT_CACHED, json_response, utc
from api.http.room import Room
from api.services import services
from core.dead_letters import ACTION_BEGINS, OPERATOR_ACTION
from core.shards import shard_of
from core.submission import UNREADABLE

log = structlog.get_logger()
blueprint = Blueprint("failed", __name__)
blueprint.before_request(operators_only)


@blueprint.get("/dummies/failed")
@Operation(
    "Dead letters",
    responses={200: FailedPage},
    parameters=("limit", "cursor", "q", "preview"),
    refusals=(400, 401, 403, 503),
)
def failed() -> Response:
    """Return the strings that PostgreSQL refused, each with the reason; `q` searches texts and reasons."""
    limit, most = integer("limit", MAX_HISTORY_PAGE) or DEFAULT_PAGE, preview()
    with strings.texts_of_redis():
        page = services().dead_letters.page(limit, integer("cursor", MAX_SCAN_CURSOR) or 0, searched() or "")
    following, room = str(page.cursor) if page.cursor else None, Room()
    items = [room.fit(strings.failed(letter, most)) for letter in page.letters]
    return json_response(FailedPage(items, following, page.total))


@blueprint.post("/dummies/<uuid:submission_id>/retry")
@Operation("Try a dead letter again", responses={202: Accepted}, refusals=(401, 403, 404, 409, 503))
def retry(submission_id: UUID) -> Response:
    """Put a dead letter back into the journal; it keeps its id, and is stored once or refused again."""
    parts = services()
    parts.monitor.check()
    audit = {"operator": operator(), "action": "retry", "id": str(submission_id)}
    log.warning(ACTION_BEGINS, **audit)
    tried = parts.dead_letters.retry(str(submission_id))
    log.warning(OPERATOR_ACTION, **audit, count=int(tried is not None))
    if tried is None:
        raise _not_failed(submission_id)
    letter, wake, appended = tried
    if wake:
        parts.waker.wake()
    appended += parts.monitor.appended_elsewhere(shard_of(letter.id, len(parts.appenders)))
    url = f"/dummies/{letter.id}"
    return json_response(
        Accepted(str(submission_id), "queued", url, utc(letter.received_at), appended), 202, {"Location": url}
    )


@blueprint.delete("/dummies/<uuid:submission_id>")
@Operation(
    "Discard a dead letter", responses={204: None}, parameters=("reason",), refusals=(400, 401, 403, 404, 409, 503)
)
def discard(submission_id: UUID) -> Response:
    """Remove a dead letter for good. The `reason`, which must be given, goes to the log with the string's id."""
    reason = text("reason", MAX_REASON_LENGTH)
    if not reason:
        raise ApiProblem("invalid-parameter", "Give the reason in the query: ?reason=….")
    audit = {"operator": operator(), "action": "discard", "id": str(submission_id), "reason": reason}
    log.warning(ACTION_BEGINS, **audit)
    letter = services().dead_letters.discard(str(submission_id))
    if letter is None:
        log.warning(OPERATOR_ACTION, **audit, count=0)
        raise _not_failed(submission_id)
    log.warning(OPERATOR_ACTION, **audit, count=1, refused_because=letter.reason)
    return Response(status=204, headers=NOT_CACHED)


def _not_failed(submission_id: UUID) -> ApiProblem:
    """Return the problem with a string that is not a dead letter, or none that this code can read."""
    key = str(submission_id)
    for everywhere in services().journals.looks:
        [record] = services().journals.records([key], everywhere=everywhere)
        if record and record.failed:
            return ApiProblem("not-failed", UNREADABLE)
        if record or services().reader.states([key]):
            return ApiProblem("not-failed", "Only dead letters can be retried or discarded: check its status.")
    return ApiProblem("unknown-string", "There is no string with this id: check the id.")
