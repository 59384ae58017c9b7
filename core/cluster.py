"""Connections to whichever node of a Redis Cluster owns a hash slot, across failovers.

A connection asks for the owner when it connects, and ends when a node answers that it is not the owner any more. So
callers meet a failover as a connection that was lost, which they have to survive anyway.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from redis.backoff import NoBackoff
from redis.connection import Connection, ConnectionPool, SSLConnection, parse_url
from redis.exceptions import (
    AskError,
    AuthenticationError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    ReadOnlyError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from core.addresses import nodes_in
from core.outage_log import describe

ASKED_WITHIN = 0.5
"""Seconds in which a node has to say who owns what, and half of that to connect. After them no other node is asked."""
PAUSE = 0.2
"""Seconds after which they are asked again where none told."""
MOST_ASKED = 3
"""Nodes that are asked before a connection fails."""
ELSEWHERE = (MovedError, AskError, TryAgainError, ClusterDownError, MasterDownError, ReadOnlyError)
"""What a node answers that does not own the slot, or not now."""


class Node(NamedTuple):
    """A node's address."""

    host: str
    port: int


class Owner:
    """Which node owns a slot, as the cluster's nodes tell; threads may share it."""

    def __init__(self, slot: int, seeds: Sequence[Node], make: Callable[..., Connection]) -> None:
        """Ask these nodes first, later all that were heard of, over connections that ``make`` returns for a node."""
        self._slot, self._seeds, self._make = slot, set(seeds), make
        self._nodes = set(seeds)
        self._known: Node | None = None
        self._asking = threading.Lock()
        self._failed_at, self._reason = float("-inf"), ""

    def node(self) -> Node:
        """Return the owner; raises redis-py's ConnectionError where no node tells."""
        if (known := self._known) is not None:
            return known
        if not self._asking.acquire(timeout=ASKED_WITHIN):
            raise RedisConnectionError(f"owner of slot {self._slot} not found yet")
        try:
            if (known := self._known) is None:
                self._check_pause()
                known = self._known = self._ask()
            return known
        finally:
            self._asking.release()

    def forget(self) -> None:
        """Ask again the next time: the one that was known does not answer, or not as the owner."""
        self._known = None

    def _check_pause(self) -> None:
        """Raise where asking has just failed: whoever waited for that need not ask as well."""
        if time.monotonic() < self._failed_at + PAUSE:
            raise RedisConnectionError(self._reason)

    def _ask(self) -> Node:
        reason, until = "none was heard of", time.monotonic() + ASKED_WITHIN
        for node in random.sample(sorted(self._nodes), min(MOST_ASKED, len(self._nodes))):
            if time.monotonic() > until:
                break
            try:
                slots = self._slots(node)
            except AuthenticationError:
                raise
            except (RedisError, OSError) as error:
                reason = f"{node.host}:{node.port}: {describe(error)}"
                continue
            self._nodes = self._seeds | {other for _, _, *nodes in slots for other in nodes}
            for first, last, primary, *_ in slots:
                if first <= self._slot <= last:
                    return Node(*primary)
            reason = f"{node.host}:{node.port} knows no owner"
        self._failed_at, self._reason = time.monotonic(), f"owner of slot {self._slot} not found: {reason}"
        raise RedisConnectionError(self._reason)

    def _slots(self, node: Node) -> list[Any]:
        connection = self._make(host=node.host, port=node.port)
        try:
            connection.send_command("CLUSTER", "SLOTS")
            ranges = connection.read_response()
        finally:
            connection.disconnect()
        return [
            (first, last, *(Node((host or b"").decode() or node.host, port) for host, port, *_ in nodes))
            for first, last, *nodes in ranges
        ]


class _Following(Connection):  # type: ignore[misc]
    """A connection that follows the owner of a slot."""

    def __init__(self, *, owner: Owner, **options: Any) -> None:
        super().__init__(**options)
        self._owner = owner

    def _connect(self) -> Any:
        self.host, self.port = self._owner.node()
        try:
            return super()._connect()
        except (RedisError, OSError):
            self._owner.forget()
            raise

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        """Return a reply; raises redis-py's ConnectionError where another node has to be asked."""
        try:
            return super().read_response(*arguments, **options)
        except ELSEWHERE as error:
            self._owner.forget()
            self.disconnect()
            raise RedisConnectionError(describe(error)) from error
        except (RedisConnectionError, RedisTimeoutError, OSError):
            self._owner.forget()
            raise


class _FollowingTLS(_Following, SSLConnection):  # type: ignore[misc]
    """The same over TLS."""


def following_pool(address: str, slot: int, options: Mapping[str, Any]) -> ConnectionPool:
    """Return a pool of connections to the owner of a slot; ``address`` is a valid one of a cluster."""
    nodes = nodes_in(address)
    parsed = parse_url(nodes[0][0])
    tls = parsed.pop("connection_class", None) is not None
    common = {**options, **{name: value for name, value in parsed.items() if name not in {"host", "port", "db"}}}
    limits = {"socket_timeout": ASKED_WITHIN, "socket_connect_timeout": ASKED_WITHIN / 2}
    make = partial(SSLConnection if tls else Connection, **(common | limits | {"retry": Retry(NoBackoff(), 0)}))
    owner = Owner(slot, [Node(host, port) for _, host, port in nodes], make)
    return ConnectionPool(connection_class=_FollowingTLS if tls else _Following, owner=owner, **common)
