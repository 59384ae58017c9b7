"""Faults of Redis' replies: it is up, and refuses."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from support import eventually

from faults.harm import SEEN_WITHIN, Harm, Seen, comes
from faults.world import World

BUSY_AFTER_MS, BUSY_AFTER_MS_BY_DEFAULT = 200, 5_000
COMMANDS = ("evalsha", "xreadgroup", "xclaim", "xadd", "xack", "xdel", "zadd", "hset", "brpop")
"""Commands that the tiers need, directly or in a script."""


@contextmanager
def few_replicas(client: Any) -> Iterator[None]:
    """Have Redis ask for more replicas than it has (NOREPLICAS)."""
    client.config_set("min-replicas-to-write", 1)
    try:
        yield
    finally:
        client.config_set("min-replicas-to-write", 0)


@contextmanager
def replica(client: Any) -> Iterator[None]:
    """Make Redis a replica of a server that is never there, so that it takes no writes (READONLY)."""
    with socket.socket() as bound:  # and does not listen
        bound.bind(("127.0.0.1", 0))
        client.execute_command("REPLICAOF", "127.0.0.1", bound.getsockname()[1])
        try:
            yield
        finally:
            client.execute_command("REPLICAOF", "NO", "ONE")


@contextmanager
def stale_replica(client: Any) -> Iterator[None]:
    """Make Redis such a replica, which takes no reads either (MASTERDOWN)."""
    client.config_set("replica-serve-stale-data", "no")
    try:
        with replica(client):
            yield
    finally:
        client.config_set("replica-serve-stale-data", "yes")


def refuse(error: str, refusing: Callable[[Any], AbstractContextManager[None]], harm: Harm) -> Seen:
    """Have Redis refuse with an error, which it counts itself."""
    before = _count(harm.world, error)
    with refusing(harm.world.client):
        seen = comes(lambda: _count(harm.world, error) > before)
        time.sleep(harm.seconds)
    return seen


def busy(harm: Harm) -> Seen:
    """Run an endless script, during which Redis answers nothing but BUSY; then kill it."""
    client = harm.world.client
    before = _count(harm.world, "BUSY")
    client.config_set("lua-time-limit", BUSY_AFTER_MS)
    once = Retry(NoBackoff(), 0)
    with (
        ThreadPoolExecutor() as pool,
        Redis.from_url(harm.world.redis.url, socket_timeout=SEEN_WITHIN, retry=once) as other,
    ):
        running = pool.submit(_run_for_ever, other)
        time.sleep(harm.seconds)
        eventually(lambda: _kill_script(client) or running.done(), SEEN_WITHIN)
    client.config_set("lua-time-limit", BUSY_AFTER_MS_BY_DEFAULT)
    return _count(harm.world, "BUSY") > before


def take_permission(harm: Harm) -> Seen:
    """Revoke the right to one command (NOPERM)."""
    client, command = harm.world.client, harm.random.choice(COMMANDS)
    client.acl_log_reset()
    client.execute_command("ACL", "SETUSER", "default", f"-{command}")
    try:
        seen = comes(client.acl_log)
        time.sleep(harm.seconds)
    finally:
        client.execute_command("ACL", "SETUSER", "default", "+@all")
    return seen


def _count(world: World, error: str) -> int:
    """Return how often Redis has answered with an error."""
    return int(world.client.info("errorstats").get(f"errorstat_{error}", {"count": 0})["count"])


def _run_for_ever(client: Any) -> None:
    with suppress(RedisError):
        client.eval("while true do end", 0)


def _kill_script(client: Any) -> None:
    with suppress(RedisError):  # it is not long enough under way, or has ended
        client.script_kill()
