"""The results of a run as Markdown: the contenders beside each other, the targets, and the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.figures import Rounds, ratios, summarise
from benchmarks.profile import SWEEP
from benchmarks.results import Machine, Results
from benchmarks.targets import Verdict, judge_all

CONTENDERS = {
    "ours": "ix-dummies",
    "fronted": "ix-dummies, through nginx",
    "insert": "insert in the request (SQLAlchemy)",
    "push": "RPUSH, and a loop that pops and inserts up to 1,000",
    "task": "a Celery task per string",
    "job": "a procrastinate job per string",
    "bare_append": "limit: a Flask view with one XADD",
    "bare_wsgi": "limit: bare granian, a WSGI function",
}
OURS = ("ours", "fronted")
OTHERS = {
    "ours.1kb.stored": ("64 clients, strings of 1,024 characters, request to row", "/s"),
    "cpu.worker": ("64 clients, processor time each string: worker", "µs"),
    "cpu.redis": ("… Redis", "µs"),
    "cpu.postgres": ("… PostgreSQL", "µs"),
    "journal.one.stored": ("One Redis: 64 clients, request to row", "/s"),
    "journal.one.p99_ms": ("… acknowledged, p99", "ms"),
    "journal.one.cpu.api": ("… processor time each string: API", "µs"),
    "journal.one.cpu.worker": ("… worker", "µs"),
    "journal.one.cpu.redis": ("… Redis", "µs"),
    "journal.one.cpu.postgres": ("… PostgreSQL", "µs"),
    "journal.replica.stored": ("One Redis and a replica: 64 clients, request to row", "/s"),
    "journal.replica.p99_ms": ("… acknowledged, p99", "ms"),
    "journal.replica.cpu.api": ("… processor time each string: API", "µs"),
    "journal.replica.cpu.worker": ("… worker", "µs"),
    "journal.replica.cpu.redis": ("… Redis", "µs"),
    "journal.replica.cpu.postgres": ("… PostgreSQL", "µs"),
    "journal.cluster.stored": ("Three shards, each with a replica: 64 clients, request to row", "/s"),
    "journal.cluster.p99_ms": ("… acknowledged, p99", "ms"),
    "journal.cluster.cpu.api": ("… processor time each string: API", "µs"),
    "journal.cluster.cpu.worker": ("… worker", "µs"),
    "journal.cluster.cpu.redis": ("… Redis", "µs"),
    "journal.cluster.cpu.postgres": ("… PostgreSQL", "µs"),
    "paced.rate": ("Half of the top rate: sent", "/s"),
    "drain.singles.one": ("Draining singles, one process", "/s"),
    "drain.singles.two": ("… two processes", "/s"),
    "drain.bulks.one": ("Draining bulks, one process", "/s"),
    "drain.bulks.two": ("… two processes", "/s"),
    "limit.insert": ("Limit: bare insert loop, 1,000 a commit", "/s"),
    "limit.copy_batches": ("Limit: COPY, 1,000 a commit", "/s"),
    "limit.copy": ("Limit: COPY in one commit", "/s"),
    "limit.xadd": ("Limit: redis-benchmark's XADD, 8 clients, 32 a pipeline", "/s"),
    "poll.single.rate": ("Status of a stored string, 8 clients", "/s"),
    "poll.single.p99_ms": ("… p99", "ms"),
    "poll.hundred.rate": ("Status of 100 stored strings, 8 clients", "/s"),
    "poll.hundred.p99_ms": ("… p99", "ms"),
    "history.shallow_p99_ms": ("History, the newest pages of 50, 8 clients, p99", "ms"),
    "history.deep_p99_ms": ("History, pages near the oldest rows, p99", "ms"),
    "process.api_fresh_mb": ("API process just ready, resident memory", "MB"),
    "large.append_empty": ("Acknowledged by 64 clients, no worker, none waiting before", "/s"),
    "large.append_waiting": ("… 10,000,000 waiting before", "/s"),
    "large.bulk_empty": ("Bulk, request to row, into an empty table", "/s"),
    "large.bulk_rows": ("… into one of 100,000,000 rows", "/s"),
    "large.singles_empty": ("64 clients, request to row, into an empty table", "/s"),
    "large.singles_rows": ("… into one of 100,000,000 rows", "/s"),
    "export.submit_alone": ("Acknowledged by 64 clients beside 100,000,000 rows", "/s"),
    "export.submit_beside": ("… while they are exported", "/s"),
    "export.rows": ("Rows exported, nothing else going on", "/s"),
    "outage.group": ("Strings an append at 1,000/s, as in the outage's backlog", ""),
}
"""What no other table shows: key -> name and unit."""


def render(results: Results) -> str:
    """Return all tables."""
    rounds: Rounds = results["figures"]
    parts = [
        _taken(results),
        _contenders(rounds),
        _sweep(rounds),
        _targets(judge_all(rounds)),
        _others(rounds),
    ]
    parts = [part for part in parts if part]
    parts += [f"Left out: {what}." for what in results["skipped"]]
    return "\n\n".join(parts)


def number(value: float) -> str:
    """Return a figure with three digits, or without a fraction from 100 on."""
    magnitude = abs(value)
    if magnitude >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if magnitude >= 10 else f"{value:.2f}"


def table(header: Sequence[str], lines: Iterable[Sequence[str]], alignment: str) -> str:
    """Return a table; the alignment has l or r for each column."""
    rule = ("--:" if letter == "r" else "---" for letter in alignment)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, list(rule), *lines))


def load_of(machine: Machine) -> str:
    """Say how busy the machine was with other things."""
    others = f"; others took {machine['others']:.1%} of the processors during it" if "others" in machine else ""
    return f"The load before the run was {machine['load_before']}{others}."


def _taken(results: Results) -> str:
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"Measured {results['taken']}, revision {machine['revision']}, {results['profile']['rounds']} rounds; "
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gb']} GB, Linux {machine['kernel']}; "
        f"{versions}. {load_of(machine)}"
    )


def _contenders(rounds: Rounds) -> str:
    measured = ("our speedup", "acknowledged, p50", "p99")
    header = (
        "contender",
        *("64 clients: stored/s (spread)", *measured),
        *("1 client: stored/s (spread)", *measured),
    )
    lines = []
    for contender, name in CONTENDERS.items():
        if f"{contender}.64.stored" not in rounds:
            continue
        cells = [name]
        for clients in (64, 1):
            stored = f"{contender}.{clients}.stored"
            cells += [_spread(rounds.get(stored)), _times(rounds, f"ours.{clients}.stored", stored)]
            cells += [_median(rounds.get(f"{contender}.{clients}.{p}_ms"), "ms") for p in ("p50", "p99")]
        lines.append(cells)
    return table(header, lines, "l" + "r" * 8)


def _sweep(rounds: Rounds) -> str:
    lines = [
        (
            str(clients),
            _spread(rounds[f"sweep.{clients}.stored"]),
            *(_median(rounds[f"sweep.{clients}.{p}_ms"], "ms") for p in ("p50", "p99")),
        )
        for clients in SWEEP
        if f"sweep.{clients}.stored" in rounds
    ]
    return table(("clients", "stored/s (spread)", "acknowledged, p50", "p99"), lines, "rrrr") if lines else ""


def _targets(verdicts: Iterable[Verdict]) -> str:
    lines = []
    for verdict in verdicts:
        reached, answer = "not measured", "-"
        if verdict.reached is not None:
            reached = _spread(verdict.reached, verdict.unit)
            answer = "yes" if verdict.ok else "**no**"
        lines.append((verdict.what, verdict.target, reached, answer))
    return table(("figure", "target", "reached (spread)", ""), lines, "lrrl")


def _others(rounds: Rounds) -> str:
    lines = [
        (name, _spread(rounds[key], f" {unit}" if unit.isalpha() else unit))
        for key, (name, unit) in OTHERS.items()
        if key in rounds
    ]
    return table(("figure", "median (spread)"), lines, "lr")


def _spread(values: Sequence[float] | None, unit: str = "") -> str:
    if not values:
        return "-"
    median, least, most = map(number, summarise(values))
    return f"{median}{unit} ({least} to {most})" if least != most else f"{median}{unit}"


def _median(values: Sequence[float] | None, unit: str) -> str:
    return f"{number(summarise(values).median)} {unit}" if values else "-"


def _times(rounds: Rounds, key: str, other: str) -> str:
    values = ratios(rounds, key, other)
    return f"{number(summarise(values).median)}x" if values else "-"
