"""Faults of the network between two tiers, and of one answer that matters most."""

from __future__ import annotations

import time

from faults.harm import Harm, Seen, comes

MODES = ("refuse", "blackhole", "vanish", "delay", "halfopen")
LINKS = {
    "web-api": ("web-api0", "web-api1"),
    "api-redis": ("api-redis",),
    "api-postgres": ("api-postgres",),
    "worker-redis": ("worker-redis",),
    "worker-postgres": ("worker-postgres",),
}


def drop_commit_answer(harm: Harm) -> Seen:
    """Cut the connection between a commit and its answer."""
    return _harm("worker-postgres", "dropcommit", harm)


def slow_line(harm: Harm) -> Seen:
    """Let only a few kilobytes a second pass between the worker and PostgreSQL."""
    return _harm("worker-postgres", "slow", harm)


def partition(link: str, mode: str, harm: Harm) -> Seen:
    """Harm the link between two tiers; between the web server and the API, that to one of the processes."""
    return _harm(harm.random.choice(LINKS[link]), mode, harm)


def _harm(name: str, mode: str, harm: Harm) -> Seen:
    """Harm a link for this long, or longer until something tried to pass; tell whether anything was harmed."""
    harm.world.link(name, mode)
    try:
        time.sleep(harm.seconds)
        if mode == "refuse":
            return not harm.world.connects(name)
        return comes(lambda: int(harm.world.link(name, "count")) > 0)
    finally:
        harm.world.link(name, "pass")
