"""Celery's Redis transport, without the event loop that ties the pool to the broker's connection.

With it a worker whose broker is away or full hands nothing to its pool, not even what the timer found. Without it the
pool has threads of its own, and goes on.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis

POLL_TIMEOUT = 0.5
"""How long (s) a worker that is asked to end may take to notice."""


class Channel(redis.Channel):  # type: ignore[misc]
    """Gives no message back when its connection is lost: kombu fails at that, and the worker with it.

    A wake-up may be lost.
    """

    do_restore = False


class Transport(redis.Transport):  # type: ignore[misc]
    """Redis as the broker, read by a blocking loop: that is enough for a few messages a second."""

    Channel = Channel
    implements = redis.Transport.implements.extend(asynchronous=False)

    def drain_events(self, connection: Any, timeout: float | None = None) -> Any:
        """Wait for a message. Raises TimeoutError when none came, sooner than Celery asks for."""
        return super().drain_events(connection, timeout=min(timeout or POLL_TIMEOUT, POLL_TIMEOUT))


def use() -> None:
    """Have broker URLs that begin with redis:// or rediss:// mean this transport."""
    TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), f"{__name__}:{Transport.__name__}"))
