"""Submitting strings, one or many."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from flask import Blueprint, Response, request

from api.http.bodies import most_bytes, read_key, read_many, read_one
from api.http.contract import MAX_STRINGS_PER_BULK, Accepted, BulkAccepted, BulkRequest, SubmitRequest
from api.http.openapi import Operation
from api.http.problems import ApiProblem, undecided
from api.http.raw_bodies import MAX_BULK_BYTES, body_in_memory
from api.http.request_ids import TRACE, nginx_id_of
from api.http.responses import accepted_headers, json_response
from api.ids import submission_id
from api.process.places import Places
from api.services import services
from api.strings import all_known
from api.submissions import accept, accept_bulk, ids_of
from core.errors import ReadFailed, ReadsBusy

blueprint = Blueprint("submit", __name__)

CONCURRENT_BULKS = 2
"""Bulks that a process appends at the same time; a single string waits behind all of them."""
WAITING_BULKS = 22
"""Further ones that may wait for that, each in one of the 32 threads, which serves no one else meanwhile."""
_bulks = Places(CONCURRENT_BULKS + WAITING_BULKS, waiting=0, patience=0)
_appended_bulks = Places(CONCURRENT_BULKS, WAITING_BULKS, patience=2.0)


@blueprint.post("/dummies/")
@Operation(
    "Submit one string",
    body={"application/json": SubmitRequest},
    responses={202: Accepted},
    parameters=("Idempotency-Key",),
    refusals=(400, 413, 415, 422, 503),
)
def submit() -> Response:
    """Accept one string: it is on disk in the journal when this answers 202, and will be stored exactly once."""
    parts = services()
    parts.monitor.check()
    most = parts.settings.max_text_bytes
    with body_in_memory(most_bytes(most)) as body:
        submitted = read_one(body, most, partial(_were_accepted, bulk=False))
        del body
        accepted = accept(parts, submitted, read_key(), nginx_id_of(request.environ), _trace())
    return json_response(accepted, 202, accepted_headers(accepted))


@blueprint.post("/dummies/bulk")
@Operation(
    "Submit many strings",
    body={"application/json": BulkRequest, "application/x-ndjson": str, "text/plain": str},
    responses={202: BulkAccepted},
    parameters=("Idempotency-Key",),
    refusals=(400, 413, 415, 422, 503),
)
def submit_bulk() -> Response:
    """Accept up to 10,000 strings or 8 MiB: all of them, or with 422 none.

    They come as JSON, as NDJSON with one object ``{"text": "…"}`` per line, or as plain text with one string per
    line.
    """
    parts = services()
    parts.monitor.check()
    with (
        _one_of(_bulks),
        body_in_memory(MAX_BULK_BYTES, MAX_STRINGS_PER_BULK) as body,
        _one_of(_appended_bulks),
    ):
        submitted = read_many(body, parts.settings.max_text_bytes, partial(_were_accepted, bulk=True))
        del body
        return json_response(accept_bulk(parts, submitted, read_key(), nginx_id_of(request.environ), _trace()), 202)


def _trace() -> str:
    return str(request.environ.get(TRACE, ""))


def _were_accepted(submitted: Sequence[SubmitRequest], indexes: Collection[int], *, bulk: bool) -> bool:
    """Return whether these strings of the request were accepted before: under its key, or from nginx."""
    key, request_id = read_key(), nginx_id_of(request.environ)
    if (key is None and request_id is None) or services().settings.database_read_url is None:
        return False
    ids = ids_of(submitted, key, request_id) if bulk else [submission_id(submitted[0].text, key, request_id)]
    try:
        return all_known([ids[index] for index in indexes])
    except (ReadFailed, ReadsBusy) as error:
        raise undecided(error) from None


@contextmanager
def _one_of(places: Places) -> Iterator[None]:
    if not places.take():
        raise ApiProblem("busy", "Nothing was accepted. Send fewer bulk requests concurrently.", retry_after=2)
    try:
        yield
    finally:
        places.release()
