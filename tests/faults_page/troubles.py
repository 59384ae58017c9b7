"""The kinds of trouble between the page and the table; each lasts for a time and is over when it returns."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from random import Random
from typing import NamedTuple

from faults_page.line import Draw, Fate, calm, sometimes
from faults_page.world import World


class Trouble(NamedTuple):
    """A kind of trouble; ``weight`` is its part, ``inject`` lets it last for some seconds, and undoes it."""

    name: str
    weight: float
    inject: Callable[[World, float], None]


def line(draw: Draw, world: World, seconds: float) -> None:
    """Let the line treat submissions like this."""
    world.line.draw = draw
    time.sleep(seconds)
    world.line.draw = calm


def api_killed(world: World, seconds: float) -> None:
    """Kill the API, and start it again."""
    world.api.kill()
    time.sleep(seconds / 2)
    world.start_api()


def postgres_stopped(world: World, seconds: float) -> None:
    """Stop PostgreSQL, and start it again."""
    world.system.postgres.stop()
    time.sleep(seconds / 2)
    world.system.postgres.start()


def _late(random: Random) -> Fate:
    return Fate(after=random.uniform(1, 4))


def _slow(random: Random) -> Fate:
    return Fate(before=random.uniform(0.5, 2), after=random.uniform(0.5, 2))


def _ending(ending: str, random: Random) -> Fate:
    return Fate(before=random.uniform(0, 0.3), ending=ending)  # type: ignore[arg-type]


TROUBLES = (
    Trouble("answers late", 2, partial(line, _late)),
    Trouble("all late", 1, partial(line, _slow)),
    Trouble("answers lost", 1, partial(line, sometimes(0.5, partial(_ending, "answer lost")))),
    Trouble("requests cut", 1, partial(line, sometimes(0.5, partial(_ending, "cut")))),
    Trouble("too many requests", 1, partial(line, sometimes(0.7, partial(_ending, "429")))),
    Trouble("answers that are not the service's", 1, partial(line, sometimes(0.7, partial(_ending, "502")))),
    Trouble("API killed", 1, api_killed),
    Trouble("PostgreSQL stopped", 1, postgres_stopped),
)


def play(world: World, random: Random, seconds: float, note: Callable[[str], None]) -> None:
    """Play troubles, in a random order, for this long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(random.uniform(0, 1))
        [trouble] = random.choices(TROUBLES, [each.weight for each in TROUBLES])
        lasts = random.uniform(1, 5)
        note(f"{trouble.name} for {lasts:.1f} s")
        trouble.inject(world, lasts)
