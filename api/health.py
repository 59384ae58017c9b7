"""Readiness and liveness of a process: what the probes are answered, on whichever port."""

from __future__ import annotations

from flask import Response

from api.http.contract import Ready
from api.http.problems import ApiProblem, journal_volatile
from api.http.responses import answer
from api.process.request_threads import RequestThreads
from api.services import Services


def readiness(parts: Services) -> Response:
    """Return the answer of a process that may be sent requests; raises ApiProblem for one that may not."""
    if parts.draining:
        raise ApiProblem("draining", "Send requests elsewhere: this process is about to end.", retry_after=1)
    if parts.monitor.durability.refused:
        raise journal_volatile(parts.monitor.durability.problem)
    if not parts.monitor.reached:
        raise ApiProblem("journal-away", "Start Redis: it was not seen with its data loaded yet.", retry_after=1)
    return answer(Ready())


def liveness(threads: RequestThreads) -> Response:
    """Return the answer of a process that can serve; raises ApiProblem for one whose threads are all stuck."""
    if threads.stuck:
        raise ApiProblem("stuck", "Restart this process: none of its threads gets on with its request.")
    return answer(Ready())
