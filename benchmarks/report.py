"""The results of a run as Markdown: the contenders beside each other, the targets, and the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.figures import Rounds, ratios, summarise
from benchmarks.results import Results
from benchmarks.targets import Verdict, judge_all

CONTENDERS = {
    "ours": "ix-dummies",
    "insert_granian": "insert in the request (SQLAlchemy), granian",
    "insert_flask": "insert in the request (SQLAlchemy), Flask's own server",
    "push": "RPUSH, and a loop that pops one and inserts one",
    "task": "a Celery task per string",
    "bare_append": "limit: a Flask view with one XADD",
    "bare_view": "limit: a Flask view alone",
}
OTHERS = {
    "ours.8.stored": ("8 clients, request to row", "/s"),
    "ours.256.stored": ("256 clients, request to row", "/s"),
    "ours.1kb.stored": ("64 clients, strings of 1,024 characters, request to row", "/s"),
    "paced.rate": ("Half of the top rate: sent", "/s"),
    "bulk.stored": ("Bulk, 10,000 a request, request to row", "/s"),
    "drain.one": ("Draining a backlog, one process", "/s"),
    "drain.two": ("Draining a backlog, two processes", "/s"),
    "limit.unnest": ("Limit: bare `unnest` loop, 1,000 a commit", "/s"),
    "limit.copy": ("Limit: COPY in one commit", "/s"),
    "limit.xadd": ("Limit: redis-benchmark's XADD, 8 clients, 32 a pipeline", "/s"),
    "poll.single.rate": ("Status of a stored string, 8 clients", "/s"),
    "poll.single.p99_ms": ("… p99", "ms"),
    "poll.hundred.rate": ("Status of 100 stored strings, 8 clients", "/s"),
    "poll.hundred.p99_ms": ("… p99", "ms"),
    "history.shallow_p99_ms": ("History, the newest pages of 50, 8 clients, p99", "ms"),
    "history.deep_p99_ms": ("History, pages near the oldest rows, p99", "ms"),
    "cpu.api": ("Processor time a million single strings: API", "s"),
    "cpu.worker": ("… worker", "s"),
    "cpu.redis": ("… Redis", "s"),
    "cpu.postgres": ("… PostgreSQL", "s"),
    "process.api_fresh_mb": ("API process just ready, resident memory", "MB"),
    "large.append_empty": ("Acknowledged by 64 clients, no worker, none waiting before", "/s"),
    "large.append_waiting": ("… 1,000,000 waiting before", "/s"),
    "large.store_empty": ("Draining with one process into an empty table", "/s"),
    "large.store_rows": ("… into one of 10,000,000 rows", "/s"),
    "export.submit_alone": ("Acknowledged by 64 clients beside 10,000,000 rows", "/s"),
    "export.submit_beside": ("… while they are exported", "/s"),
    "export.rows": ("Rows exported, nothing else going on", "/s"),
}
"""What neither the contenders' table nor the targets' shows: key -> name and unit."""


def render(results: Results) -> str:
    """Return all tables."""
    rounds: Rounds = results["figures"]
    parts = [
        _taken(results),
        _contenders(rounds),
        _targets(judge_all(rounds)),
        _others(rounds),
    ]
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


def _taken(results: Results) -> str:
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"Measured {results['taken']}, revision {machine['revision']}, {results['profile']['rounds']} rounds; "
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gb']} GB, Linux {machine['kernel']}; "
        f"{versions}. The load before the run was {machine['load_before']}."
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
        cells = [name]
        for clients in (64, 1):
            stored = f"{contender}.{clients}.stored"
            cells += [_spread(rounds.get(stored)), _times(rounds, f"ours.{clients}.stored", stored)]
            cells += [_median(rounds.get(f"{contender}.{clients}.{p}_ms"), "ms") for p in ("p50", "p99")]
        lines.append(cells)
    return table(header, lines, "l" + "r" * 8)


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
        (name, _spread(rounds[key], "/s" if unit == "/s" else f" {unit}"))
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
