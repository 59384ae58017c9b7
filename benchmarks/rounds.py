"""A round: each contender in turn is put under load for some seconds, and what it stored is counted."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import NamedTuple

from benchmarks import load
from benchmarks.contenders import Contender
from benchmarks.environment import Environment, Incomplete, cpu_seconds
from benchmarks.figures import Figures, summarise
from benchmarks.profile import SWEEP, Profile

MANY = 64
MILLION = 1_000_000


class Trial(NamedTuple):
    """A contender under load for some seconds; one that stores nothing has responses a second instead of rows."""

    stored_per_s: float
    load: load.Load


def run_trial(
    environment: Environment,
    contender: Contender,
    clients: int,
    seconds: float,
    text_bytes: int = load.SHORTEST_TEXT,
) -> Trial:
    """Put one contender, emptied before, under load while the others are idle. Raises LoadFailed or Incomplete."""
    environment.empty(contender)
    start = time.time()
    seen = load.submit(contender.url, clients, seconds, text_bytes)
    if contender.table:
        return Trial(seen.answered / (environment.last_stored(contender.table, seen.answered) - start), seen)
    if contender.stream and (entries := environment.stream_length(contender)) != seen.answered:
        raise Incomplete(f"{entries} entries in {contender.stream} for {seen.answered} accepted strings")
    return Trial(seen.rate, seen)


def warm_up(environment: Environment, profile: Profile) -> None:
    """Run a trial of every contender that does not count: connections are made, code is loaded."""
    for contender in environment.contenders:
        run_trial(environment, contender, MANY, profile.one_s / 2)


def measure(environment: Environment, profile: Profile, figures: Figures, number: int) -> None:
    """Measure every contender with 64 clients and with 1, and this system with other loads as well.

    The order rotates with the round's number, so that no contender always follows the same one; the clients of the
    sweep alternately grow and fall in number.
    """
    first = number % len(environment.contenders)
    for clients, seconds in ((MANY, profile.many_s), (1, profile.one_s)):
        for contender in environment.contenders[first:] + environment.contenders[:first]:
            before = cpu_seconds(environment.pids())
            share = contender.share if clients == MANY else 1
            trial = run_trial(environment, contender, clients, seconds * share)
            _record(figures, f"{contender.key}.{clients}", trial)
            if contender is environment.ours and clients == MANY:
                record_cpu(figures, "cpu", before, cpu_seconds(environment.pids()), trial.load.answered)
    _record(figures, "ours.1kb", run_trial(environment, environment.ours, MANY, profile.many_s, 1024))
    for clients in SWEEP if number % 2 else reversed(SWEEP):
        _record(figures, f"sweep.{clients}", run_trial(environment, environment.ours, clients, profile.sweep_s))


def conclude_sweep(figures: Figures) -> None:
    """Add the worst step of the sweep: the rate with twice as many clients over the rate before, of the medians."""
    rates = [summarise(figures.rounds[f"sweep.{clients}.stored"]).median for clients in SWEEP]
    figures.add("sweep.worst_step", min(after / before for before, after in pairwise(rates)))


def _record(figures: Figures, key: str, trial: Trial) -> None:
    figures.add(f"{key}.stored", trial.stored_per_s)
    figures.add(f"{key}.p50_ms", trial.load.p50_ms)
    figures.add(f"{key}.p99_ms", trial.load.p99_ms)


def record_cpu(figures: Figures, key: str, before: dict[str, float], after: dict[str, float], strings: int) -> None:
    """Add the processor time that each tier took for a million strings, in seconds, or for one, in µs."""
    for tier, seconds in after.items():
        figures.add(f"{key}.{tier}", (seconds - before[tier]) / strings * MILLION)
