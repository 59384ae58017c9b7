"""Celery's Redis transport, without the event loop that ties the pool to the broker's connection.

With it a worker whose broker is away or full hands nothing to its pool, not even what the timer found. Without it the
pool has threads of its own, and goes on. Whatever is on the queue and no wake-up never reaches Celery.
"""

from __future__ import annotations

from queue import Empty
from typing import Any

import structlog
from kombu.transport import TRANSPORT_ALIASES, redis
from redis import ConnectionError as Unreachable
from redis import Redis, RedisError, ResponseError
from redis import TimeoutError as TooLate

from core.wakeups import QUEUE
from worker.celery_patches.message import purify

log = structlog.get_logger()
POLL_TIMEOUT = 0.5
"""How long (s) a worker that is asked to end may take to notice."""
SHOWN = 200
"""How much (bytes) of a message that is dropped stands in the log."""


class Client(Redis):  # type: ignore[misc]
    """Drops what is no wake-up: kombu and Celery fail at much of what a queue may hold, and the worker with them."""

    def parse_response(self, connection: Any, command_name: Any, **options: Any) -> Any:
        """Return the answer to a command; a message dropped is like none that came. Raises what redis-py raises."""
        try:
            answer = super().parse_response(connection, command_name, **options)
        except ResponseError as error:
            if command_name != "BRPOP" or not str(error).startswith("WRONGTYPE"):
                raise
            log.warning("key dropped, it is no queue", key=QUEUE, error=str(error))
            self.delete(QUEUE)
            return None
        if command_name != "BRPOP" or not answer or not answer[0].startswith(QUEUE.encode()):
            return answer  # on another queue are the answers to what Flower asks
        queue, message = answer
        try:
            return queue, purify(message)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing is lost with it
            shown = repr(message[:SHOWN])
            log.warning("message dropped, it is no wake-up", error=str(error), message=shown, size=len(message))
            return None


class QoS(redis.QoS):  # type: ignore[misc]
    """Forgets what no worker has acknowledged where it cannot be given back: wake-ups may be lost."""

    def restore_visible(self, *args: Any, **options: Any) -> None:
        """Give back what workers took that are gone. Raises what redis-py raises where Redis is not to be reached."""
        try:
            super().restore_visible(*args, **options)
        except (OSError, Unreachable, TooLate):
            raise
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("unacknowledged messages dropped, they cannot be read", error=repr(error))
            with self.channel.conn_or_acquire() as client:
                client.delete(self.unacked_key, self.unacked_index_key)


class Channel(redis.Channel):  # type: ignore[misc]
    """Gives no message back when its connection is lost: kombu fails at that, and the worker with it.

    A wake-up may be lost.
    """

    do_restore = False
    QoS = QoS

    def _get_client(self) -> type[Client]:
        return Client

    def _basic_cancel(self, consumer_tag: str) -> Any:
        """Leave a channel alone that was closed meanwhile, as Celery does after a command that failed."""
        return super()._basic_cancel(consumer_tag) if self.connection else None

    def _receive_one(self, client: Any) -> Any:
        """Take what was sent to all, such as Flower's questions; drop what Celery fails at."""
        try:
            return super()._receive_one(client)
        except (Empty, OSError, RedisError):
            raise
        except Exception as error:
            log.warning("message dropped, it cannot be read", error=repr(error))
            raise Empty from error


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
