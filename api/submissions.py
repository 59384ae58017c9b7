"""Accepting strings: the life of a string begins here. Next is ``core/journal.py``."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from api.http.contract import Accepted, BulkAccepted, StringStatus, SubmitRequest
from api.http.responses import utc
from api.ids import key_hash, request_digest, submission_id
from api.services import Services
from core.journal import MAX_GROUP_BYTES, MAX_GROUP_STRINGS, Record, Unit
from core.submission import Submission


def accept(parts: Services, submitted: SubmitRequest, key: str | None, request_id: str | None) -> Accepted:
    """Append a checked string to the journal; return the response once it is on disk.

    Raises KeyReused, JournalFull or JournalUnavailable, as the appender does.
    """
    submission = _submission(submitted, submission_id(submitted.text, key, request_id), _now())
    [[record]], appended = parts.appender.append([_unit([submission], key)])
    return _accepted(submission, record, appended)


def accept_bulk(
    parts: Services, submitted: Sequence[SubmitRequest], key: str | None, request_id: str | None
) -> BulkAccepted:
    """Append checked strings to the journal; return the response once all are on disk. Raises as ``accept`` does."""
    now = _now()
    submissions = [
        _submission(each, submission_id(each.text, key, request_id, index), now) for index, each in enumerate(submitted)
    ]
    _, appended = parts.appender.append(list(_units(submissions, key)))
    return BulkAccepted(len(submissions), [UUID(s.id) for s in submissions], utc(now), appended)


def _submission(submitted: SubmitRequest, id_: str, now: int) -> Submission:
    return Submission(id_, submitted.text, now)


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
    """Return the response for a string that is new, or (with a record) that waits or has failed already."""
    url = f"/dummies/{submission.id}"
    received_at = record.received_at if record else submission.received_at
    status: StringStatus = "failed" if record and record.failed else "queued"
    return Accepted(UUID(submission.id), status, url, utc(received_at), appended)


def _now() -> int:
    return time.time_ns() // 1000
