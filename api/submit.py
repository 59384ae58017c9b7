"""Submitting: where the way of a string begins. Next on it is ``core/journal.py``."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from flask import Blueprint, Response, request

from api.answers import answer, utc
from api.bodies import read_key, read_text, texts_of
from api.contract import Accepted, BulkAccepted, BulkRequest, StringStatus, SubmitRequest
from api.ids import key_hash, request_digest, submission_id
from api.openapi import describe
from api.problems import ApiProblem
from api.reading import MAX_BULK_BYTES, body_in_memory
from api.request_ids import nginx_id_of
from api.services import Services, services
from core.journal import MAX_GROUP_BYTES, MAX_GROUP_STRINGS, Record, Unit
from core.submission import Submission

blueprint = Blueprint("submit", __name__)

BULK_REQUESTS_AT_ONCE = 2
BULK_PATIENCE = 2.0
LARGE_BULK = 1024 * 1024
"""Bytes of a body from which on a bulk has the one slot of the large: until it is appended it takes up to six times its
size, since an emoji makes each character of its string take four bytes."""
_bulk_slots = threading.BoundedSemaphore(BULK_REQUESTS_AT_ONCE)
_large_slot = threading.BoundedSemaphore(1)


@blueprint.post("/dummies/")
@describe(
    "Submit one string",
    body={"application/json": SubmitRequest},
    answers={202: Accepted},
    refusals=(400, 413, 415, 422, 503),
)
def submit() -> Response:
    """Accept one string: it is on disk in the journal when this answers 202, and will be stored exactly once."""
    parts = services()
    parts.monitor.check()
    body = accept(parts, read_text(parts.settings.max_text_bytes), read_key(), nginx_id_of(request.environ))
    return answer(body, 202, accepted_headers(body))


def accept(parts: Services, text: str, key: str | None, request_id: str | None) -> Accepted:
    """Append a checked text to the journal; return, once it is on disk, what to answer.

    Raises KeyReused, JournalFull or JournalUnavailable, as the appender does.
    """
    submission = Submission(submission_id(text, key, request_id), text, _now())
    [[record]], appended = parts.appender.append([_unit([submission], key)])
    return _accepted(submission, record, appended)


def accepted_headers(body: Accepted) -> dict[str, str]:
    """Return the headers of such an answer."""
    return {"Location": body.status_url, "Retry-After": "1"}


@blueprint.post("/dummies/bulk")
@describe(
    "Submit many strings",
    body={"application/json": BulkRequest, "application/x-ndjson": str, "text/plain": str},
    answers={202: BulkAccepted},
    refusals=(400, 413, 415, 422, 503),
)
def submit_bulk() -> Response:
    """Accept up to 10,000 strings or 8 MiB: all of them, or with 422 none.

    They come as JSON, as NDJSON with an object ``{"text": "…"}`` a line, or as plain text with a string a line.
    """
    parts = services()
    parts.monitor.check()
    # the slot comes after the body: who sends slowly keeps none from others
    with body_in_memory(MAX_BULK_BYTES) as body, _slot(_large_slot if len(body) > LARGE_BULK else _bulk_slots):
        texts = texts_of(body, parts.settings.max_text_bytes)
        del body
        key, request_id, now = read_key(), nginx_id_of(request.environ), _now()
        submissions = [
            Submission(submission_id(text, key, request_id, index), text, now) for index, text in enumerate(texts)
        ]
        _, appended = parts.appender.append(list(_units(submissions, key)))
    return answer(BulkAccepted(len(submissions), [UUID(s.id) for s in submissions], utc(now), appended), 202)


@contextmanager
def _slot(slots: threading.BoundedSemaphore) -> Iterator[None]:
    if not slots.acquire(timeout=BULK_PATIENCE):
        raise ApiProblem("busy", "Nothing was kept. Send fewer bulk requests at once.", retry_after=2)
    try:
        yield
    finally:
        slots.release()


def _unit(submissions: Sequence[Submission], key: str | None) -> Unit:
    if key is None:
        return Unit(submissions)
    return Unit(submissions, key_hash(key), request_digest([s.id for s in submissions]))


def _units(submissions: Sequence[Submission], key: str | None) -> Iterator[Unit]:
    """Yield the strings of a bulk request in units that each fit a group, all under the whole request's digest."""
    whole = _unit(submissions, key)
    for group in _groups(submissions):
        yield Unit(group, whole.key_hash, whole.digest)


def _groups(submissions: Iterable[Submission]) -> Iterator[list[Submission]]:
    group: list[Submission] = []
    size = 0
    for submission in submissions:
        if group and (len(group) == MAX_GROUP_STRINGS or size + len(submission.text) > MAX_GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(submission)
        size += len(submission.text)
    yield group


def _accepted(submission: Submission, record: Record | None, appended: int) -> Accepted:
    """Return the answer for a string that is new, or (with a record) that waits or has failed already."""
    url = f"/dummies/{submission.id}"
    received_at = record.received_at if record else submission.received_at
    status: StringStatus = "failed" if record and record.failed else "queued"
    return Accepted(UUID(submission.id), status, url, utc(received_at), appended)


def _now() -> int:
    return time.time_ns() // 1000
