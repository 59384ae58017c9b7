"""PostgreSQL reader: stored strings, from the primary, through the read-only role."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, NamedTuple
from uuid import UUID

import psycopg2

from core.errors import DummiesError
from database.deadline import DeadlineExceeded, Session
from database.session import Connector, UnfitDatabase

CONNECTIONS = 8
STATEMENT_TIMEOUT = 2.0
CALL_DEADLINE = 3.0
WAIT_FOR_CONNECTION = 1.0
REST_AFTER_FAILURE = 1.0
"""Seconds in which a database that has just failed is not asked again, so that readers do not queue up behind it."""

_SQL = Path(__file__).parent / "sql"


class DatabaseUnavailable(DummiesError):
    """PostgreSQL does not answer."""


class Row(NamedTuple):
    """A stored string; ``seq`` is 0 where it was not asked for."""

    id: UUID
    text: str
    received_at: datetime
    stored_at: datetime
    seq: int = 0


class Looked(NamedTuple):
    """The oldest string that a search has looked at."""

    seq: int
    stored_at: datetime


class Reader:
    """Reads over at most 8 connections; every call ends in bounded time or raises DatabaseUnavailable."""

    def __init__(self, url: str | None) -> None:
        """Use this database; nothing is connected yet. Without a URL every call raises DatabaseUnavailable."""
        self._connector = url and Connector(
            url=url,
            application="ix-api",
            statement_timeout=STATEMENT_TIMEOUT,
            call_deadline=CALL_DEADLINE,
            target="primary",
            settings={"default_transaction_read_only": "on"},
        )
        self._idle: LifoQueue[Session] = LifoQueue()
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._resting_until = 0.0
        self._states = (_SQL / "states.sql").read_text(encoding="utf-8")
        self._history = (_SQL / "history.sql").read_text(encoding="utf-8")
        self._search = (_SQL / "search.sql").read_text(encoding="utf-8")
        self._export = (_SQL / "export.sql").read_text(encoding="utf-8")

    def states(self, ids: Sequence[str]) -> dict[str, Row]:
        """Return those of the strings that are stored, by id."""
        rows = self._fetch(self._states, {"ids": list(ids)})
        return {row[0]: Row(UUID(row[0]), *row[1:]) for row in rows}

    def history(self, limit: int, before: int | None) -> list[Row]:
        """Return stored strings, newest first, below the given ``seq``."""
        rows = self._fetch(self._history, {"limit": limit, "before": before})
        return [Row(UUID(row[0]), *row[1:]) for row in rows]

    def search(self, text: str, before: int | None, looked_at: int, limit: int) -> tuple[list[Row], Looked | None]:
        """Look at so many strings below the given ``seq``; return those that contain the text, newest first.

        With them comes how far it looked, None where nothing was left to look at.
        """
        rows = self._fetch(self._search, {"q": text, "before": before, "looked_at": looked_at, "limit": limit})
        if not rows:
            return [], None
        *found, (*_, stored_at, seq) = rows
        return [Row(UUID(row[0]), *row[1:]) for row in found], Looked(seq, stored_at)

    def export(self, text: str | None, before: int | None, *, csv: bool) -> tuple[str, int | None]:
        """Return the next strings below the given ``seq`` as lines, about 1 MiB at most, and the ``seq`` to go on from.

        Only those that contain the text are in the lines, where one is given. At the end the ``seq`` is None.
        """
        [(lines, seq)] = self._fetch(self._export, {"q": text, "before": before, "csv": csv})
        return lines or "", seq

    def ping(self) -> None:
        """Return when PostgreSQL answers."""
        self._fetch("SELECT 1", {}, rested=True)

    def _fetch(self, sql: str, parameters: Mapping[str, Any], *, rested: bool = False) -> list[tuple[Any, ...]]:
        if not rested and time.monotonic() < self._resting_until:
            raise DatabaseUnavailable
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()

    @contextmanager
    def _connection(self) -> Iterator[Session]:
        if not self._connector or not self._slots.acquire(timeout=WAIT_FOR_CONNECTION):
            raise DatabaseUnavailable
        connection = None
        try:
            connection = self._take(self._connector)
            yield connection
            self._idle.put(connection)
        except (psycopg2.Error, DeadlineExceeded, UnfitDatabase) as error:
            if connection is not None:
                connection.close()
            self._resting_until = time.monotonic() + REST_AFTER_FAILURE
            raise DatabaseUnavailable from error
        finally:
            self._slots.release()

    def _take(self, connector: Connector) -> Session:
        while True:
            try:
                connection = self._idle.get_nowait()
            except Empty:
                break
            if not connection.closed and not _hung_up(connection):
                return connection
            connection.close()
        return connector.connect()


def _hung_up(connection: Session) -> bool:
    """Return whether the server has said something unasked: that it ends the connection."""
    waiter = select.poll()
    waiter.register(connection.fileno(), select.POLLIN | select.POLLHUP)
    return bool(waiter.poll(0))
