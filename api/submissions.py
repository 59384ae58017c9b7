"""Accepting strings: the life of a string begins here. Next is ``core/journal.py``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from api.http.contract import Accepted, BulkAccepted, StringStatus, SubmitRequest
from api.http.responses import utc
from api.ids import bulk_first_id, key_hash, request_digest, submission_id
from api.services import Services
from core.append import Unit
from core.ids import counted
from core.journal import MAX_GROUP_BYTES, MAX_GROUP_STRINGS
from core.shards import shard_of


def accept(
    parts: Services, submitted: SubmitRequest, key: str | None, request_id: str | None, trace: str = ""
) -> Accepted:
    """Append a checked string to the journal; return the response once it is on disk.

    ``trace`` is the context of a traced request. The response tells where the same string is queued or failed already.
    Raises KeyReused, JournalFull or JournalUnavailable, as the appender does.
    """
    unit = _unit(submission_id(submitted.text, key, request_id), [submitted.text], key, trace)
    shard = shard_of(unit.first_id, len(parts.appenders))
    request = parts.appender(shard).append([unit])
    status: StringStatus = "failed" if request.earlier and request.earlier.failed else "queued"
    received_at = utc((request.earlier or unit).received_at)
    appended = request.appended + parts.monitor.appended_elsewhere(shard)
    return Accepted(unit.first_id, status, f"/dummies/{unit.first_id}", received_at, appended)


def accept_bulk(
    parts: Services, submitted: Sequence[SubmitRequest], key: str | None, request_id: str | None, trace: str = ""
) -> BulkAccepted:
    """Append checked strings to the journal; return the response once all are on disk. Raises as ``accept`` does."""
    texts = [each.text for each in submitted]
    whole = _unit(bulk_first_id(texts, key, request_id), texts, key, trace)
    shard = shard_of(whole.first_id, len(parts.appenders))
    appended = parts.appender(shard).append(list(_parts(whole))).appended + parts.monitor.appended_elsewhere(shard)
    return BulkAccepted(len(texts), counted(whole.first_id, len(texts)), utc(whole.received_at), appended)


def ids_of(submitted: Sequence[SubmitRequest], key: str | None, request_id: str | None) -> list[str]:
    """Return the ids of the strings of a bulk."""
    first_id = bulk_first_id([each.text for each in submitted], key, request_id)
    return counted(first_id, len(submitted))


def _unit(first_id: str, texts: Sequence[str], key: str | None, trace: str) -> Unit:
    now = time.time_ns() // 1000
    if key is None:
        return Unit(first_id, texts, now, trace=trace)
    return Unit(first_id, texts, now, key_hash(key), request_digest(first_id), trace)


def _parts(whole: Unit) -> Iterator[Unit]:
    """Yield a bulk in parts that each fit a group of the journal."""
    start = size = 0
    for end, text in enumerate(whole.texts):
        if end > start and (end - start == MAX_GROUP_STRINGS or size + len(text) > MAX_GROUP_BYTES):
            yield whole.part(start, end)
            start, size = end, 0
        size += len(text)
    yield whole.part(start, len(whole.texts))
