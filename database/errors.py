"""In which words PostgreSQL's errors are told."""

from __future__ import annotations

import psycopg2

from core.outage_log import describe


def words(error: BaseException) -> str:
    """Return an error in one line: the SQLSTATE and the server's message, or the driver's.

    Without the server's details, which contain the row: so it is equal for equal failures, and quotes no text.
    """
    if isinstance(error, psycopg2.Error) and error.pgcode:
        return f"{error.pgcode} {' '.join((error.diag.message_primary or str(error)).split())}"
    return describe(error)
