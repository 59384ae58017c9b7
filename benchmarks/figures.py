"""Figures: for each key the values of the rounds, and what can be said of them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Summary(NamedTuple):
    """The middle of the rounds, and how far they lie apart."""

    median: float
    least: float
    most: float


def summarise(rounds: Sequence[float]) -> Summary:
    """Return median and spread."""
    return Summary(statistics.median(rounds), min(rounds), max(rounds))


def ratios(rounds: Mapping[str, Sequence[float]], key: str, other: str) -> list[float]:
    """Return in each round the one figure divided by the other; nothing where either was not measured.

    The two of a round were measured right after each other, so what disturbs the machine for longer disturbs both.
    """
    return [one / another for one, another in zip(rounds.get(key, ()), rounds.get(other, ()), strict=False)]


class Figures:
    """Collects what is measured: ``rounds`` holds it by key, ``skipped`` says what was left out and why."""

    def __init__(self) -> None:
        self.rounds: dict[str, list[float]] = {}
        self.skipped: list[str] = []

    def add(self, key: str, value: float) -> None:
        """Note a figure, and show it."""
        self.rounds.setdefault(key, []).append(value)
        print(f"  {key}: {value:,.2f}", flush=True)

    def skip(self, what: str) -> None:
        """Note what cannot be measured here, once, and say so at once."""
        if what not in self.skipped:
            self.skipped.append(what)
            print(f"SKIPPED: {what}", flush=True)
