"""What PostgreSQL's errors mean: nothing can be stored, or some string of this batch cannot."""

from __future__ import annotations

from pathlib import Path

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, connection

from core.errors import DummiesError
from core.outage_log import describe
from core.retries import Failure
from database.errors import words

ABOUT_THE_TEXT = {"22021", "22P05", "22001"}
"""SQLSTATEs that refuse the text itself: a character that the encoding lacks (two of them), or its length."""
CONSTRAINTS = {"23514", "23505", "23P01"}
"""SQLSTATEs of check, unique and exclusion constraints; they refuse the text where it is their only column."""
TOO_SLOW = {"57014", "55P03"}
"""SQLSTATEs of statement_timeout and lock_timeout."""
ABOUT_THE_DATABASE = ("08", "0A", "25", "26", "28", "3D", "3F", "40", "42", "53", "55", "57", "58", "F0", "HV", "XX")
"""Classes about the database, not the text (connection, state, rights, objects, resources, corruption): a string that
fails with one is never dead-lettered. Source: PostgreSQL's appendix of error codes."""
_COLUMNS = (Path(__file__).parent / "sql" / "columns_of_constraint.sql").read_text(encoding="ascii")


class Outage(DummiesError):
    """PostgreSQL can store nothing at present."""


class Unanswered(DummiesError):
    """PostgreSQL did not answer in time: the batch is too large for it, or it is unavailable."""


class Refused(DummiesError):
    """PostgreSQL, or the driver, refuses something in the batch."""

    def __init__(self, failure: Failure) -> None:
        """Take the failure, which is a string's own if it is alone in the batch."""
        super().__init__(failure.reason)
        self.failure = failure


class TooSlow(Refused):
    """PostgreSQL canceled the batch because it took too long."""


def is_outage(error: BaseException, session: connection | None) -> bool:
    """Return whether the connection is lost, so that the error says nothing about what was sent over it."""
    if session is None or session.closed:
        return True
    if not isinstance(error, psycopg2.Error):
        return False
    if error.pgcode:
        return error.pgcode.startswith("08")
    # the driver raises the class itself for an answer that it does not understand
    return type(error) is psycopg2.DatabaseError or isinstance(
        error, psycopg2.OperationalError | psycopg2.InterfaceError
    )


def refusal(error: Exception, session: connection) -> Refused:
    """Return what an error means while the connection is open; a constraint is looked up over it."""
    if not isinstance(error, psycopg2.Error) or not error.pgcode:  # the driver, or our own code
        return Refused(Failure(type(error).__name__, f"{type(error).__name__}: {describe(error)}"))
    code, said = error.pgcode, error.diag
    failure = Failure(code, words(error), counts=not code.startswith(ABOUT_THE_DATABASE))
    if code in TOO_SLOW:
        # only a statement that is repeatedly slow alone may be the string's doing, not a wait for a lock
        return TooSlow(failure._replace(counts=code == "57014"))
    if code in CONSTRAINTS and said.constraint_name:
        ours = (said.schema_name, said.table_name) == ("public", "dummies")
        columns = _columns_of(said.constraint_name, session) if ours else set()
        return Refused(failure._replace(final=columns == {"text"}, counts="text" in columns))
    if code in ABOUT_THE_TEXT and not said.context:  # a trigger's error about another table has one
        return Refused(failure._replace(final=True))
    return Refused(failure)


def _columns_of(constraint: str, session: connection) -> set[str]:
    """Return the columns of our table that a constraint or a unique index is on; none where it cannot be looked up."""
    try:
        with session.cursor() as cursor:
            if session.get_transaction_status() != TRANSACTION_STATUS_IDLE:
                cursor.execute("ROLLBACK")
            cursor.execute(_COLUMNS, {"name": constraint})
            return {name for (name,) in cursor.fetchall()}
    except psycopg2.Error:
        return set()
