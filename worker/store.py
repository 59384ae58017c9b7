"""The store: where the way of a string ends. A batch is one statement, which commits by itself: one round trip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extensions

from core.clocks import CALL_DEADLINE, CONNECT_TIMEOUT, STATEMENT_TIMEOUT
from core.deadline import DeadlineExceeded, WaitWithDeadline
from core.errors import DummiesError
from core.submission import Submission

_OUTAGE_CLASSES = {"08", "40", "42", "53", "55", "57", "58"}
_READ_ONLY = "25006"
_INSERT = (Path(__file__).parent / "sql" / "insert.sql").read_text(encoding="utf-8")
_OPTIONS = f"-c statement_timeout={STATEMENT_TIMEOUT * 1000:.0f} -c lock_timeout={STATEMENT_TIMEOUT * 1000:.0f}"


class Outage(DummiesError):
    """PostgreSQL cannot store anything at present."""


class Poison(DummiesError):
    """PostgreSQL refuses something in the batch."""


class Store:
    """Writes batches over one connection, which is made when it is needed and dropped when it fails."""

    def __init__(self, url: str) -> None:
        """Use this database, through the write role; nothing is connected yet."""
        self._url = url
        self._connection: Any = None
        self._wait = WaitWithDeadline(CALL_DEADLINE)
        psycopg2.extensions.set_wait_callback(self._wait)

    def insert(self, submissions: Sequence[Submission]) -> int:
        """Commit all of the strings; return how many were new.

        Raises Outage when PostgreSQL does not answer, or answers what a later try may cure; Poison when it refuses the
        strings themselves. After either nothing of the batch is stored, or (when the connection broke during the
        commit) all of it is: trying again is safe in any case, because the id is the primary key.
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
        """Return whether the string is stored; raises Outage."""
        with self._cursor() as cursor:
            cursor.execute("SELECT FROM dummies WHERE id = %s", [submission_id])
            return bool(cursor.rowcount)

    def ping(self) -> None:
        """Return when PostgreSQL answers; raises Outage."""
        with self._cursor() as cursor:
            cursor.execute("SELECT 1")

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        try:
            with self._connected().cursor() as cursor:
                yield cursor
        except (psycopg2.Error, DeadlineExceeded) as error:
            self._drop_if_broken(error)
            if is_outage(error):
                raise Outage(_one_line(error)) from error
            raise Poison(_one_line(error)) from error
        except ValueError as error:  # what the driver itself refuses to send
            raise Poison(_one_line(error)) from error

    def _connected(self) -> Any:
        if self._connection is None or self._connection.closed:
            self._wait.seconds = CONNECT_TIMEOUT
            try:
                self._connection = psycopg2.connect(
                    self._url,
                    application_name="ix-worker",
                    target_session_attrs="read-write",
                    keepalives_idle=10,
                    tcp_user_timeout=int(CALL_DEADLINE * 1000),
                    options=_OPTIONS,
                )
                self._connection.autocommit = True
            finally:
                self._wait.seconds = CALL_DEADLINE
        return self._connection

    def _drop_if_broken(self, error: BaseException) -> None:
        """Close the connection unless the server answered with an error of its own, after which it can be used on."""
        if self._connection is not None and not getattr(error, "pgcode", None):
            self._connection.close()
            self._connection = None


def is_outage(error: BaseException) -> bool:
    """Return whether a later try may succeed with the same strings.

    That is so for errors without SQLSTATE (the connection broke, or our deadline passed), for the classes of
    connections, rollbacks, missing objects or rights, resources, locks, interventions and system errors, and for a
    read-only server. Source: PostgreSQL's appendix of error codes.
    """
    code = getattr(error, "pgcode", None)
    return not code or code[:2] in _OUTAGE_CLASSES or code == _READ_ONLY


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
