"""Accepting strings: the life of a string begins here. Next is ``core/journal.py``."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from msgspec import convert

from api.http.contract import Accepted, BulkAccepted, StringStatus, SubmitRequest
from api.http.responses import utc
from api.ids import key_hash, request_digest, submission_id
from api.services import Services
from core.journal import MAX_GROUP_BYTES, MAX_GROUP_STRINGS, Unit
from core.submission import Submission


def accept(
    parts: Services, submitted: SubmitRequest, key: str | None, request_id: str | None, trace: str = ""
) -> Accepted:
    """Append a checked string to the journal; return the response once it is on disk.

    ``trace`` is the context of a traced request. The response tells where the same string is queued or failed already.
    Raises KeyReused, JournalFull or JournalUnavailable, as the appender does.
    """
    submission = _submission(submitted, key, request_id, _now())
    request = parts.appender.append([_unit([submission], key, trace)])
    earlier = request.earlier and request.earlier.get(submission.id)
    status: StringStatus = "failed" if earlier and earlier.failed else "queued"
    received_at = utc((earlier or submission).received_at)
    return Accepted(convert(submission.id, UUID), status, f"/dummies/{submission.id}", received_at, request.appended)


def accept_bulk(
    parts: Services, submitted: Sequence[SubmitRequest], key: str | None, request_id: str | None, trace: str = ""
) -> BulkAccepted:
    """Append checked strings to the journal; return the response once all are on disk. Raises as ``accept`` does."""
    now = _now()
    submissions = [_submission(each, key, request_id, now, index) for index, each in enumerate(submitted)]
    whole = _unit(submissions, key, trace)
    units = [replace(whole, submissions=group) for group in _groups(submissions)]
    appended = parts.appender.append(units).appended
    return BulkAccepted(len(submissions), [convert(s.id, UUID) for s in submissions], utc(now), appended)


def id_of(submitted: SubmitRequest, key: str | None, request_id: str | None, index: int | None = None) -> str:
    """Return the id of a checked string; ``index`` is its position in a bulk request."""
    return submission_id(submitted.text, key, request_id, index)


def _submission(
    submitted: SubmitRequest, key: str | None, request_id: str | None, now: int, index: int | None = None
) -> Submission:
    return Submission(id_of(submitted, key, request_id, index), submitted.text, now)


def _unit(submissions: Sequence[Submission], key: str | None, trace: str) -> Unit:
    if key is None:
        return Unit(submissions, trace=trace)
    return Unit(submissions, key_hash(key), request_digest([s.id for s in submissions]), trace)


def _groups(submissions: Iterable[Submission]) -> Iterator[list[Submission]]:
    """Yield the strings of a bulk request in parts that each fit a group of the journal."""
    group: list[Submission] = []
    size = 0
    for submission in submissions:
        if group and (len(group) == MAX_GROUP_STRINGS or size + len(submission.text) > MAX_GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(submission)
        size += len(submission.text)
    yield group


def _now() -> int:
    return time.time_ns() // 1000
