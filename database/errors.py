"""What PostgreSQL's errors are about, and in which words they are told."""

from __future__ import annotations

import psycopg2
from psycopg2.extensions import connection

from core.outage_log import describe


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


def words(error: BaseException) -> str:
    """Return an error in one line: the SQLSTATE and the server's message, or the driver's.

    Without the server's details, which contain the row: so it is equal for equal failures, and quotes no text.
    """
    if isinstance(error, psycopg2.Error) and error.pgcode:
        return f"{error.pgcode} {' '.join((error.diag.message_primary or str(error)).split())}"
    return describe(error)
