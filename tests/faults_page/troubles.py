"""The kinds of trouble between the page and the table; each lasts for a time and is over when it returns."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from faults_page.line import Draw, Fate, calm, sometimes
from faults_page.world import World


@dataclass(frozen=True)
class Trouble:
    """A kind of trouble by name; ``inject`` lets it last for some seconds, and undoes it."""

    name: str
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
    Trouble("answers late", partial(line, _late)),
    Trouble("all late", partial(line, _slow)),
    Trouble("answers late again", partial(line, _late)),
    Trouble("answers lost", partial(line, sometimes(0.5, partial(_ending, "answer lost")))),
    Trouble("requests cut", partial(line, sometimes(0.5, partial(_ending, "cut")))),
    Trouble("too many requests", partial(line, sometimes(0.7, partial(_ending, "429")))),
    Trouble("answers that are not the service's", partial(line, sometimes(0.7, partial(_ending, "502")))),
    Trouble("API killed", api_killed),
    Trouble("PostgreSQL stopped", postgres_stopped),
)


def play(world: World, random: Random, seconds: float, note: Callable[[str], None]) -> None:
    """Play troubles, in a random order, for this long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(random.uniform(0, 1))
        trouble, lasts = random.choice(TROUBLES), random.uniform(1, 5)
        note(f"{trouble.name} for {lasts:.1f} s")
        trouble.inject(world, lasts)
