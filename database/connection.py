"""Sessions that migrate or check the schema, and the loop that waits for the server."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg2

from core.errors import DummiesError
from database.deadline import Session
from database.errors import words
from database.session import Connector

STATEMENT_TIMEOUT, LOCK_TIMEOUT = 300, 60
MARGIN = 10.0
"""Seconds after its timeout in which PostgreSQL must have given up a statement."""
BUSY = (None, "55P03", "57014")
"""SQLSTATEs after which retrying helps: none, where the server did not answer, and those of a lock and of a timeout."""
T = TypeVar("T")


class SchemaMissing(DummiesError):
    """The schema lacks a migration that this code needs; the message names it."""


def connect(
    url: str, application: str, statement_timeout: int = STATEMENT_TIMEOUT, lock_timeout: int = LOCK_TIMEOUT
) -> Session:
    """Return a session in autocommit with a server that can be written to; timeouts are in seconds.

    Raises psycopg2.OperationalError and UnfitDatabase.
    """
    return Connector(
        url=url,
        application=application,
        statement_timeout=statement_timeout,
        call_deadline=statement_timeout + MARGIN,
        target="read-write",
        settings={"lock_timeout": f"{lock_timeout}s"},
    ).connect()


def run(program: str, action: Callable[[], T], seconds: float) -> T:
    """Return the action's result; retry for this many seconds while the server or the schema is not there yet.

    Each reason to retry is printed once. Exit with 1 and the reason when the time is up, or where retrying cannot help.
    """
    deadline = time.monotonic() + seconds
    printed: set[str] = set()
    while True:
        try:
            return action()
        except (DummiesError, psycopg2.Error) as error:
            reason = words(error)
            passes = isinstance(error, SchemaMissing | psycopg2.OperationalError)
            if not passes or getattr(error, "pgcode", None) not in BUSY or time.monotonic() > deadline:
                sys.exit(f"{program}: {reason}")
        if reason not in printed:
            printed.add(reason)
            print(f"{program} tries again for up to {seconds:.0f} s: {reason}", file=sys.stderr, flush=True)  # noqa: T201
        time.sleep(random.uniform(0.2, 0.6))  # noqa: S311
