"""A fault of Redis' clock: leases, flags and due times expire by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from time import time

from core.keys import CONSUMER, GROUP, KEYS
from faults import points
from faults.harm import Harm, Seen, comes
from faults.harm_rows import CUT
from faults.world import World

BACK = 9 * 3600
"""Seconds; as if a hardware clock were wrongly read as local time."""


def put_back(harm: Harm) -> Seen:
    """Put Redis' clock back in an outage of PostgreSQL, when a worker has died holding an entry; then set it right.

    Meanwhile strings must be stored, and the entry be taken over.
    """
    world = harm.world
    file = points.arm(world.points, "worker-after-claim")
    with _movable_clock(world):
        died = comes(lambda: not file.exists())
        held = _held(world)
        with _outage(world):
            unavailable = comes(lambda: world.client.exists(KEYS.database_probe))
            world.redis.put_clock(-BACK)
            back = comes(lambda: world.client.time()[0] < time() - BACK / 2)
        stored = int(world.client.get(KEYS.stored) or 0)
        goes_on = comes(lambda: int(world.client.get(KEYS.stored) or 0) > stored)
        taken_over = comes(lambda: not held & _held(world))
        world.redis.put_clock(0)
        right = comes(lambda: world.client.time()[0] > time() - BACK / 2)
    return died and unavailable and back and goes_on and bool(held) and taken_over and right


@contextmanager
def _movable_clock(world: World) -> Iterator[None]:
    """Start Redis on its files with a clock that can be put wrong; afterwards with its own."""
    world.redis.put_clock(0)
    try:
        _restart(world, movable=True)
        yield
    finally:
        _restart(world, movable=False)


def _restart(world: World, *, movable: bool) -> None:
    world.redis.kill()
    world.redis.movable = movable
    world.redis.start()


@contextmanager
def _outage(world: World) -> Iterator[None]:
    """Let no worker into PostgreSQL."""
    try:
        comes(partial(_run, world, "ALTER ROLE dummy_writer NOLOGIN"))
        comes(partial(_run, world, CUT))
        yield
    finally:
        comes(partial(_run, world, "ALTER ROLE dummy_writer LOGIN"))


def _run(world: World, sql: str) -> bool:
    """Run a statement, and tell that it ran; another fault may prevent that at first."""
    world.query(sql)
    return True


def _held(world: World) -> set[tuple[bytes, int]]:
    """Return the entries that workers hold, and how often each was delivered."""
    pending = world.client.xpending_range(KEYS.journal, GROUP, "-", "+", 1000, consumername=CONSUMER)
    return {(entry["message_id"], entry["times_delivered"]) for entry in pending}
