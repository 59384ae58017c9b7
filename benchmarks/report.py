"""A run's results as Markdown: the contenders beside each other, the targets, and the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.figures import ratios, summarise

Rounds = Mapping[str, Sequence[float]]

CONTENDERS = {
    "ours": "this system",
    "insert_granian": "insert in the request (SQLAlchemy), granian",
    "insert_flask": "insert in the request (SQLAlchemy), Flask's own server",
    "push": "RPUSH, and a loop that pops one and inserts one",
    "task": "a Celery task per string",
    "bare_append": "limit: a Flask view with one XADD",
    "bare_view": "limit: a Flask view alone",
}
BEGIN, END = "<!-- benchmark: begin, written by make bench -->", "<!-- benchmark: end -->"

OTHERS = {
    "ours.8.stored": ("8 clients, request to row", "/s"),
    "ours.256.stored": ("256 clients, request to row", "/s"),
    "ours.1kb.stored": ("64 clients, strings of 1,024 characters, request to row", "/s"),
    "paced.rate": ("Half of the top rate: sent", "/s"),
    "paced.ack_p99_ms": ("… acknowledged, p99", "ms"),
    "paced.stored_p99_ms": ("… from received to stored, p99", "ms"),
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
    "memory.pending_bytes": ("Redis, a pending string beyond its text", "B"),
    "process.api_start_s": ("API process, from its start to ready", "s"),
    "process.api_fresh_mb": ("API process just ready, resident memory", "MB"),
    "process.api_mb": ("… after this round's load, bulk included", "MB"),
    "process.worker_mb": ("Worker's child after this round's load, resident memory", "MB"),
    "run.ready_s": ("`make run`, from its second start to ready", "s"),
    "large.append_empty": ("Acknowledged by 64 clients, no worker, none waiting before", "/s"),
    "large.append_waiting": ("… 1,000,000 waiting before", "/s"),
    "large.store_empty": ("Draining with one process into an empty table", "/s"),
    "large.store_rows": ("… into one of 10,000,000 rows", "/s"),
    "large.history.shallow_p99_ms": ("History of 10,000,000 rows, the newest pages, p99", "ms"),
    "large.history.deep_p99_ms": ("… pages near the oldest rows, p99", "ms"),
    "export.submit_alone": ("Acknowledged by 64 clients beside 10,000,000 rows", "/s"),
    "export.submit_beside": ("… while they are exported", "/s"),
    "export.rows": ("Rows exported, nothing else going on", "/s"),
    "export.api_mb": ("The API's largest process while it exports, resident memory", "MB"),
    "search.first_ms": ("Search of 10,000,000 rows for what is nowhere, first answer, slowest of 20", "ms"),
}


def render(results: Mapping[str, Any]) -> str:
    """Return all tables."""
    rounds: Rounds = {key: figure["rounds"] for key, figure in results["figures"].items()}
    parts = [
        *_doubts(results["machine"]),
        _ran(results),
        _contenders(rounds),
        _targets(results["targets"]),
        _others(rounds),
    ]
    parts += [f"Left out: {what}." for what in results["skipped"]]
    return "\n\n".join(parts)


def replace_between_markers(document: str, text: str) -> str:
    """Return the document with the text in its place. Raises ValueError where the markers are missing."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the document lacks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def number(value: float) -> str:
    """Return a figure with as many digits as it deserves."""
    magnitude = abs(value)
    if magnitude >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if magnitude >= 10 else f"{value:.2f}"


def _doubts(machine: Mapping[str, Any]) -> Iterable[str]:
    """Yield a warning where something else kept the machine busy."""
    if machine["load_before"] > machine["cores"] / 4:
        yield f"**Do not trust these figures: the load was {machine['load_before']} before the run began.**"


def _ran(results: Mapping[str, Any]) -> str:
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{results['taken']}, revision {machine['revision']}, {results['profile']['rounds']} rounds: "
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gb']} GB, Linux {machine['kernel']}; "
        f"{versions}. The load before it began was {machine['load_before']}."
    )


def _contenders(rounds: Rounds) -> str:
    header = (
        "contender",
        "64 clients: stored/s (spread)",
        "ours is",
        "acknowledged, p50",
        "p99",
        "1 client: stored/s (spread)",
        "ours is",
        "acknowledged, p50",
        "p99",
    )
    lines = []
    for contender, name in CONTENDERS.items():
        cells = [name]
        for clients in (64, 1):
            stored = f"{contender}.{clients}.stored"
            cells += [_spread(rounds.get(stored)), _times(rounds, f"ours.{clients}.stored", stored)]
            cells += [_median(rounds.get(f"{contender}.{clients}.{p}_ms"), "ms") for p in ("p50", "p99")]
        lines.append(cells)
    return _table(header, lines, "l" + "r" * 8)


def _targets(verdicts: Iterable[Mapping[str, Any]]) -> str:
    lines = []
    for verdict in verdicts:
        reached, answer = "not measured", "-"
        if verdict["reached"] is not None:
            reached = _spread([verdict["least"], verdict["reached"], verdict["most"]], verdict["unit"])
            answer = "yes" if verdict["ok"] else "**no**"
        lines.append((verdict["what"], verdict["target"], reached, answer))
    return _table(("figure to reach", "target", "reached (spread)", ""), lines, "lrrl")


def _others(rounds: Rounds) -> str:
    lines = [
        (name, _spread(rounds[key], "/s" if unit == "/s" else f" {unit}"))
        for key, (name, unit) in OTHERS.items()
        if key in rounds
    ]
    return _table(("what", "median (spread)"), lines, "lr")


def _spread(values: Sequence[float] | None, unit: str = "") -> str:
    if not values:
        return "-"
    median, least, most = map(number, summarise(values))
    return f"{median}{unit} ({least} to {most})" if least != most else f"{median}{unit}"


def _median(values: Sequence[float] | None, unit: str) -> str:
    return f"{number(summarise(values).median)} {unit}" if values else "-"


def _times(rounds: Rounds, key: str, other: str) -> str:
    values = ratios(rounds, key, other)
    return f"{number(summarise(values).median)} x" if values else "-"


def _table(header: Sequence[str], lines: Iterable[Sequence[str]], alignment: str) -> str:
    rule = ("--:" if letter == "r" else "---" for letter in alignment)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, list(rule), *lines))
