"""Whether strings get through, and the probes."""

from __future__ import annotations

from flask import Blueprint, Response

from api.answers import answer
from api.contract import PartState, Pipeline, Ready
from api.monitor import Since
from api.openapi import describe
from api.problems import ApiProblem
from api.services import services

blueprint = Blueprint("pipeline", __name__)


@blueprint.get("/pipeline")
@describe("Whether strings get through", answers={200: Pipeline})
def pipeline() -> Response:
    """Answer with what was seen within the last second; parts that are away are said to be, with 200."""
    monitor = services().monitor
    monitor.wait_for_first_look()
    counts = monitor.counts
    return answer(
        Pipeline(
            accepting=bool(monitor.journal.up and not monitor.full),
            waiting=counts.waiting if counts else None,
            failed=counts.failed if counts else None,
            oldest_seconds=counts.oldest_s if counts else None,
            stored_per_second=monitor.rate() if counts else None,
            drain_seconds=monitor.drain_seconds(),
            journal=_part(monitor.journal),
            database=_part(monitor.database),
            workers=_part(monitor.workers) if counts else PartState("unknown"),
            worker_count=counts.workers if counts else None,
        )
    )


@blueprint.get("/healthz")
@describe("Whether the process lives", answers={200: Ready})
def healthz() -> Response:
    """Answer as soon as the process serves; nothing else is looked at."""
    return answer(Ready())


@blueprint.get("/readyz")
@describe("Whether the process may be sent requests", answers={200: Ready}, refusals=(503,))
def readyz() -> Response:
    """Answer 200 once Redis was seen loaded and durable; a later outage does not take the process out of service."""
    if services().draining:
        raise ApiProblem("draining", "Send requests elsewhere: this process is about to end.", retry_after=1)
    monitor = services().monitor
    monitor.ensure_started()
    if not monitor.durable:
        raise ApiProblem(
            "journal-away",
            "Start Redis with appendonly yes: it was not seen loaded and durable yet.",
            retry_after=1,
        )
    return answer(Ready())


def _part(since: Since) -> PartState:
    return PartState("unknown" if since.up is None else "up" if since.up else "away", since.at)
