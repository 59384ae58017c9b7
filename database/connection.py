"""Connections to PostgreSQL, and patience with a server that is not there yet."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg2

LOCK_TIMEOUT_MS = 60_000
STATEMENT_TIMEOUT_MS = 300_000
T = TypeVar("T")


class SchemaMissing(Exception):
    """The schema lacks a migration that this code needs; the message names it."""


def connect(url: str, application: str) -> Any:
    """Return a connection to a server that can be written to. Raises psycopg2.OperationalError."""
    return psycopg2.connect(
        url,
        connect_timeout=3,
        application_name=application,
        target_session_attrs="read-write",
        options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}",
    )


def patiently(action: Callable[[], T], seconds: float) -> T:
    """Return the action's result; try again for so many seconds while the server or the schema is not there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return action()
        except (psycopg2.OperationalError, SchemaMissing) as error:
            if getattr(error, "pgcode", None) or time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(0.2, 0.6))  # noqa: S311
