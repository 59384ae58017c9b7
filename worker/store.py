"""PostgreSQL writer: one autocommitted INSERT per batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
from msgspec.structs import astuple
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class in spite of its name

from core.addresses import place_of
from core.retries import Failure
from core.submission import Submission
from core.timeouts import CALL_DEADLINE, LOCK_TIMEOUT, STATEMENT_TIMEOUT
from database.deadline import Session
from database.errors import is_outage, words
from database.session import Connector
from worker.failures import Outage, Refused, TooSlow, Unanswered, refusal
from worker.metrics import note_stored, storing
from worker.tracing import Tracing

_SQL = Path(__file__).parent / "sql"
_INSERT = (_SQL / "insert.sql").read_text(encoding="ascii")
_PROBE = f"BEGIN;\n{_INSERT};\nROLLBACK"


class Store:
    """Writes batches over one connection, which is opened when it is needed and dropped when it fails."""

    def __init__(self, url: str, tracing: Tracing | None = None) -> None:
        """Use this database, through the write role; nothing is connected yet."""
        self._tracing = tracing or Tracing()
        self._connector = Connector(
            url=url,
            application="ix-worker",
            statement_timeout=STATEMENT_TIMEOUT,
            call_deadline=CALL_DEADLINE,
            target="read-write",
            settings={"lock_timeout": f"{LOCK_TIMEOUT}s"},
        )
        self.server = place_of(url)
        """Where rows go, for log lines."""
        self._connection: Session | None = None

    def insert(self, submissions: Sequence[Submission]) -> int:
        """Commit all of the strings; return how many were new.

        Raises Outage when PostgreSQL is unavailable, Unanswered when it does not answer in time, TooSlow when it gave
        up the batch, Refused when it (or the connection) refuses something in the batch. After any of these nothing of
        the batch is stored, or (when the connection broke during the commit) all of it is: retrying is safe in any
        case, because the id is the primary key.
        """
        with storing(len(submissions)), self._tracing.statement("INSERT"), self._cursor() as cursor:
            cursor.execute(_INSERT, _columns(submissions))
            rows = int(cursor.rowcount)
        note_stored(submissions)
        return rows

    def holds(self, submission_id: str) -> bool:
        """Return whether the string is stored. Raises as ``insert`` does."""
        return bool(self.stored([submission_id]))

    def stored(self, ids: Sequence[str]) -> set[str]:
        """Return which of these strings are stored. Raises as ``insert`` does."""
        with self._tracing.statement("SELECT"), self._cursor() as cursor:
            cursor.execute("SELECT id FROM public.dummies WHERE id = ANY (%s::uuid[])", [list(ids)])
            return {id_ for (id_,) in cursor.fetchall()}

    def probe(self) -> Failure | None:
        """Test whether a row can be stored at all: insert one of our own as a batch is inserted, and roll it back.

        Return None when it can; how it failed where that may be due to its text, so that others may be stored. Raises
        Outage where PostgreSQL reports that it cannot store anything.
        """
        try:
            with self._tracing.statement("probe"), self._cursor() as cursor:
                cursor.execute(_PROBE, _columns([Submission(str(uuid4()), "probe", 0)]))
        except (Unanswered, Refused) as error:
            self._drop()  # its transaction may still be open
            failure = error.failure if isinstance(error, Refused) and not isinstance(error, TooSlow) else None
            if failure and (failure.final or failure.counts):
                return failure
            raise Outage(str(error)) from error
        return None

    @contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        connection = self._connected()
        try:
            with connection.cursor() as cursor:
                yield cursor
        except Exception as error:
            if connection.expired:
                self._drop()
                raise Unanswered(f"no answer within {CALL_DEADLINE:.0f} s") from error
            if is_outage(error, connection):
                self._drop()
                raise Outage(words(error)) from error
            refused = refusal(error, connection)
            if not isinstance(error, psycopg2.Error):
                self._drop()  # its state is unknown
            raise refused from error

    def _connected(self) -> Session:
        if self._connection is None or self._connection.closed:
            try:
                self._connection = self._connector.connect()
            except Exception as error:
                raise Outage(words(error)) from error
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _columns(submissions: Sequence[Submission]) -> dict[str, list[Any]]:
    """Return a list for each field, in the order of the ids."""
    columns = zip(*map(astuple, sorted(submissions, key=attrgetter("id"))), strict=True)
    return dict(zip(Submission.__struct_fields__, map(list, columns), strict=True))
