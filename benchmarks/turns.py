"""A turn: a way's clients submit for some seconds, and what they sent is waited for and counted."""

from __future__ import annotations

import time
from typing import NamedTuple

from benchmarks import load
from benchmarks.effort import Effort
from benchmarks.figures import Figures
from benchmarks.stage import Incomplete, Stage
from benchmarks.ways import Way

MANY = 64
MILLION = 1_000_000
OURS_ALONE = {"ours.8": (8, load.SHORTEST_TEXT), "ours.256": (256, load.SHORTEST_TEXT), "ours.1kb": (MANY, 1024)}
"""Clients, and bytes a text, of the turns that only this system has."""


class Turn(NamedTuple):
    """What one turn brought; a way that stores nothing has its answers a second instead of rows."""

    stored_per_s: float
    load: load.Load


def take(stage: Stage, way: Way, clients: int, seconds: float, text_bytes: int = load.SHORTEST_TEXT) -> Turn:
    """Let a way have a turn; all others are idle. Raises LoadFailed or Incomplete."""
    stage.empty(way)
    start = time.time()
    seen = load.submit(way.url, clients, seconds, text_bytes)
    if way.table:
        return Turn(seen.answered / (stage.last_stored(way.table, seen.answered) - start), seen)
    if way.stream and stage.appended(way) != seen.answered:
        raise Incomplete(f"{stage.appended(way)} entries in {way.stream} for {seen.answered} accepted strings")
    return Turn(seen.rate, seen)


def warm_up(stage: Stage, effort: Effort) -> None:
    """Let every way have a turn that does not count: connections are made, code is loaded."""
    for way in stage.ways:
        take(stage, way, MANY, effort.one_s / 2)


def play(stage: Stage, effort: Effort, figures: Figures, number: int) -> None:
    """Let every way have its turn with 64 clients and with 1, and this system some of its own.

    The number of the round decides who begins, so that nobody always follows the same one.
    """
    first = number % len(stage.ways)
    for clients, seconds in ((MANY, effort.many_s), (1, effort.one_s)):
        for way in stage.ways[first:] + stage.ways[:first]:
            before = stage.cpu_seconds()
            turn = take(stage, way, clients, seconds * (way.share if clients == MANY else 1))
            _note(figures, f"{way.key}.{clients}", turn)
            if way is stage.ours and clients == MANY:
                _note_cpu(figures, before, stage.cpu_seconds(), turn.load.answered)
    for key, (clients, text_bytes) in OURS_ALONE.items():
        _note(figures, key, take(stage, stage.ours, clients, effort.many_s, text_bytes))


def _note(figures: Figures, key: str, turn: Turn) -> None:
    figures.add(f"{key}.stored", turn.stored_per_s)
    figures.add(f"{key}.p50_ms", turn.load.p50_ms)
    figures.add(f"{key}.p99_ms", turn.load.p99_ms)


def _note_cpu(figures: Figures, before: dict[str, float], after: dict[str, float], strings: int) -> None:
    for tier, seconds in after.items():
        figures.add(f"cpu.{tier}", (seconds - before[tier]) / strings * MILLION)
