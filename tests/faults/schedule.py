"""Which fault comes when: drawn from a seed, so that the same seed gives the same schedule."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from faults.kinds import Kind

PAUSE = (1.0, 4.0)
"""Seconds between the end of a fault and the next one; what one has left behind often meets the next."""


class Planned(NamedTuple):
    """A fault that is to happen: after a pause (s), for a duration (s), with a seed of its own."""

    kind: Kind
    pause: float
    lasts: float
    seed: int


def plan(kinds: Sequence[Kind], seed: int, count: int, *, short: bool = False) -> list[Planned]:
    """Return this many faults in a random order, in which each kind comes once before any comes again.

    A short plan has each fault last as briefly, and follow as soon, as it may.
    """
    random = Random(seed)
    planned: list[Planned] = []
    while len(planned) < count:
        for kind in sorted(random.sample(kinds, len(kinds)), key=lambda kind: not kind.lingers):
            lasts, pause = random.uniform(kind.shortest, kind.longest), random.uniform(*PAUSE)
            if short:
                lasts, pause = kind.shortest, pause / 10
            planned.append(Planned(kind, pause, lasts, random.randrange(2**32)))
    return planned[:count]
