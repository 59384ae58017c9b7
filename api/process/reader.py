"""PostgreSQL reader: stored strings, from the primary, through the read-only role."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
from psycopg2.errors import QueryCanceled

from api.http.room import RESPONSE_BYTES
from api.process.read_pool import ReadPool
from core.addresses import place_of
from core.errors import DatabaseUnavailable, DummiesError, ReadRefused, ReadTooSlow
from core.outage_log import OutageLog
from core.submission import StoredString, decode_rows
from database.errors import words
from database.session import Connector, UnfitDatabase

CONNECTIONS = {"reads": 5, "searches": 2, "pings": 1}
"""Of each kind, so that slow searches leave connections to other readers, and both leave one to the monitor."""
WAITING = {"reads": 10, "searches": 10, "pings": 1}
"""Threads that may wait for one: of a process' 32 they leave 5 to requests that read nothing from PostgreSQL."""
STATEMENT_TIMEOUT, LOCK_TIMEOUT = 2.0, 1.5
"""Seconds. A table that is locked is unavailable, so that is found out before the statement counts as slow."""
CALL_DEADLINE = 3.0
REST_AFTER_FAILURE = 1.0
"""Seconds in which a database that has just failed is not asked again, so that readers do not queue up."""
SEARCH_COST = 2**26
"""Bytes of texts times bytes of what is searched for, in a statement: compared in 100 ms at most."""
SEARCH_BYTES, EXPORT_BYTES = 2**23, 2**18
"""Bytes of texts that a statement of a search, and of an export, looks at, both at most."""

LOST = ("08", "57P")
"""How SQLSTATEs begin where the connection is lost: connection exceptions, and a server that shuts down or starts."""
STRUGGLING = (*LOST, "53", "55", "57", "58", "XX")
"""And where no reader should ask for a moment: resources, locks, a failing disk. The others are about a statement."""

_SQL = {file.stem: file.read_text(encoding="utf-8") for file in (Path(__file__).parent / "sql").glob("*.sql")}


class Search(NamedTuple):
    """How far a search got: the ``seq`` of what it found, newest first, and the oldest string that it looked at."""

    found: list[int]
    looked_at: int
    """How many strings."""
    oldest: int
    stored_at: int
    """When the oldest one was stored (µs since 1970)."""


class Piece(NamedTuple):
    """A part of an export, and the ``seq`` below which the next part begins (None: this is the end)."""

    lines: str
    before: int | None


class Reader:
    """Reads over at most 8 connections.

    Every call ends in bounded time, or raises DatabaseUnavailable; or ReadRefused, ReadTooSlow or ReadsBusy, which are
    no outage. Why is logged, in PostgreSQL's words.
    Of a text that is longer than a ``preview`` (characters), one character more than that is read. Returns rows newest
    first until their texts total 256 KiB, and at least one.
    """

    def __init__(self, url: str | None) -> None:
        """Use this database; nothing is connected yet. Without a URL every call raises DatabaseUnavailable."""
        connector = url and Connector(
            url=url,
            application="ix-api",
            statement_timeout=STATEMENT_TIMEOUT,
            call_deadline=CALL_DEADLINE,
            target="primary",
            settings={"default_transaction_read_only": "on", "lock_timeout": f"{LOCK_TIMEOUT}s"},
        )
        pools = connector and {kind: ReadPool(connector, size, WAITING[kind]) for kind, size in CONNECTIONS.items()}
        self._pools = pools or {}
        self._resting_until = 0.0
        server = place_of(url or "")
        self._outage = OutageLog("PostgreSQL unavailable", "PostgreSQL available again", server=server)
        self._failures = OutageLog("read failed", server=server)

    @property
    def reads(self) -> bool:
        """Whether there is a database to read."""
        return bool(self._pools)

    @property
    def others_search(self) -> bool:
        """Whether another search waits for its turn."""
        return "searches" in self._pools and self._pools["searches"].awaited

    def states(self, ids: Sequence[str], preview: int | None = None) -> dict[str, StoredString]:
        """Return those of the strings that are stored, by id."""
        return {row.id: row for row in self._strings("states", {"ids": list(ids)}, preview)}

    def stored(self, ids: Sequence[str]) -> set[str]:
        """Return the ids of those that are stored."""
        return {row["id"] for row in self._fetch(_SQL["stored"], {"ids": list(ids)})}

    def history(self, limit: int, before: int | None, preview: int | None = None) -> list[StoredString]:
        """Return stored strings, newest first, below the given ``seq``."""
        return self._strings("history", {"limit": limit, "before": before}, preview)

    def places(self, seqs: Sequence[int], preview: int | None = None) -> list[StoredString]:
        """Return the strings with these ``seq``, newest first."""
        return self._strings("places", {"seqs": list(seqs)}, preview)

    def search(self, text: str, before: int | None, most: int, limit: int) -> Search | None:
        """Look for up to ``limit`` strings that contain the text among the next ``most`` below the given ``seq``.

        Fewer are examined where texts are long; None when none are left.
        """
        asked = {"q": text, "before": before, "most": most, "limit": limit, "bytes": _searched(text, SEARCH_BYTES)}
        rows = self._fetch(_SQL["search"], asked, kind="searches")
        return Search(**rows[0]) if rows else None

    def export(self, text: str | None, before: int | None, *, csv: bool) -> Piece:
        """Return the next strings below the given ``seq`` as lines: 256 KiB of texts at most, or one string.

        Where a text is given, only the strings that contain it are in the lines.
        """
        most = EXPORT_BYTES if text is None else _searched(text, EXPORT_BYTES)
        asked = {"q": text, "before": before, "csv": csv, "bytes": most}
        [row] = self._fetch(_SQL["export"], asked, kind="reads" if text is None else "searches")
        return Piece(**row)

    def ping(self) -> None:
        """Return when PostgreSQL answers."""
        with suppress(ReadTooSlow, ReadRefused):  # these are answers
            self._fetch("SELECT 1", {}, kind="pings", rested=True)

    def _strings(self, name: str, asked: Mapping[str, object], preview: int | None) -> list[StoredString]:
        sql = _SQL["strings"].replace("{strings}", _SQL[name]).replace("{columns}", _SQL["columns"])
        return decode_rows(self._fetch(sql, {**asked, "preview": preview, "bytes": RESPONSE_BYTES}))

    def _fetch(
        self, sql: str, parameters: Mapping[str, object], *, kind: str = "reads", rested: bool = False
    ) -> list[dict[str, Any]]:
        if not self._pools or (not rested and time.monotonic() < self._resting_until):
            raise DatabaseUnavailable
        try:
            with self._pools[kind].session() as session, session.cursor() as cursor:
                cursor.execute(sql, parameters)
                names = [column.name for column in cursor.description or ()]
                rows = [dict(zip(names, row, strict=True)) for row in cursor]
        except (psycopg2.Error, UnfitDatabase) as error:
            raise self._failed(error) from error
        self._outage.over()
        return rows

    def _failed(self, error: psycopg2.Error | UnfitDatabase) -> DummiesError:
        """Log why a call failed; return it as our error. Others rest only from a server that is in trouble itself."""
        code = getattr(error, "pgcode", None) or ""
        answers = not code.startswith(LOST) if code else isinstance(error, psycopg2.ProgrammingError)
        (self._failures if answers else self._outage).met(words(error))
        if isinstance(error, QueryCanceled):
            return ReadTooSlow()
        if answers and not code.startswith(STRUGGLING):
            return ReadRefused()
        self._resting_until = time.monotonic() + REST_AFTER_FAILURE
        return DatabaseUnavailable()


def _searched(text: str, most: int) -> int:
    """Return how many bytes of texts a statement may search for this one."""
    return min(most, SEARCH_COST // len(text.encode()))
