"""Misconfigurations, planted in real servers: one log line names the cause and where the call went, and no password."""

from __future__ import annotations

import json
import logging
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from io import StringIO
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psycopg2
import pytest
import structlog
from strings import single
from support import REFUSE, UNPLANT
from tls_proxy import Proxy, make_expired_certificate

from api.app import create_app
from api.process import reader
from api.process.reader import Reader
from api.settings import ApiSettings
from core import connection, logs, wakeups
from core.connection import connect
from core.consumer import Consumer
from core.errors import DummiesError
from core.journal import Journal
from core.outage_log import OutageLog
from core.wakeups import make_celery, publish_wakeup
from database.connection import connect as connect_owner
from database.connection import run
from database.migrate import migrate, migrations
from local.ports import free_port
from local.postgres import Postgres
from local.redis import Redis
from worker import settle
from worker.drain import Drain
from worker.store import Store

TEXT = "a text of a user"


class Servers(NamedTuple):
    """Redis, and PostgreSQL with the table."""

    redis: Redis
    postgres: Postgres


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Started once."""
    folder = tmp_path_factory.mktemp("servers")
    with Redis(folder / "redis", free_port()) as redis, Postgres(folder / "postgres", free_port()) as postgres:
        migrate(postgres.owner_url, migrations())
        yield Servers(redis, postgres)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """The log as a program writes it, of processes that have logged nothing yet."""
    logged = (connection, "_outage"), (connection, "fullness"), (wakeups, "outage"), (settle, "_slow")
    for module, name in logged:
        monkeypatch.setattr(module, name, OutageLog(getattr(module, name)._event))
    monkeypatch.setattr(sys, "stderr", stream := StringIO())
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure(json=True)
    structlog.configure(cache_logger_on_first_use=False)  # what is cached would outlive the test
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def as_superuser(postgres: Postgres, *statements: str) -> None:
    """Run statements."""
    session = psycopg2.connect(postgres.superuser_url, connect_timeout=3)
    session.autocommit = True
    with session.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    session.close()


@contextmanager
def in_postgres(servers: Servers, plant: str, cure: str) -> Iterator[None]:
    """Plant something, and cure it."""
    as_superuser(servers.postgres, plant)
    try:
        yield
    finally:
        as_superuser(servers.postgres, cure)


@contextmanager
def in_redis(servers: Servers, plant: str, cure: str) -> Iterator[None]:
    """Likewise."""
    with connect(servers.redis.url) as redis:
        redis.execute_command(*plant.split())
        try:
            yield
        finally:
            redis.execute_command(*cure.split())


def read(url: str) -> None:
    """Read as the API does, and again: that is not logged again."""
    asked = Reader(url)
    for _ in range(2):
        asked._resting_until = 0
        with suppress(DummiesError):
            asked.history(1, None)


def drain(servers: Servers, url: str) -> None:
    """Store as a worker does, again and again."""
    with connect(servers.redis.url) as redis:
        redis.flushall()
        journal = Journal(redis)
        journal.append([single(TEXT)])
        journal.drop_connections()
        drains = Drain(Consumer(redis), Store(url), lambda: None)
        for _ in range(2):
            redis.delete(Consumer(redis)._keys.database_probe)
            drains.run()


def ask_journal(url: str) -> None:
    """Ask the journal as any tier does."""
    with connect(url, timeout=1) as redis:
        journal = Journal(redis)
        for _ in range(2):
            with suppress(DummiesError):
                journal.append([single(TEXT)])
        journal.drop_connections()


def read_slowly(url: str) -> None:
    """Ask for what takes too long."""
    reader.STATEMENT_TIMEOUT = 0.1
    try:
        asked = Reader(url)
        for _ in range(2):
            with suppress(DummiesError):
                asked._fetch("SELECT pg_sleep(9)", {})
    finally:
        reader.STATEMENT_TIMEOUT = 2.0


def other(url: str, **parts: object) -> str:
    """Return an address with another password, port or path."""
    found = urlsplit(url)
    password, port = parts.get("password", found.password), parts.get("port", found.port)
    host = f"{parts.get('host', found.hostname)}:{port}"
    login = f"{parts.get('user', found.username) or ''}:{password}"
    return f"{found.scheme}://{login}@{host}{parts.get('path', found.path)}"


class Planted(NamedTuple):
    """What meets it, the event and the reason that the line has, and what has to be planted in a server first."""

    meet: Callable[[Servers], None]
    event: str
    reason: str
    plant: Callable[[Servers], AbstractContextManager[None]] = lambda _: nullcontext()


WRONG = "not-the-password"
AWAY, REFUSED, NOT_STORED = "PostgreSQL unavailable", "read failed", "PostgreSQL stores nothing"
NO_PASSWORD = "password authentication failed for user"
NO_SPACE = 'could not extend file "base/5/1": No space left on device'
CANCELED = "canceling statement due to statement timeout"
MISCONFIGURATIONS = {
    "API: wrong password of PostgreSQL": Planted(
        lambda s: read(other(s.postgres.reader_url, password=WRONG)), AWAY, NO_PASSWORD
    ),
    "API: wrong host of PostgreSQL": Planted(
        lambda s: read(other(s.postgres.reader_url, host="nowhere.invalid")), AWAY, r"nowhere\.invalid: \[Errno"
    ),
    "API: wrong port of PostgreSQL": Planted(
        lambda s: read(other(s.postgres.reader_url, port=free_port())), AWAY, "Connection refused"
    ),
    "API: no such database": Planted(
        lambda s: read(other(s.postgres.reader_url, path="/elsewhere")), AWAY, 'database "elsewhere" does not exist'
    ),
    "API: missing right": Planted(
        lambda s: read(s.postgres.reader_url),
        REFUSED,
        "^42501 permission denied for table dummies$",
        lambda s: in_postgres(
            s, "REVOKE SELECT ON dummies FROM dummy_reader", "GRANT SELECT ON dummies TO dummy_reader"
        ),
    ),
    "API: migration not applied": Planted(
        lambda s: read(other(s.postgres.reader_url, path="/postgres")),
        REFUSED,
        '^42P01 relation "public.dummies" does not exist$',
    ),
    "API: slow statement": Planted(
        lambda s: read_slowly(s.postgres.reader_url), REFUSED, "^57014 canceling statement due to statement timeout$"
    ),
    "worker: missing right": Planted(
        lambda s: drain(s, s.postgres.writer_url),
        NOT_STORED,
        "^42501 permission denied for table dummies$",
        lambda s: in_postgres(
            s, "REVOKE INSERT ON dummies FROM dummy_writer", "GRANT INSERT ON dummies TO dummy_writer"
        ),
    ),
    "worker: wrong password of PostgreSQL": Planted(
        lambda s: drain(s, other(s.postgres.writer_url, password=WRONG)), NOT_STORED, NO_PASSWORD
    ),
    "worker: full disk of PostgreSQL": Planted(
        lambda s: drain(s, s.postgres.writer_url),
        NOT_STORED,
        f"^53100 {NO_SPACE}$",
        lambda s: in_postgres(s, REFUSE.format(f"RAISE '{NO_SPACE}' USING ERRCODE = 'disk_full';"), UNPLANT),
    ),
    "worker: slow statement": Planted(
        lambda s: drain(s, s.postgres.writer_url),
        "batch is too slow in PostgreSQL",
        f"^57014 {CANCELED}$",
        lambda s: in_postgres(s, REFUSE.format(f"RAISE '{CANCELED}' USING ERRCODE = 'query_canceled';"), UNPLANT),
    ),
    "wrong password of Redis": Planted(
        lambda s: ask_journal(other(s.redis.url, password=WRONG)),
        "journal unavailable",
        "invalid username-password pair|WRONGPASS",
    ),
    "wrong port of Redis": Planted(
        lambda s: ask_journal(other(s.redis.url, port=free_port())), "journal unavailable", "Connection refused"
    ),
    "missing right in Redis": Planted(
        lambda s: ask_journal(s.redis.url),
        "journal unavailable",
        "has no permissions to run the .*evalsha",
        lambda s: in_redis(s, "ACL SETUSER default -evalsha", "ACL SETUSER default +@all"),
    ),
    "full Redis": Planted(
        lambda s: ask_journal(s.redis.url),
        "journal full",
        "command not allowed when used memory > 'maxmemory'",
        lambda s: in_redis(s, "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 512mb"),
    ),
    "wrong broker": Planted(
        lambda s: publish_wakeup(make_celery(other(s.redis.url, port=free_port()))),
        "broker unavailable",
        "Connection refused",
    ),
}


@pytest.mark.parametrize("name", MISCONFIGURATIONS)
def test_one_line_names_the_cause(servers: Servers, written: StringIO, name: str) -> None:
    planted = MISCONFIGURATIONS[name]
    with planted.plant(servers):
        planted.meet(servers)
    assert_line(written, planted.event, planted.reason)


def assert_line(written: StringIO, event: str, reason: str) -> None:
    """Check that the event has one line, with this reason and where it was going, and that none has a secret."""
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    [line] = [line for line in lines if line["event"] == event]
    assert re.search(reason, line["reason"])
    assert re.fullmatch(r"(127\.0\.0\.1|localhost|nowhere\.invalid):\d+/\w+", line["server"])
    assert WRONG not in written.getvalue()
    assert TEXT not in written.getvalue()


def test_an_expired_certificate_is_named(servers: Servers, written: StringIO, tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("NO OPENSSL, no certificate can be made")
    certificate = make_expired_certificate(tmp_path, "localhost")
    with Proxy("127.0.0.1", servers.redis.port, certificate, immediately=True) as proxy:
        address = other(servers.redis.url, host="localhost", port=proxy.port)
        ask_journal(address.replace("redis:", "rediss:", 1) + f"?ssl_ca_certs={certificate}")
    assert_line(written, "journal unavailable", "certificate has expired")


def test_what_waits_for_the_server_says_once_why(servers: Servers, capsys: pytest.CaptureFixture[str]) -> None:
    url = other(servers.postgres.owner_url, password=WRONG)
    with pytest.raises(SystemExit) as ended:
        run("migrate", lambda: connect_owner(url, "test"), 1)
    [line] = capsys.readouterr().err.splitlines()
    assert re.fullmatch(f"migrate tries again for up to 1 s: 127.0.0.1:.*{NO_PASSWORD}.*", line)
    assert NO_PASSWORD in str(ended.value)


def test_a_pod_is_not_ready_while_redis_refuses_its_credentials(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is one of many whose Redis is merely down: all would leave the service."""
    monkeypatch.setattr("api.process.monitor._repeat", lambda *_: None)
    url = other(servers.redis.url, user="pod", password="first")
    with connect(servers.redis.url) as keeper, connect(url) as redis:
        keeper.execute_command("ACL", "SETUSER", "pod", "on", ">first", "~*", "&*", "+@all")
        app = create_app(ApiSettings(redis_url=url), redis)
        client, monitor = app.test_client(), app.extensions["dummies"].monitor
        assert client.get("/readyz").status_code == 200
        for change, status in (("<first", 503), (">first", 200)):
            keeper.execute_command("ACL", "SETUSER", "pod", change)
            keeper.execute_command("CLIENT", "KILL", "USER", "pod", "SKIPME", "yes")
            monitor.look_at_journal(monitor.shards[0])
            answer = client.get("/readyz")
            assert answer.status_code == status, answer.json
        app.extensions["dummies"].journals.each[0].drop_connections()
        monitor.shards[0]._impatient.close()
