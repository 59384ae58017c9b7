"""Results: what a run leaves behind, as JSON, and what is made of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import chart, report
from benchmarks.figures import Figures, summarise
from benchmarks.profile import Profile
from benchmarks.targets import judge_all
from local.system import ROOT

QUICK_FOLDER = ROOT / ".local" / "benchmarks"
"""A quick run's figures say little; they do not take the place of others."""


def collect(machine: Mapping[str, Any], profile: Profile, figures: Figures) -> dict[str, Any]:
    """Return a run's results: each round's figures, their medians and spreads, and the targets."""
    return {
        "taken": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": dict(machine),
        "profile": profile._asdict(),
        "figures": {key: {"rounds": rounds, **summarise(rounds)._asdict()} for key, rounds in figures.rounds.items()},
        "targets": [verdict._asdict() for verdict in judge_all(figures.rounds)],
        "skipped": figures.skipped,
    }


def publish(results: Mapping[str, Any], root: Path = ROOT) -> list[Path]:
    """Write the JSON, the chart and the tables; return where they are. A quick run writes into .local/ only."""
    if results["profile"]["name"] == "quick":
        folder = QUICK_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        document = report.replace_between_markers(f"{report.BEGIN}{report.END}\n", report.render(results))
        paths = [folder / name for name in ("results.json", "benchmark.svg", "performance.md")]
    else:
        paths = [
            root / "benchmarks" / "results.json",
            *(root / "docs" / n for n in ("benchmark.svg", "performance.md")),
        ]
        document = report.replace_between_markers(paths[2].read_text(encoding="utf-8"), report.render(results))
    texts = (json.dumps(results, indent=1, ensure_ascii=False) + "\n", chart.draw(results), document)
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    return paths
