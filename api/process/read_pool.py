"""Connections with PostgreSQL that the threads of a process share."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue

import psycopg2

from api.process.places import Places
from core.errors import ReadsBusy
from database.deadline import Session
from database.session import Connector

WAIT_FOR_CONNECTION = 1.0


class ReadPool:
    """At most ``size`` connections, opened when they are needed and kept until one with the same server is lost.

    A server that is cut off closes no connection: each would take a deadline to find out.
    """

    def __init__(self, connector: Connector, size: int, waiting: int) -> None:
        """Connect with this; nothing is connected yet. At most ``waiting`` threads wait for a connection."""
        self._connector = connector
        self._idle: LifoQueue[Session] = LifoQueue()
        self._places = Places(size, waiting, WAIT_FOR_CONNECTION)

    @property
    def awaited(self) -> bool:
        """Whether some thread waits for a connection."""
        return self._places.is_awaited

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Lend a connection.

        It is kept after an error that PostgreSQL reports over it. Raises ReadsBusy when none is free in time and when
        too many wait for one, and UnfitDatabase or psycopg2.OperationalError when none can be opened.
        """
        if not self._places.take():
            raise ReadsBusy
        connection = None
        try:
            connection = self._take()
            yield connection
            self._give_back(connection)
        except psycopg2.Error as error:
            if connection is not None:
                self._give_back(connection, lost=not error.pgcode)
            raise
        finally:
            self._places.release()

    def _give_back(self, connection: Session, *, lost: bool = False) -> None:
        if lost or connection.closed or connection.expired:  # psycopg2 need not have said so
            self._connector.lose(connection)
        else:
            self._idle.put(connection)

    def _take(self) -> Session:
        while True:
            try:
                connection = self._idle.get_nowait()
            except Empty:
                break
            if self._connector.trusts(connection) and not connection.closed and not _hung_up(connection):
                return connection
            connection.close()
        return self._connector.connect()


def _hung_up(connection: Session) -> bool:
    """Return whether the server has sent unsolicited data, which means it is closing the connection."""
    waiter = select.poll()
    waiter.register(connection.fileno(), select.POLLIN | select.POLLHUP)
    return bool(waiter.poll(0))
