"""Connections to Redis: every call ends in bounded time."""

from __future__ import annotations

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry


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
        retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.1), 1, (RedisConnectionError,)),
    )
