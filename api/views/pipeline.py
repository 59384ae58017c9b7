"""Whether strings get through, and the probes."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response

from api.auth import sees_reasons
from api.http.contract import PartState, Paused, Pipeline, Ready, SetBack
from api.http.openapi import Operation
from api.http.problems import ApiProblem, journal_volatile
from api.http.responses import json_response
from api.process.journal_monitor import Since
from api.process.monitor import Monitor
from api.process.request_threads import RequestThreads
from api.services import Services, services
from core import rollback
from core.counts import Pause

blueprint = Blueprint("pipeline", __name__)


@blueprint.get("/pipeline")
@Operation("Whether strings get through", responses={200: Pipeline})
def pipeline() -> Response:
    """Return what was seen within the last second; a part that is unavailable is reported as such, still with 200.

    Why a string failed may quote it: where reading needs a token, only a request with that token sees the reason.
    """
    (monitor := services().monitor).wait_for_first_look()
    return json_response(_seen(monitor))


@blueprint.get("/healthz")
@Operation("Whether the process lives", responses={200: Ready})
def healthz() -> Response:
    """Return 200 as soon as the process serves; nothing else is checked."""
    return json_response(Ready())


@blueprint.get("/readyz")
@Operation("Whether the process may be sent requests", responses={200: Ready}, refusals=(503,))
def readyz() -> Response:
    """Return 200 once Redis was seen loaded and durable; a later outage does not take the process out of service.

    A Redis that is not durable, or that refuses the process' user or password, makes the process unready while that
    lasts.
    """
    services().monitor.ensure_started()
    return readiness(services())


def liveness(threads: RequestThreads) -> Response:
    """Return the response of a process that can serve; raises ApiProblem for one whose threads are all stuck."""
    if threads.stuck:
        raise ApiProblem("stuck", "Restart this process: none of its threads makes progress.")
    return json_response(Ready())


def readiness(parts: Services) -> Response:
    """Return the response of a process that may be sent requests; raises ApiProblem for one that may not."""
    if parts.draining:
        raise ApiProblem("draining", "Send requests elsewhere: this process is shutting down.", retry_after=1)
    shards = parts.monitor.shards
    if all(shard.durability.refused for shard in shards):
        raise journal_volatile(_volatile(parts.monitor))
    if all(shard.credentials_refused for shard in shards):
        raise ApiProblem(
            "journal-away", "Start this process with the user and password that Redis accepts.", retry_after=1
        )
    if not any(shard.reached for shard in shards):
        raise ApiProblem("journal-away", "Start Redis: it has not yet been seen with its data loaded.", retry_after=1)
    return json_response(Ready())


def _seen(monitor: Monitor) -> Pipeline:
    counts = monitor.counts
    return Pipeline(
        accepting=monitor.accepting,
        waiting=counts.waiting if counts else None,
        failed=counts.failed if counts else None,
        oldest_seconds=counts.oldest_s if counts else None,
        stored_per_second=monitor.rate() if counts else None,
        drain_seconds=monitor.drain_seconds(),
        journal=_part(monitor.journal),
        database=_part(monitor.database),
        workers=_part(monitor.workers) if counts else PartState("unknown"),
        set_back=_set_back(monitor.set_back),
        volatile=_volatile(monitor),
        stored_recently=list(monitor.stored_recently),
        settled_total=max(0, counts.appended - counts.waiting) if counts and not monitor.silent else None,
        worker_count=counts.workers if counts else None,
        set_aside=counts.set_aside if counts else None,
        set_aside_reason=counts.aside_reason if counts and counts.aside_reason and sees_reasons() else None,
        unaccounted=counts.unaccounted if counts else None,
        paused=_paused(counts.paused) if counts and counts.paused else None,
        shards_away=monitor.silent,
        shards_refusing=monitor.refusing,
    )


def _volatile(monitor: Monitor) -> str | None:
    return next((problem for shard in monitor.shards if (problem := shard.durability.problem)), None)


def _set_back(seen: rollback.Rollback | None) -> SetBack | None:
    if seen is None:
        return None
    return SetBack(datetime.fromtimestamp(seen.at_ms / 1000, UTC), seen.before, seen.after)


def _paused(pause: Pause) -> Paused:
    return Paused(datetime.fromtimestamp(pause.at_ms / 1000, UTC), pause.reason)


def _part(since: Since) -> PartState:
    return PartState("unknown" if since.up is None else "up" if since.up else "away", since.at)
