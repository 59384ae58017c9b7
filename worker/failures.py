"""What PostgreSQL's errors mean: nothing can be stored, or something of this batch cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extensions

from core.errors import DummiesError
from core.outage_log import words
from core.retries import Failure

ABOUT_THE_TEXT = {"22021", "22P05", "22001"}
"""SQLSTATEs that refuse the text itself: a character that the encoding lacks (two of them), and too long a text."""
CONSTRAINTS = {"23514", "23505", "23P01"}
"""SQLSTATEs of a check, a unique constraint and an exclusion; they refuse the text where they are on it alone."""
TOO_SLOW = {"57014", "55P03"}
"""SQLSTATEs of a statement and of a lock that took longer than they may."""
ABOUT_THE_DATABASE = ("08", "0A", "25", "26", "28", "3D", "3F", "40", "42", "53", "55", "57", "58", "F0", "HV", "XX")
"""Classes that say how the database is doing (connection, state, rights, objects, resources, corruption): whatever
fails with one waits, however often it fails. Source: PostgreSQL's appendix of error codes."""
_COLUMNS = (Path(__file__).parent / "sql" / "columns_of_constraint.sql").read_text(encoding="ascii")


class Outage(DummiesError):
    """PostgreSQL can store nothing at present."""


class Unanswered(DummiesError):
    """PostgreSQL did not answer in time: the batch was too large for it, or it is unavailable."""


class Refused(DummiesError):
    """PostgreSQL, or the way to it, refuses something in the batch."""

    def __init__(self, failure: Failure) -> None:
        """Take how the batch failed: what a string fails with that is alone in it."""
        super().__init__(failure.reason)
        self.failure = failure


class TooSlow(Refused):
    """PostgreSQL gave the batch up because it took too long."""


def is_outage(error: BaseException, connection: Any) -> bool:
    """Return whether the connection is lost, so that the error says nothing about what was sent over it."""
    if connection is None or connection.closed:
        return True
    if not isinstance(error, psycopg2.Error):
        return False
    if error.pgcode:
        return error.pgcode.startswith("08")
    # the class itself is what the driver raises for an answer that it cannot make sense of
    return type(error) is psycopg2.DatabaseError or isinstance(
        error, psycopg2.OperationalError | psycopg2.InterfaceError
    )


def refusal(error: Exception, connection: Any) -> Refused:
    """Return what an error means whose connection stands; it may be used to look up a constraint."""
    code = getattr(error, "pgcode", None)
    if not code:  # the driver, or our own code
        return Refused(Failure(type(error).__name__, f"{type(error).__name__}: {words(error)}"))
    failure = Failure(code, f"{code} {_message(error)}", counts=not code.startswith(ABOUT_THE_DATABASE))
    if code in TOO_SLOW:
        # a lock says nothing about who waits for it; a statement that is slow alone, again and again, does
        return TooSlow(failure._replace(counts=code == "57014"))
    said = error.diag  # type: ignore[attr-defined]
    if code in CONSTRAINTS and said.constraint_name:
        ours = (said.schema_name, said.table_name) == ("public", "dummies")
        columns = _columns_of(said.constraint_name, connection) if ours else set()
        return Refused(failure._replace(final=columns == {"text"}, counts="text" in columns))
    if code in ABOUT_THE_TEXT and not said.context:  # a trigger's trouble with another table has one
        return Refused(failure._replace(final=True))
    return Refused(failure)


def _message(error: Any) -> str:
    """Return the server's message without its details, which repeat the row: the same for all that fail alike."""
    return " ".join((error.diag.message_primary or str(error)).split())


def _columns_of(constraint: str, connection: Any) -> set[str]:
    """Return the columns of our table that a constraint or a unique index is on; none where that cannot be told."""
    try:
        with connection.cursor() as cursor:
            if connection.get_transaction_status() != psycopg2.extensions.TRANSACTION_STATUS_IDLE:
                cursor.execute("ROLLBACK")
            cursor.execute(_COLUMNS, {"name": constraint})
            return {name for (name,) in cursor.fetchall()}
    except psycopg2.Error:
        return set()
