"""Connections to Redis: every call ends in bounded time, and every failure becomes one of our errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import AuthenticationError, OutOfMemoryError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from core.addresses import is_cluster, place_of
from core.cluster import following_pool
from core.errors import CredentialsRefused, JournalFull, JournalUnavailable
from core.keys import KEYS, Keys, keys_at
from core.outage_log import OutageLog, describe
from core.shards import slot_of, tag_of

T = TypeVar("T")
FULL = "OOM command not allowed"
"""What Redis says when it has no memory left; some versions say it in the middle of a script's error."""
BACKOFF = ExponentialWithJitterBackoff(base=0.05, cap=0.1)
"""How long (s) until a call whose connection was lost is repeated."""
fullness = OutageLog("journal full", "journal has room again")
"""Whoever looks for room says when there is some again."""
_outage = OutageLog("journal unavailable", "journal available again")


class Shard(NamedTuple):
    """A shard of the journal: a client of the Redis that has it, and its keys there."""

    redis: Redis
    keys: Keys = KEYS


def connect(url: str, *, timeout: float = 2.0, shard: int = 0) -> Redis:
    """Return a client whose calls end within ``timeout`` seconds (connecting: within half of it).

    On a Redis Cluster it is a client of the node that owns this shard of the journal.

    A call whose connection the server has closed is repeated once, after a jittered pause; one that timed out is not.
    Nothing is connected yet. Outages are logged with this address: a process has one journal.
    """
    for outage in (fullness, _outage):
        outage.about(server=place_of(url))
    options: dict[str, Any] = {
        "protocol": 2,
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout / 2,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "retry": Retry(BACKOFF, 1, (RedisConnectionError,)),
    }
    if is_cluster(url):
        return Redis(connection_pool=following_pool(url, slot_of(tag_of(shard)), options))
    return Redis.from_url(url, **options)


def connect_shards(url: str, shards: int, timeout: float = 2.0) -> list[Shard]:
    """Return the shards of the journal at this address, with clients as ``connect`` returns them."""
    return [Shard(connect(url, timeout=timeout, shard=shard), keys_at(url, shard)) for shard in range(shards)]


def without_repeats(redis: Redis, *, timeout: float | None = None) -> Redis:
    """Return a client of the same server that repeats no call, for calls that cannot be repeated blindly.

    They end within ``timeout`` seconds (connecting: within half of it), by default as those of ``redis`` do.
    """
    pool = redis.connection_pool
    once = pool.connection_kwargs | {"retry": Retry(NoBackoff(), 0)}
    if timeout is not None:
        once |= {"socket_timeout": timeout, "socket_connect_timeout": timeout / 2}
    return Redis(connection_pool=type(pool)(connection_class=pool.connection_class, **once))


def write_again(write: Callable[[], T]) -> T:
    """Return the reply to a write, which is repeated once where the connection was lost.

    The first attempt may have succeeded; so when the second is refused, for whatever reason, redis-py's
    ConnectionError is raised, which leaves open what was written.
    """
    try:
        return write()
    except RedisConnectionError:
        time.sleep(BACKOFF.compute(1))
        try:
            return write()
        except RedisError as error:
            raise RedisConnectionError(f"lost, and then refused: {error}") from error


@contextmanager
def journal_errors() -> Iterator[None]:
    """Turn whatever the driver raises into our errors, and log it in its own words.

    JournalFull is raised where Redis has no memory left, and then nothing was written. Everything else is
    JournalUnavailable: no list has the errors of every version of Redis and every way of running it. Of these,
    CredentialsRefused is what does not pass by itself.
    """
    try:
        yield
    except (RedisError, OSError) as error:
        reason = describe(error)
        if isinstance(error, OutOfMemoryError) or (isinstance(error, ResponseError) and FULL in reason):
            fullness.met(reason)
            raise JournalFull from error
        _outage.met(reason)
        raise (CredentialsRefused if isinstance(error, AuthenticationError) else JournalUnavailable) from error
    if _outage.down:
        _outage.over()
