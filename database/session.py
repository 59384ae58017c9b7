"""Sessions with PostgreSQL: each connects where its address says, in bounded time, and sets what our SQL relies on.

A role, a database or ``PGOPTIONS`` may set anything, such as an encoding that cannot hold a text, or a commit that does
not wait for the disk. libpq's parameters are given when connecting; one statement then sets the rest, because poolers
refuse ``options``. ``standard_conforming_strings`` is left alone: the driver reads it while connecting, and would alter
backslashes if it changed later.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

from core.errors import DummiesError
from core.settings import stop
from core.timeouts import CONNECT_TIMEOUT
from database.deadline import Address, Session
from database.errors import words

KEEPALIVES_IDLE = 10
PATIENCE = 1.0
"""Seconds that a program waits for PostgreSQL when it starts."""
_COMPLETED_FROM = ("PGSERVICE", "PGTZ", "PGDATESTYLE", "PGGEQO")
"""What libpq reads from the environment, and no parameter overrides."""
_PREPARE = (Path(__file__).parent / "sql" / "session.sql").read_text(encoding="utf-8")
_RELIED_ON = {
    "search_path": "public, pg_temp",  # named, or temporary tables would come first
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",  # ON CONFLICT DO NOTHING needs it
    "default_transaction_deferrable": "off",
    "row_security": "on",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": "1h",
    "transaction_timeout": "1h",
}


class UnfitDatabase(DummiesError):
    """The database cannot hold all of Unicode."""


@dataclass(frozen=True, kw_only=True)
class Connector:
    """Opens sessions with one database, for one purpose. Times are in seconds."""

    url: str
    application: str
    statement_timeout: float
    """After which PostgreSQL gives up a statement, or waiting for a lock."""
    call_deadline: float
    """After which a call is given up here: no sooner than PostgreSQL gives up."""
    connect_timeout: float = CONNECT_TIMEOUT
    """In which a session must be ready, however many servers are tried."""
    target: str = "any"
    """What the server must be, as libpq's ``target_session_attrs``."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """More to set, such as another ``lock_timeout``."""
    _failed: dict[Address, float] = field(default_factory=dict, init=False)
    _lost: dict[Address, float] = field(default_factory=dict, init=False)

    def connect(self) -> Session:
        """Return a session in autocommit with the first server that fits ``target``.

        Servers come in the order of the address, but those that failed after those that did not: the one that failed
        last comes last. Each address has its share of the time: libpq would spend it all on a dead one. Resolving names
        comes on top. Raises psycopg2.OperationalError, with each server's message, or UnfitDatabase.
        """
        for name in _COMPLETED_FROM:
            os.unsetenv(name)
        given = parse_dsn(self.url)
        targets, said = _targets(given)
        targets.sort(key=lambda target: self._failed.get(_address(target), 0))
        left = self.connect_timeout
        for tried, target in enumerate(targets):
            started = time.monotonic()
            try:
                return self._open(given | target, _address(target), left / (len(targets) - tried))
            except psycopg2.Error as error:
                self._failed[_address(target)] = time.monotonic()
                said.append(f"{target['host']}:{target['port']}: {words(error) if str(error) else 'no answer in time'}")
            left = max(left - (time.monotonic() - started), 0)
        raise psycopg2.OperationalError("; ".join(said))

    def lose(self, session: Session) -> None:
        """Close a session that failed; its server is tried last from now on, and no older session with it is trusted.

        The server may be gone, or may be an old primary whose standby was promoted: then no COMMIT there returns.
        """
        self._failed[session.address] = self._lost[session.address] = time.monotonic()
        session.close()

    def trusts(self, session: Session) -> bool:
        """Return whether no session with its server was lost since it was opened."""
        return session.opened > self._lost.get(session.address, 0)

    def _open(self, parameters: Mapping[str, str], address: Address, seconds: float) -> Session:
        until = time.monotonic() + seconds
        dsn = make_dsn(
            **parameters,
            application_name=self.application,
            target_session_attrs=self.target,
            client_encoding="UTF8",
            options="",  # else PGOPTIONS
            keepalives_idle=KEEPALIVES_IDLE,
            tcp_user_timeout=int(self.call_deadline * 1000),
        )
        session = Session(dsn, seconds, address)
        try:
            session.seconds = max(until - time.monotonic(), 0)
            self._prepare(session)
        except BaseException:
            session.close()
            raise
        session.seconds = self.call_deadline
        return session

    def _prepare(self, session: Session) -> None:
        session.autocommit = True  # in a transaction that is rolled back, nothing would stay set
        timeouts = dict.fromkeys(("statement_timeout", "lock_timeout"), f"{self.statement_timeout}s")
        settings = {**_RELIED_ON, **timeouts, **self.settings}
        with session.cursor() as cursor:
            cursor.execute(_PREPARE, {"names": list(settings), "settings": list(settings.values())})
            [(_, encoding), *_] = cursor.fetchall()
        if encoding != "UTF8":
            raise UnfitDatabase(
                f"the database's encoding, {encoding}, cannot hold all of Unicode: create it with ENCODING 'UTF8'"
            )


def refuse_unfit(url: str | None, variable: str) -> str | None:
    """Stop the process, with one line that names the variable, when the database cannot hold all of Unicode.

    A database that does not answer within roughly a second stops nothing: every later session is checked in the same
    way. Return why it did not.
    """
    if url is None:
        return None
    connector = Connector(
        url=url,
        application="ix-start",
        statement_timeout=PATIENCE,
        call_deadline=PATIENCE,
        connect_timeout=PATIENCE,
    )
    try:
        connector.connect().close()
    except UnfitDatabase as error:
        stop([f"{variable}: {error}"])
    except psycopg2.Error as error:
        return words(error)
    return None


def _address(target: Mapping[str, str]) -> Address:
    return target["host"], target.get("hostaddr", ""), target["port"]


def _targets(given: Mapping[str, str]) -> tuple[list[dict[str, str]], list[str]]:
    """Return each address of each host, and the errors of the hosts that have none."""
    hosts = given.get("host", "").split(",")
    places = given["hostaddr"].split(",") if "hostaddr" in given else hosts
    ports = given.get("port", "").split(",")
    targets, said = [], []
    for host, place, port in zip(hosts, places, ports * (len(hosts) // len(ports)), strict=True):
        target = {"host": host, "port": port or "5432"}
        if host.startswith("/"):
            targets.append(target)
            continue
        try:
            found = socket.getaddrinfo(place, target["port"], type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            said.append(f"{host}: {error}")
        else:
            targets += [target | {"hostaddr": str(address[0])} for *_, address in found]
    return targets, said
