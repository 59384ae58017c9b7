"""Groups of dead letters over HTTP, for operators: count them by reason, retry or discard a whole group."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack

import msgspec
import structlog
from flask import Blueprint, Response

from api.auth import operator, operators_only
from api.http.bodies import read_object
from api.http.contract import Problem
from api.http.group_contract import DiscardGroups, FailedGroup, FailedGroups, GroupProgress, RetryGroups
from api.http.openapi import Operation
from api.http.parameters import MAX_SCAN_CURSOR, integer
from api.http.problems import INTERNAL, ApiProblem, problem_of
from api.http.responses import NOT_CACHED, encode, json_response
from api.services import Services, services
from core.dead_letter_groups import PIECE, Progress

log = structlog.get_logger()
blueprint = Blueprint("groups", __name__)
blueprint.before_request(operators_only)

MAX_BYTES = 1024 * 1024
COUNTING_BUDGET = 1.0
"""Seconds after which a response counts only the dead letters looked at until then."""
LINE_EVERY = 0.5
CONCURRENT_RUNS = 2
REST_IS_LEFT = (
    f"What is counted is done, and up to {PIECE} more may be."
    " Send the request again for the rest: nothing is done twice."
)
_NDJSON = "application/x-ndjson"
_retried = msgspec.json.Decoder(RetryGroups)
_discarded = msgspec.json.Decoder(DiscardGroups)
_run_slots = threading.BoundedSemaphore(CONCURRENT_RUNS)


@blueprint.get("/dummies/failed/reasons")
@Operation(
    "Dead letters by reason", responses={200: FailedGroups}, parameters=("cursor",), refusals=(400, 401, 403, 503)
)
def failed_reasons() -> Response:
    """Return the number of dead letters per reason; of very many, those counted within a second."""
    counts = services().groups.count(integer("cursor", MAX_SCAN_CURSOR) or 0, COUNTING_BUDGET)
    largest_first = sorted(counts.reasons.items(), key=lambda group: -group[1])
    items = [FailedGroup(reason, count) for reason, count in largest_first]
    return json_response(
        FailedGroups(items, str(counts.cursor) if counts.cursor else None, counts.looked_at, counts.total)
    )


@blueprint.post("/dummies/failed/retry")
@Operation(
    "Try groups of dead letters again",
    body={"application/json": RetryGroups},
    responses={200: {_NDJSON: GroupProgress}},
    refusals=(400, 401, 403, 413, 415, 422, 503),
)
def retry_groups() -> Response:
    """Put the dead letters with one of these reasons back into the journal; they keep their ids.

    With `q`, only those whose text or reason contains it. The response is NDJSON: a line of progress at least every
    second, of which the last has `complete`. The run continues while the response is read. One that breaks off, or is
    not complete, has done a part: send it again, which does nothing twice.
    """
    parts = services()
    wanted = read_object(_retried, MAX_BYTES, '{"reasons": ["…"]} or {"reasons": "all"}')
    parts.monitor.check()
    run = parts.groups.retry(_chosen(wanted.reasons), parts.waker.wake, operator(), wanted.q or "")
    return _stream(parts, run, parts.monitor.check)


@blueprint.post("/dummies/failed/discard")
@Operation(
    "Discard groups of dead letters",
    body={"application/json": DiscardGroups},
    responses={200: {_NDJSON: GroupProgress}},
    refusals=(400, 401, 403, 413, 415, 422, 503),
)
def discard_groups() -> Response:
    """Remove the dead letters with one of these reasons for good; the log keeps their ids, and `why`.

    `q` and the response are like those of a retry.
    """
    parts = services()
    wanted = read_object(_discarded, MAX_BYTES, '{"reasons": ["…"], "why": "…"}')
    run = parts.groups.discard(_chosen(wanted.reasons), wanted.why, operator(), wanted.q or "")
    return _stream(parts, run, lambda: None)


def _chosen(wanted: list[str] | str) -> frozenset[str] | None:
    return None if isinstance(wanted, str) else frozenset(wanted)


def _stream(parts: Services, run: Generator[Progress], check: Callable[[], None]) -> Response:
    """Stream the progress of a run, which stops where it is when the client disconnects."""
    if not _run_slots.acquire(blocking=False):
        raise ApiProblem("busy", "Retry later: others are in progress.", retry_after=10)
    with ExitStack() as slot:
        slot.callback(_run_slots.release)
        slot.callback(run.close)  # it logs how far it came, when the client is gone as well
        beginning = next(run)
        headers = {**NOT_CACHED, "X-Accel-Buffering": "no"}
        response = Response(_lines(parts, beginning, run, check), headers=headers, content_type=_NDJSON)
        response.call_on_close(slot.pop_all().close)
    return response


def _lines(parts: Services, beginning: Progress, run: Iterator[Progress], check: Callable[[], None]) -> Iterator[bytes]:
    yield _line(beginning)
    progress, problem, said_at = beginning, None, time.monotonic()
    try:
        for progress in run:
            if time.monotonic() > said_at + LINE_EVERY:
                yield _line(progress)
                said_at = time.monotonic()
            _end_when_draining(parts)
            check()
    except Exception as error:  # a response that has begun can only say so
        name = problem_of(error).name
        problem = ApiProblem(name, REST_IS_LEFT).body()
        log.warning("groups of dead letters left unfinished", left=progress.left, reason=name)
        if name == INTERNAL:
            log.exception("groups of dead letters failed")
    yield _line(progress, complete=problem is None, problem=problem)


def _end_when_draining(parts: Services) -> None:
    if parts.draining:
        raise ApiProblem("draining", "This process is shutting down.")


def _line(progress: Progress, *, complete: bool | None = None, problem: Problem | None = None) -> bytes:
    line = GroupProgress(progress.done, progress.skipped, progress.left, complete, problem)
    return encode(line) + b"\n"
