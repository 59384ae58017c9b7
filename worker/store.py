"""The store: where the way of a string ends. A batch is one statement, which commits by itself: one round trip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2

from core.outage_log import words
from core.retries import Failure
from core.submission import Submission
from core.timeouts import CALL_DEADLINE, LOCK_TIMEOUT, STATEMENT_TIMEOUT
from database.deadline import Session
from database.session import Connector
from worker.failures import Outage, Refused, TooSlow, Unanswered, is_outage, refusal

_SQL = Path(__file__).parent / "sql"
_INSERT = (_SQL / "insert.sql").read_text(encoding="ascii")
_PROBE = (_SQL / "probe.sql").read_text(encoding="ascii")


class Store:
    """Writes batches over one connection, which is made when it is needed and dropped when it fails."""

    def __init__(self, url: str) -> None:
        """Use this database, through the write role; nothing is connected yet."""
        self._connector = Connector(
            url=url,
            application="ix-worker",
            statement_timeout=STATEMENT_TIMEOUT,
            call_deadline=CALL_DEADLINE,
            target="read-write",
            settings={"lock_timeout": f"{LOCK_TIMEOUT}s"},
        )
        self._connection: Session | None = None

    def insert(self, submissions: Sequence[Submission]) -> int:
        """Commit all of the strings; return how many were new.

        Raises Outage when PostgreSQL is unavailable, Unanswered when it does not answer in time, TooSlow when it gave
        the batch up, Refused when it (or the way to it) refuses something in the batch. After any of these nothing of
        the batch is stored, or (when the connection broke during the commit) all of it is: trying again is safe in any
        case, because the id is the primary key.
        """
        ordered = sorted(submissions, key=lambda submission: submission.id)
        parameters = {
            "ids": [submission.id for submission in ordered],
            "texts": [submission.text for submission in ordered],
            "received": [submission.received_at for submission in ordered],
        }
        with self._cursor() as cursor:
            cursor.execute(_INSERT, parameters)
            return int(cursor.rowcount)

    def holds(self, submission_id: str) -> bool:
        """Return whether the string is stored. Raises as ``insert`` does."""
        with self._cursor() as cursor:
            cursor.execute("SELECT FROM public.dummies WHERE id = %s", [submission_id])
            return bool(cursor.rowcount)

    def probe(self) -> Failure | None:
        """Try whether a row can be stored at all, with one of our own.

        Return None when it can; how it failed where that may be for its text, so that others may be stored. Raises
        Outage where PostgreSQL says that it is not well.
        """
        try:
            with self._cursor() as cursor:
                cursor.execute(_PROBE, {"id": str(uuid4())})
        except (Unanswered, Refused) as error:
            self._drop()  # its transaction may be open still
            failure = error.failure if isinstance(error, Refused) and not isinstance(error, TooSlow) else None
            if failure and (failure.final or failure.counts):
                return failure
            raise Outage(str(error)) from error
        return None

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
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
                self._drop()  # who knows where it was left
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
