"""What a fault is given, and how it sees that it took effect."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import psycopg2
from redis.exceptions import RedisError
from support import eventually

from faults.world import World

Seen = bool
SEEN_WITHIN = 60.0
"""Seconds within which a fault must take effect; a concurrent one may prevent that at first."""


@dataclass(frozen=True)
class Harm:
    """The world to harm, the fault's own random numbers, and how long (s) it is to last."""

    world: World
    random: Random
    seconds: float


def keep_doing(seconds: float, act: Callable[[], Any]) -> Seen:
    """Do something repeatedly for this long, or longer until it had an effect; tell whether it had."""
    started, seen = time.monotonic(), False
    while time.monotonic() < started + (seconds if seen else SEEN_WITHIN):
        with suppress(RedisError):
            seen = bool(act()) or seen
        time.sleep(0.002)
    return seen


def comes(condition: Callable[[], Any]) -> Seen:
    """Wait until something can be seen; tell whether it could."""

    def holds() -> bool:
        try:
            return bool(condition())
        except (RedisError, psycopg2.OperationalError):  # another fault is under way
            return False

    try:
        eventually(holds, SEEN_WITHIN)
    except AssertionError:
        return False
    return True
