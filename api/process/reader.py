"""PostgreSQL reader: stored strings, from the primary, through the read-only role."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, NamedTuple

import psycopg2

from core.errors import DummiesError
from core.submission import StoredString, decode_rows
from database.deadline import Session
from database.session import Connector, UnfitDatabase

CONNECTIONS = 8
STATEMENT_TIMEOUT = 2.0
CALL_DEADLINE = 3.0
WAIT_FOR_CONNECTION = 1.0
REST_AFTER_FAILURE = 1.0
"""Seconds in which a database that has just failed is not asked again, so that readers do not queue up."""

_SQL = {file.stem: file.read_text(encoding="utf-8") for file in (Path(__file__).parent / "sql").glob("*.sql")}


class DatabaseUnavailable(DummiesError):
    """PostgreSQL does not answer."""


class Search(NamedTuple):
    """What a search found, newest first, and the oldest string it looked at (None: there was none left)."""

    found: list[StoredString]
    oldest: StoredString | None


class Piece(NamedTuple):
    """A part of an export, and the ``seq`` below which the next part begins (None: this is the end)."""

    lines: str
    before: int | None


class Reader:
    """Reads over at most 8 connections; every call ends in bounded time, or raises DatabaseUnavailable.

    Of a text that is longer than a ``preview`` (characters), one character more than that is read.
    """

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

    def states(self, ids: Sequence[str], preview: int | None = None) -> dict[str, StoredString]:
        """Return those of the strings that are stored, by id."""
        return {row.id: row for row in self._strings("states", {"ids": list(ids)}, preview)}

    def stored(self, ids: Sequence[str]) -> set[str]:
        """Return the ids of those that are stored."""
        return {row["id"] for row in self._fetch(_SQL["stored"], {"ids": list(ids)})}

    def history(self, limit: int, before: int | None, preview: int | None = None) -> list[StoredString]:
        """Return stored strings, newest first, below the given ``seq``."""
        return self._strings("history", {"limit": limit, "before": before}, preview)

    def search(self, text: str, before: int | None, looked_at: int, limit: int, preview: int | None = None) -> Search:
        """Look at the next ``looked_at`` strings below the given ``seq`` for those that contain the text."""
        asked = {"q": text, "before": before, "looked_at": looked_at, "limit": limit}
        rows = self._strings("search", asked, preview)
        return Search(rows[:-1], rows[-1] if rows else None)

    def export(self, text: str | None, before: int | None, *, csv: bool) -> Piece:
        """Return the next strings below the given ``seq`` as lines, roughly 1 MiB at most.

        Where a text is given, only the strings that contain it are in the lines.
        """
        [row] = self._fetch(_SQL["export"], {"q": text, "before": before, "csv": csv})
        return Piece(**row)

    def ping(self) -> None:
        """Return when PostgreSQL answers."""
        self._fetch("SELECT 1", {}, rested=True)

    def _strings(self, name: str, asked: Mapping[str, object], preview: int | None) -> list[StoredString]:
        sql = _SQL[name].replace("{columns}", _SQL["columns"])
        return decode_rows(self._fetch(sql, {**asked, "preview": preview}))

    def _fetch(self, sql: str, parameters: Mapping[str, object], *, rested: bool = False) -> list[dict[str, Any]]:
        if not rested and time.monotonic() < self._resting_until:
            raise DatabaseUnavailable
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    @contextmanager
    def _connection(self) -> Iterator[Session]:
        if not self._connector or not self._slots.acquire(timeout=WAIT_FOR_CONNECTION):
            raise DatabaseUnavailable
        connection = None
        try:
            connection = self._take(self._connector)
            yield connection
            self._idle.put(connection)
        except (psycopg2.Error, UnfitDatabase) as error:
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
    """Return whether the server has sent something unasked: it ends the connection."""
    waiter = select.poll()
    waiter.register(connection.fileno(), select.POLLIN | select.POLLHUP)
    return bool(waiter.poll(0))
