"""A deadline of our own around calls to PostgreSQL.

A server that is stopped, or cut off, keeps the connection open: neither its statement time-out nor TCP's keepalives end
the call, and a blocking libpq call heeds no signal. So psycopg2 is made to wait here, with a clock.
"""

from __future__ import annotations

import select
import threading
import time
from typing import Protocol

# psycopg2.extensions.POLL_OK, POLL_READ, POLL_WRITE; core does not import the driver
_OK, _READ, _WRITE = 0, 1, 2


class _Connection(Protocol):
    def poll(self) -> int: ...
    def fileno(self) -> int: ...


class DeadlineExceeded(Exception):
    """PostgreSQL did not answer in time."""


class WaitWithDeadline(threading.local):
    """A wait callback for ``psycopg2.extensions.set_wait_callback``: each call has ``seconds`` to end.

    A thread that changes them changes them for itself alone.

    psycopg2 reports the DeadlineExceeded that it raises as InterfaceError or OperationalError; the connection is of no
    use afterwards and must be closed by the caller (not from within the callback, which deadlocks).
    """

    def __init__(self, seconds: float) -> None:
        """Allow each call this many seconds."""
        self.seconds = seconds
        self.expired = False
        """Whether this thread's last call took too long; psycopg2 does not always say so."""

    def __call__(self, connection: _Connection) -> None:
        """Wait until the call under way on the connection is over; raise DeadlineExceeded when it takes too long."""
        self.expired = False
        deadline = time.monotonic() + self.seconds
        while (state := connection.poll()) != _OK:
            left = deadline - time.monotonic()
            if left <= 0:
                self.expired = True
                raise DeadlineExceeded
            waiter = select.poll()
            waiter.register(connection.fileno(), select.POLLIN if state == _READ else select.POLLOUT)
            waiter.poll(left * 1000)
