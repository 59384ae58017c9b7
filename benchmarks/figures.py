"""Figures: for each key its values by round, and their summary."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Rounds = Mapping[str, Sequence[float]]
"""Key -> value in each round."""


class Summary(NamedTuple):
    """The median of the rounds and their spread."""

    median: float
    least: float
    most: float


def summarise(values: Sequence[float]) -> Summary:
    """Return median and spread."""
    return Summary(statistics.median(values), min(values), max(values))


def ratios(rounds: Rounds, key: str, other: str) -> list[float]:
    """Return one figure divided by the other for each round; empty if either was not measured.

    Within a round both were measured shortly after each other, so a longer disturbance of the machine affects both.
    """
    return [one / another for one, another in zip(rounds.get(key, ()), rounds.get(other, ()), strict=False)]


class Figures:
    """Collects what is measured in ``rounds``, and in ``skipped`` what was left out and why."""

    def __init__(self) -> None:
        self.rounds: dict[str, list[float]] = {}
        self.skipped: list[str] = []

    def add(self, key: str, value: float) -> None:
        """Record a figure and print it."""
        self.rounds.setdefault(key, []).append(value)
        print(f"  {key}: {value:,.2f}", flush=True)

    def skip(self, what: str) -> None:
        """Record and print, once, what cannot be measured here."""
        if what not in self.skipped:
            self.skipped.append(what)
            print(f"SKIPPED: {what}", flush=True)
