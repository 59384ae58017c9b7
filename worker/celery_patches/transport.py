"""Celery's Redis transport, without its event loop, and with wake-ups that may be lost.

On the event loop, a worker whose broker is unavailable or full hands nothing to its pool, not even the timer's drains;
without it the pool has threads of its own. Seen with Celery 5.7; no report found. The loop can come back when the pool
runs without a connection to the broker. The classes keep messages of another shape and lost connections from ending
the worker, and name their reports. A lost wake-up loses nothing: it has no content.
"""

from __future__ import annotations

from queue import Empty
from typing import Any

import structlog
from kombu.transport import TRANSPORT_ALIASES, redis
from redis import Redis, exceptions

from core.outage_log import describe
from core.wakeups import QUEUE, outage
from worker.celery_patches.message import purify

log = structlog.get_logger()
POLL_TIMEOUT = 0.5
"""Seconds in which a worker notices that it is to end."""
BUSY_POLL_TIMEOUT = 0.02
"""Seconds in which a worker whose processes were all busy asks for a wake-up again; kombu does so between two waits."""
SHOWN = 200
"""Bytes of a dropped message that are logged."""


class Client(Redis):  # type: ignore[misc]
    """Drops what is not a wake-up: it could end the worker (celery/celery#7975, celery/celery#4308)."""

    def parse_response(self, connection: Any, command_name: Any, **options: Any) -> Any:
        """Return the answer to a command; None for a dropped message, as after a timeout. Raises as redis-py does."""
        try:
            answer = super().parse_response(connection, command_name, **options)
        except exceptions.ResponseError as error:
            if command_name != "BRPOP" or not str(error).startswith("WRONGTYPE"):
                raise
            log.warning("key dropped, it is not a queue", key=QUEUE, error=str(error))
            self.delete(QUEUE)
            return None
        outage.over()
        if command_name != "BRPOP" or not answer or not answer[0].startswith(QUEUE.encode()):
            return answer  # other queues hold the replies to Flower
        queue, message = answer
        try:
            return queue, purify(message)
        except Exception as error:  # noqa: BLE001 - a wake-up may be lost
            shown = repr(message[:SHOWN])
            log.warning("message dropped, it is not a wake-up", error=str(error), message=shown, size=len(message))
            return None


class QoS(redis.QoS):  # type: ignore[misc]
    """Drops unacknowledged messages that cannot be read: kombu 5.7 would end the worker.

    No report found. This, and what the channel does for broadcasts, can go when kombu drops what it cannot read.
    """

    def restore_visible(self, *args: Any, **options: Any) -> None:
        """Restore messages taken by workers that are gone. Raises what redis-py raises where Redis is unreachable."""
        try:
            super().restore_visible(*args, **options)
        except (OSError, exceptions.ConnectionError, exceptions.TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 - as above
            if isinstance(error, exceptions.RedisError) and not str(error).startswith("WRONGTYPE"):
                outage.met(describe(error))  # such as a full Redis: they wait until it has room
                return
            log.warning("unacknowledged messages dropped, they cannot be read", error=repr(error))
            with self.channel.conn_or_acquire() as client:
                client.delete(self.unacked_key, self.unacked_index_key)


class Channel(redis.Channel):  # type: ignore[misc]
    """Survives a lost connection: kombu 5.7 needs it to close a channel, and the worker ends when that fails.

    Putting messages back fails as in celery/kombu#582, cancelling consumers as in celery/kombu#320. Both are closed,
    but the failures are still there; this can go when a channel without a connection can be closed.
    """

    do_restore = False
    QoS = QoS

    def _get_client(self) -> type[Client]:
        return Client

    def _basic_cancel(self, consumer_tag: str) -> Any:
        """Cancel nothing on a closed channel; Celery tries to after a remote-control command that failed."""
        return super()._basic_cancel(consumer_tag) if self.connection else None

    def _receive_one(self, client: Any) -> Any:
        """Receive a broadcast, such as Flower's commands; drop what kombu cannot read. Raises Empty then."""
        try:
            return super()._receive_one(client)
        except (Empty, OSError, exceptions.RedisError):
            raise
        except Exception as error:
            log.warning("message dropped, it cannot be read", error=repr(error))
            raise Empty from error


class Transport(redis.Transport):  # type: ignore[misc]
    """Redis as the broker, read by a blocking loop: enough for a few messages a second."""

    Channel = Channel
    implements = redis.Transport.implements.extend(asynchronous=False)

    def _reject_inbound_message(self, raw_message: Any) -> None:
        """Drop a message that no one waits for any more: a reply that came too late, a wake-up as the worker ends.

        kombu would put it back into its queue, for which Flower has no right, and where no one would look for a reply.
        """

    def drain_events(self, connection: Any, timeout: float | None = None) -> Any:
        """Wait for a message. Raises TimeoutError when none came, within half a second."""
        asks = all(channel.qos.can_consume() for channel in self.channels)
        longest = POLL_TIMEOUT if asks else BUSY_POLL_TIMEOUT
        return super().drain_events(connection, timeout=min(timeout or longest, longest))


def use() -> None:
    """Use this transport for broker URLs that begin with redis:// or rediss://."""
    TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), f"{__name__}:{Transport.__name__}"))
