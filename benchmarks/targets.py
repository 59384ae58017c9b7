"""The targets, each a bound for a figure or for the ratio of two, and whether a run reached them."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.figures import Rounds, Summary, ratios, summarise


class Target(NamedTuple):
    """A bound for the figure ``key``, or for its ratio to the figure ``other``."""

    what: str
    sign: str
    """≥ or ≤."""
    bound: float
    key: str
    other: str | None = None
    unit: str = ""


class Verdict(NamedTuple):
    """A target and whether it was reached; ``reached`` and ``ok`` are None if it was not measured."""

    what: str
    target: str
    unit: str
    reached: Summary | None
    ok: bool | None


TARGETS = (
    Target(
        "64 clients, request to row: beside a Celery task per string", "≥", 20, "ours.64.stored", "task.64.stored", "x"
    ),
    Target("… beside an insert in the request, granian", "≥", 4.5, "ours.64.stored", "insert_granian.64.stored", "x"),
    Target("… beside the same, Flask's own server", "≥", 10, "ours.64.stored", "insert_flask.64.stored", "x"),
    Target("… beside a bare Flask view", "≥", 0.45, "ours.64.stored", "bare_view.64.stored", "x"),
    Target(
        "Acknowledgement at 1 client, p50: beside a bare XADD", "≤", 2, "ours.1.p50_ms", "bare_append.1.p50_ms", "x"
    ),
    Target("… p99", "≤", 4, "ours.1.p99_ms", "bare_append.1.p99_ms", "x"),
    Target("Acknowledgement at half of the top rate, p99", "≤", 15, "paced.ack_p99_ms", unit=" ms"),
    Target("Received to stored at half of the top rate, p99", "≤", 100, "paced.stored_p99_ms", unit=" ms"),
    Target("Bulk, request to row: beside the bare unnest loop", "≥", 0.35, "bulk.stored", "limit.unnest", "x"),
    Target("Draining with one process: beside the bare unnest loop", "≥", 0.5, "drain.one", "limit.unnest", "x"),
    Target("Draining with two processes: beside one", "≥", 1.4, "drain.two", "drain.one", "x"),
    Target(
        "Appending with 1,000,000 waiting: beside none", "≥", 0.9, "large.append_waiting", "large.append_empty", "x"
    ),
    Target("Storing with 10,000,000 rows: beside none", "≥", 0.75, "large.store_rows", "large.store_empty", "x"),
    Target("History with 10,000,000 rows, newest pages, p99", "≤", 20, "large.history.shallow_p99_ms", unit=" ms"),
    Target("… oldest pages, p99", "≤", 20, "large.history.deep_p99_ms", unit=" ms"),
    Target(
        "Submitting beside an export of 10,000,000 rows: beside none",
        "≥",
        0.8,
        "export.submit_beside",
        "export.submit_alone",
        "x",
    ),
    Target("… the API's largest process meanwhile, resident memory", "≤", 150, "export.api_mb", unit=" MB"),
    Target(
        "Searching 10,000,000 rows for what none has, first response, slowest of 20",
        "≤",
        300,
        "search.first_ms",
        unit=" ms",
    ),
    Target("Redis, memory of a pending string beyond its text", "≤", 250, "memory.pending_bytes", unit=" B"),
    Target("`make run`, second start until ready", "≤", 6, "run.ready_s", unit=" s"),
    Target("API process, start until ready", "≤", 1, "process.api_start_s", unit=" s"),
    Target("API process after load, resident memory", "≤", 90, "process.api_mb", unit=" MB"),
    Target("Worker child process after load, resident memory", "≤", 90, "process.worker_mb", unit=" MB"),
)


def judge(target: Target, rounds: Rounds) -> Verdict:
    """Judge a target by the median of the rounds."""
    bound = f"{target.sign} {target.bound:g}{target.unit}"
    values = ratios(rounds, target.key, target.other) if target.other else rounds.get(target.key, ())
    if not values:
        return Verdict(target.what, bound, target.unit, None, None)
    reached = summarise(values)
    ok = reached.median >= target.bound if target.sign == "≥" else reached.median <= target.bound
    return Verdict(target.what, bound, target.unit, reached, ok)


def judge_all(rounds: Rounds) -> list[Verdict]:
    """Judge every target."""
    return [judge(target, rounds) for target in TARGETS]
