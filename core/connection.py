"""Connections to Redis: every call ends in bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from core.errors import JournalAway

T = TypeVar("T")
BACKOFF = ExponentialWithJitterBackoff(base=0.05, cap=0.1)
"""How long (s) until a call whose connection was lost is made once more."""


def connect(url: str, *, timeout: float = 2.0) -> Redis:
    """Return a client whose calls end within ``timeout`` seconds (connecting: within half of it).

    A connection that the server has closed is replaced once, after a jittered moment; a call that timed out is
    not repeated. Nothing is connected yet.
    """
    return Redis.from_url(
        url,
        protocol=2,
        socket_timeout=timeout,
        socket_connect_timeout=timeout / 2,
        socket_keepalive=True,
        health_check_interval=10,
        retry=Retry(BACKOFF, 1, (RedisConnectionError,)),
    )


def without_repeats(redis: Redis) -> Redis:
    """Return a client of the same server whose calls are made once, for those that cannot be repeated blindly."""
    pool = redis.connection_pool
    once = pool.connection_kwargs | {"retry": Retry(NoBackoff(), 0)}
    return Redis(connection_pool=type(pool)(connection_class=pool.connection_class, **once))


def write_again(write: Callable[[], T]) -> T:
    """Return what a write gives, made once more where the connection was lost.

    The first one may have been carried out all the same; so when the second is refused, for whatever reason,
    JournalAway is raised, which leaves open what was kept.
    """
    try:
        return write()
    except RedisConnectionError:
        time.sleep(BACKOFF.compute(1))
        try:
            return write()
        except RedisError as error:
            raise JournalAway from error
