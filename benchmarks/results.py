"""The results of a run, kept in benchmarks/results.json, and whether they can be trusted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from benchmarks.figures import Figures
from benchmarks.profile import Profile

Results = Mapping[str, Any]
Machine = Mapping[str, Any]

LOAD_PER_CORE = 0.25
"""The load average per core, before a run, above which its figures are not trusted."""

MOST_OTHERS = 0.05
"""The part of the processors that others may take during a run whose figures are trusted."""


def collect(machine: Machine, profile: Profile, figures: Figures) -> dict[str, Any]:
    """Return the results of a run: the machine, the profile, and each figure's value in every round."""
    return {
        "taken": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": dict(machine),
        "profile": profile._asdict(),
        "figures": figures.rounds,
        "skipped": figures.skipped,
    }


def load_limit(machine: Machine) -> float:
    """Return the highest load average before a run at which its figures are trusted."""
    return float(machine["cores"] * LOAD_PER_CORE)


def is_busy(machine: Machine) -> bool:
    """Return whether something else kept the machine busy."""
    return bool(machine["load_before"] > load_limit(machine))


def doubts(machine: Machine) -> list[str]:
    """Return why the figures cannot be trusted; empty if they can."""
    found = []
    if is_busy(machine):
        found.append(f"the load was {machine['load_before']} before the run, the limit is {load_limit(machine):g}")
    if machine.get("others", 0) > MOST_OTHERS:
        found.append(f"others took {machine['others']:.1%} of the processors, the limit is {MOST_OTHERS:.0%}")
    if not re.fullmatch("[0-9a-f]+", machine["revision"]):
        found.append(f"the code measured is not a commit (revision: {machine['revision']})")
    return found
