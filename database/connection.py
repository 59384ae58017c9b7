"""Connections to PostgreSQL, and patience with a server that is not there yet."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg2
import psycopg2.extensions

from database.deadline import Session
from database.session import Connector

CONNECT_TIMEOUT = 3.0
STATEMENT_TIMEOUT = 300
CALL_DEADLINE = STATEMENT_TIMEOUT + 10.0
LOCK_TIMEOUT = 60
LONGEST_STATEMENT = 3600
_SETTINGS = {"statement_timeout": f"{STATEMENT_TIMEOUT}s", "lock_timeout": f"{LOCK_TIMEOUT}s"}
T = TypeVar("T")


class SchemaMissing(Exception):
    """The schema lacks a migration that this code needs; the message names it."""


def connect(url: str, application: str) -> Session:
    """Return a session with a server that can be written to. Raises psycopg2.OperationalError and UnfitDatabase."""
    session = Connector(
        url=url,
        application=application,
        target="read-write",
        connect_timeout=CONNECT_TIMEOUT,
        call_deadline=CALL_DEADLINE,
        settings=_SETTINGS,
    ).connect()
    session.autocommit = False
    return session


@contextmanager
def unhurried(session: Session, cursor: psycopg2.extensions.cursor) -> Iterator[None]:
    """Let statements take up to an hour, as building an index beside running transactions may."""
    session.seconds = LONGEST_STATEMENT + 10.0
    cursor.execute("SET statement_timeout = %s; SET lock_timeout = 0", [f"{LONGEST_STATEMENT}s"])
    try:
        yield
    finally:
        for name, value in _SETTINGS.items():
            cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
        session.seconds = CALL_DEADLINE


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
