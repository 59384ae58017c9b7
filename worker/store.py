"""PostgreSQL writer: one autocommitted INSERT per batch."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast
from uuid import uuid4

import psycopg2
from psycopg2.extensions import QuotedString
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class in spite of its name

from core.addresses import place_of
from core.entries import VERSION, Fields, Strings
from core.retries import Failure
from core.timeouts import CALL_DEADLINE, LOCK_TIMEOUT, STATEMENT_TIMEOUT
from database.deadline import Session
from database.errors import is_outage, words
from database.session import Connector
from worker.failures import Outage, Refused, TooSlow, Unanswered, refusal
from worker.metrics import note_stored, storing
from worker.tracing import Tracing

_SQL = Path(__file__).parent / "sql"
_INSERT = (_SQL / "insert.sql").read_text(encoding="ascii")
_STORED = "SELECT id FROM public.dummies WHERE id = ANY (%(ids)s::uuid[])"
# in one transaction: a pooler may have another server behind it for the next
_CONFIRMED = f"{(_SQL / 'confirm.sql').read_text(encoding='ascii')};\n{_STORED}"
_PROBE = f"BEGIN;\n{_INSERT};\nROLLBACK;\n{(_SQL / 'unconfirmed.sql').read_text(encoding='ascii')}"


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

    def insert(self, batch: Sequence[Strings]) -> int:
        """Commit all of the strings; return how many were new.

        Where PostgreSQL has a synchronous standby, that has all of them too, those that were stored before included.
        Raises Outage when PostgreSQL is unavailable, Unanswered when it does not answer in time, TooSlow when it gave
        up the batch, Refused when it (or the connection) refuses something in the batch. After any of these nothing of
        the batch is stored, or (when the connection broke during the commit) all of it is: retrying is safe in any
        case, because the id is the primary key.
        """
        count = sum(map(len, batch))
        with storing(count), self._tracing.statement("INSERT"), self._cursor() as cursor:
            until = time.monotonic() + CALL_DEADLINE
            cursor.connection.notices.clear()
            cursor.execute(_INSERT, columns(batch))
            rows = int(cursor.rowcount)
            if rows < count or cursor.connection.notices:
                wanted = {id_ for strings in batch for id_ in strings.ids}
                missing = len(wanted - _confirmed(cursor, wanted, until - time.monotonic()))
                if missing:
                    raise Outage(f"{missing} rows are not there after their INSERT")
        note_stored(batch)
        return rows

    def holds(self, submission_id: str) -> bool:
        """Return whether the string is stored, as ``insert`` stores it. Raises as that does."""
        with self._tracing.statement("SELECT"), self._cursor() as cursor:
            return bool(_confirmed(cursor, [submission_id], CALL_DEADLINE))

    def stored(self, ids: Sequence[str]) -> set[str]:
        """Return which of these strings have rows. Raises as ``insert`` does."""
        with self._tracing.statement("SELECT"), self._cursor() as cursor:
            cursor.execute(_STORED, {"ids": _array(map(str.encode, ids))})
            return {id_ for (id_,) in cursor.fetchall()}

    def probe(self) -> Failure | None:
        """Test whether a row can be stored at all: insert one of our own as a batch is inserted, and roll it back.

        Return None when it can; how it failed where that may be due to its text, so that others may be stored. Raises
        Outage where PostgreSQL reports that it cannot store anything, or no COMMIT of ours returns.
        """
        try:
            with self._tracing.statement("probe"), self._cursor() as cursor:
                cursor.execute(_PROBE, columns([Strings(Fields(VERSION, uuid4().bytes, b"0", b'["probe"]'))]))
                [(unconfirmed,)] = cursor.fetchall()
        except (Unanswered, Refused) as error:
            self._drop()  # its transaction may still be open
            failure = error.failure if isinstance(error, Refused) and not isinstance(error, TooSlow) else None
            if failure and (failure.final or failure.counts):
                return failure
            raise Outage(str(error)) from error
        if unconfirmed:
            self._drop()  # the next session is with another server, if one takes writes
            raise Outage("no COMMIT returns: the synchronous standby is unavailable")
        return None

    @contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        connection = self._connected()
        try:
            with connection.cursor() as cursor:
                yield cursor
        except Outage:
            raise
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
            self._connector.lose(self._connection)
            self._connection = None


def _confirmed(cursor: Cursor, ids: Collection[str], seconds: float) -> set[str]:
    """Return which of these strings have rows that the synchronous standby, if there is one, has as well.

    Rows are seen that the standby lacks where the wait of their COMMIT was cancelled, by an operator or a restart. An
    INSERT that finds them writes nothing, and so waits for nothing. This COMMIT waits; Outage is raised where that is
    cancelled as well, which is all that PostgreSQL can give notice of here: no trigger runs.
    """
    session = cast("Session", cursor.connection)
    session.notices.clear()
    session.seconds = max(seconds, 0)
    try:
        cursor.execute(_CONFIRMED, {"ids": _array(map(str.encode, ids))})
    finally:
        session.seconds = CALL_DEADLINE
    if session.notices:
        raise Outage("the wait for the synchronous standby was cancelled")
    return {id_ for (id_,) in cursor.fetchall()}


def columns(batch: Sequence[Strings]) -> dict[str, QuotedString]:
    """Return an array for each column, in PostgreSQL's text form, which it reads faster than an expression."""
    return {
        "id": _array(id_.hex().encode() for strings in batch for id_ in strings.packed_ids),
        "text": _array(_elements(strings) for strings in batch),
        "received_at": _array(b"%d" % at for strings in batch for at in strings.received_at),
    }


def _array(elements: Iterable[bytes | memoryview]) -> QuotedString:
    """Return an array that psycopg2 quotes as it is: as a str, one emoji would make each character take four bytes."""
    return QuotedString(b"{" + b",".join(elements) + b"}")


def _elements(strings: Strings) -> bytes | memoryview:
    """Return the texts as elements of an array: as they are in JSON, unless that escapes something."""
    if b"\\" not in strings.json:
        return memoryview(strings.json)[1:-1]
    return b",".join(b'"%b"' % _escape(text.encode()) for text in strings.texts)


def _escape(text: bytes) -> bytes:
    return text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
