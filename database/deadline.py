"""A deadline around every call to PostgreSQL.

A server that is stopped or cut off keeps the connection open: neither its statement timeout nor TCP keepalives end the
call, and a blocking libpq call ignores signals. So psycopg2 waits here, with a clock, in the whole process.
"""

from __future__ import annotations

import select
import time

from psycopg2 import OperationalError
from psycopg2.extensions import POLL_OK, POLL_READ, connection, set_wait_callback

UNBOUNDED = float("inf")
Address = tuple[str, str, str]
"""A server: its name, the address that the name was resolved to, and its port."""


class DeadlineExceeded(OperationalError):
    """PostgreSQL did not answer in time."""


class Session(connection):
    """A connection whose calls each end within ``seconds``; after one that did not, it is unusable.

    psycopg2 raises the DeadlineExceeded, an error of its own instead, or none; ``expired`` tells. The caller closes the
    session.
    """

    def __init__(self, dsn: str, seconds: float, address: Address) -> None:
        """Connect within this many seconds, with the server at this address."""
        self.seconds = seconds
        self.address, self.opened = address, time.monotonic()
        self.expired = False
        super().__init__(dsn)


def wait(session: connection) -> None:
    """Wait until the current call ends. Raises DeadlineExceeded; closing the session here would deadlock."""
    deadline = time.monotonic() + getattr(session, "seconds", UNBOUNDED)
    while (state := session.poll()) != POLL_OK:
        left = deadline - time.monotonic()
        if left <= 0:
            session.expired = True  # type: ignore[attr-defined]
            raise DeadlineExceeded("no answer in time")
        waiter = select.poll()
        waiter.register(session.fileno(), select.POLLIN if state == POLL_READ else select.POLLOUT)
        waiter.poll(None if left == UNBOUNDED else left * 1000)


set_wait_callback(wait)
