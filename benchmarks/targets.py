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
    Target("64 clients, request to row: beside bare granian", "≥", 0.33, "ours.64.stored", "bare_wsgi.64.stored", "x"),
    Target("… the API's processor time, each string", "≤", 95, "cpu.api", unit=" µs"),
    Target("8 clients, request to row", "≥", 4_500, "sweep.8.stored", unit="/s"),
    Target("… acknowledged, p50", "≤", 1.8, "sweep.8.p50_ms", unit=" ms"),
    Target("Twice as many clients, from 1 to 256: the worst step's rate", "≥", 0.95, "sweep.worst_step", unit="x"),
    Target("Acknowledgement at half of the top rate, p99", "≤", 6, "paced.ack_p99_ms", unit=" ms"),
    Target("Received to stored at half of the top rate, p99", "≤", 20, "paced.stored_p99_ms", unit=" ms"),
    Target("Bulk, 10,000 a request, request to row", "≥", 93_600, "bulk.stored", unit="/s"),
    Target("The worker's insert, one process, 1,000 a commit", "≥", 102_000, "insert.store", unit="/s"),
    Target("… beside COPY, 1,000 a commit", "≥", 0.7, "insert.store", "limit.copy_batches", "x"),
    Target("Draining singles with one process: beside that insert", "≥", 0.8, "drain.singles.one", "insert.store", "x"),
    Target("… with two processes: beside one", "≥", 1.3, "drain.singles.two", "drain.singles.one", "x"),
    Target("Draining bulks with one process: beside that insert", "≥", 0.8, "drain.bulks.one", "insert.store", "x"),
    Target("… with two processes: beside one", "≥", 1.3, "drain.bulks.two", "drain.bulks.one", "x"),
    Target("Redis, memory of a waiting single beyond its text", "≤", 110, "memory.single", unit=" B"),
    Target("… with 10,000,000 waiting", "≤", 110, "memory.single.large", unit=" B"),
    Target("… with an Idempotency-Key, in its first minute", "≤", 110, "memory.keyed", unit=" B"),
    Target("… with 10,000,000 waiting", "≤", 110, "memory.keyed.large", unit=" B"),
    Target("Redis, memory of a waiting string of a bulk beyond its text", "≤", 30, "memory.bulk", unit=" B"),
    Target("… with 10,000,000 waiting", "≤", 30, "memory.bulk.large", unit=" B"),
    Target(
        "64 clients, each string on a replica too: beside one Redis",
        "≥",
        0.75,
        "journal.replica.stored",
        "journal.one.stored",
        "x",
    ),
    Target("API process while it gets ten bulks of 8 MiB, peak", "≤", 220, "process.api_bulk_peak_mb", unit=" MB"),
    Target("… after them, resident memory", "≤", 85, "process.api_bulk_mb", unit=" MB"),
    Target("Worker child process after load, resident memory", "≤", 90, "process.worker_mb", unit=" MB"),
    Target("API process, start until ready", "≤", 1, "process.api_start_s", unit=" s"),
    Target("`make run`, second start until ready", "≤", 6, "run.ready_s", unit=" s"),
    Target(
        "Appending with 10,000,000 waiting: beside none", "≥", 0.9, "large.append_waiting", "large.append_empty", "x"
    ),
    Target("Bulk with 100,000,000 rows: beside none", "≥", 0.75, "large.bulk_rows", "large.bulk_empty", "x"),
    Target("History with 100,000,000 rows, newest pages, p99", "≤", 20, "large.history.shallow_p99_ms", unit=" ms"),
    Target("… oldest pages, p99", "≤", 20, "large.history.deep_p99_ms", unit=" ms"),
    Target(
        "Submitting beside an export of these rows: beside none",
        "≥",
        0.8,
        "export.submit_beside",
        "export.submit_alone",
        "x",
    ),
    Target("… the API's largest process meanwhile, resident memory", "≤", 150, "export.api_mb", unit=" MB"),
    Target(
        "Searching these rows for what none has, first response, slowest of 20", "≤", 300, "search.first_ms", unit=" ms"
    ),
    Target("After an hour's outage at 1,000/s: Redis' memory", "≤", 450, "outage.redis_mb", unit=" MB"),
    Target("… until the backlog is drained, beside 1,000/s", "≤", 60, "outage.drain_s", unit=" s"),
)


def judge(target: Target, rounds: Rounds) -> Verdict:
    """Judge a target by the median of the rounds."""
    bound = f"{target.sign} {target.bound:,g}{target.unit}"
    values = ratios(rounds, target.key, target.other) if target.other else rounds.get(target.key, ())
    if not values:
        return Verdict(target.what, bound, target.unit, None, None)
    reached = summarise(values)
    ok = reached.median >= target.bound if target.sign == "≥" else reached.median <= target.bound
    return Verdict(target.what, bound, target.unit, reached, ok)


def judge_all(rounds: Rounds) -> list[Verdict]:
    """Judge every target."""
    return [judge(target, rounds) for target in TARGETS]
