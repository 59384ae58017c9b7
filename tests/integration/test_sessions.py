"""Sessions with a real PostgreSQL rely on nothing that a role, a database or the environment may have set otherwise."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from strings import entry_of, new_entry, new_id

from api.process.read_pool import ReadPool
from api.process.reader import Reader
from core.errors import DatabaseUnavailable
from core.submission import Submission
from database.connection import connect
from database.migrate import migrate, migrations
from database.session import Connector, UnfitDatabase
from database.wait import check
from doctor.postgres import look_at_postgres
from local.ports import free_port
from local.postgres import Postgres
from local.standby import hosts
from local.system import ROOT, api_command, worker_command
from worker.store import Outage, Store

TEXTS = [
    "ascii",
    "한글 🙂",
    "back\\slash \\n \\' \\\\",
    "'; DROP TABLE dummies; --",
    "{NULL}",
    "NULL",
    "\x1b\r\n\t\x7f",
]
LATIN = "OWNER dummy_owner ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
RECEIVED = 1_700_000_000_000_000


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL with the table."""
    with Postgres(tmp_path_factory.mktemp("postgres"), free_port()) as started:
        migrate(started.owner_url, migrations())
        yield started


def as_superuser(postgres: Postgres, *statements: str, database: str = "dummy") -> None:
    """Run statements, each by itself."""
    with closing(psycopg2.connect(elsewhere(postgres.superuser_url, database), connect_timeout=3)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def elsewhere(url: str, database: str) -> str:
    """Return the address of another database of the same server."""
    return url.rpartition("/")[0] + f"/{database}"


def stored_and_read(postgres: Postgres) -> None:
    """Store the texts in a new session and read them in another; nothing may differ."""
    batch = [Submission(new_id(), text, RECEIVED) for text in TEXTS]
    assert Store(postgres.writer_url).insert([entry_of(*batch)]) == len(batch)
    rows = Reader(postgres.reader_url)
    found = rows.states([submission.id for submission in batch])
    assert {id_: row.text for id_, row in found.items()} == {submission.id: submission.text for submission in batch}
    for row in found.values():
        assert row.received_at == RECEIVED
        assert abs(row.stored_at / 1e6 - time.time()) < 60
    assert {row.text for row in rows.history(limit=len(batch), before=None)} == set(TEXTS)


@pytest.mark.parametrize(
    "setting",
    [
        "client_encoding = 'EUC_KR'",
        "client_encoding = 'SQL_ASCII'",
        "client_encoding = 'LATIN1'",
        "standard_conforming_strings = off",
        "search_path = elsewhere",
        "search_path = elsewhere, pg_catalog",
        "DateStyle = 'SQL, DMY'",
        "DateStyle = 'German'",
        "IntervalStyle = 'sql_standard'",
        "TimeZone = 'Asia/Kathmandu'",
        "default_transaction_isolation = 'serializable'",
        "default_transaction_deferrable = on",
        "statement_timeout = '20ms'",
        "lock_timeout = '20ms'",
        "transaction_timeout = '20ms'",
        "row_security = off",
        "bytea_output = 'escape'",
        "extra_float_digits = -15",
        "array_nulls = off",
        "synchronous_commit = off",
    ],
)
@pytest.mark.parametrize("whose", ["ROLE dummy_writer", "DATABASE dummy"])
def test_what_a_role_or_database_sets_changes_nothing(postgres: Postgres, whose: str, setting: str) -> None:
    as_superuser(
        postgres,
        "CREATE SCHEMA IF NOT EXISTS elsewhere",
        "CREATE TABLE IF NOT EXISTS elsewhere.dummies (LIKE dummies INCLUDING ALL)",
        "GRANT ALL ON SCHEMA elsewhere TO PUBLIC",
        "GRANT ALL ON elsewhere.dummies TO PUBLIC",
        f"ALTER {whose} SET {setting}",
    )
    try:
        stored_and_read(postgres)
    finally:
        with closing(psycopg2.connect(postgres.superuser_url, options="-c statement_timeout=0")) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"ALTER {whose} RESET ALL")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PGCLIENTENCODING", "SQL_ASCII"),
        ("PGCLIENTENCODING", "EUC_KR"),
        ("PGCLIENTENCODING", "nonsense"),
        ("PGOPTIONS", "-c statement_timeout=1 -c search_path=nowhere"),
        ("PGOPTIONS", "-c nonsense=1"),
        ("PGTZ", "Asia/Kathmandu"),
        ("PGTZ", "Nowhere"),
        ("PGDATESTYLE", "nonsense"),
        ("PGSERVICE", "nonsense"),
        ("PGHOSTADDR", "127.0.0.9"),
        ("PGPORT", "1"),
        ("PGTARGETSESSIONATTRS", "standby"),
        ("PGAPPNAME", "psql"),
    ],
)
def test_what_the_environment_says_to_libpq_changes_nothing(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    stored_and_read(postgres)


def test_a_service_of_the_environment_adds_nothing(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "services"
    file.write_text("[ours]\nclient_encoding=EUC_KR\noptions=-c statement_timeout=1\nhostaddr=127.0.0.9\n")
    monkeypatch.setenv("PGSERVICE", "ours")
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    stored_and_read(postgres)


@pytest.mark.parametrize(("before", "then"), [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")])
def test_a_commit_waits_for_the_disk(postgres: Postgres, before: str, then: str) -> None:
    as_superuser(postgres, f"ALTER ROLE dummy_owner SET synchronous_commit = {before}")
    with closing(connect(postgres.owner_url, "test")) as session, session.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == (then,)
    as_superuser(postgres, "ALTER ROLE dummy_owner RESET ALL")


def test_a_stored_string_is_on_disk_even_in_a_session_that_forgot_what_was_set(postgres: Postgres) -> None:
    """As a transaction pooler hands them out."""
    as_superuser(
        postgres,
        "CREATE TABLE seen (setting text)",
        "GRANT INSERT ON seen TO dummy_writer",
        "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END$$",
        "CREATE TRIGGER see AFTER INSERT ON dummies FOR EACH ROW EXECUTE FUNCTION see()",
    )
    store = Store(postgres.writer_url)
    store.probe()
    for setting in ("off", "local", "remote_write"):
        store._connection.cursor().execute(f"SET synchronous_commit = {setting}")
        store.insert([new_entry("text")])
    as_superuser(postgres, "DROP TRIGGER see ON dummies")
    with closing(psycopg2.connect(postgres.superuser_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT setting FROM seen")
        assert cursor.fetchall() == [("on",)] * 3


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "EUC_KR"])
def test_a_database_that_cannot_hold_all_of_unicode_is_refused_by_all(postgres: Postgres, encoding: str) -> None:
    name = encoding.lower()
    options = f"OWNER dummy_owner ENCODING '{encoding}' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
    as_superuser(postgres, f"CREATE DATABASE {name} {options}")
    for refused in (
        lambda: migrate(elsewhere(postgres.owner_url, name), migrations()),
        lambda: check(elsewhere(postgres.writer_url, name), migrations()),
    ):
        with pytest.raises(UnfitDatabase, match=encoding):
            refused()
    with pytest.raises(Outage, match=encoding):
        Store(elsewhere(postgres.writer_url, name)).insert([new_entry("ascii")])
    with pytest.raises(DatabaseUnavailable) as raised:
        Reader(elsewhere(postgres.reader_url, name)).history(limit=1, before=None)
    assert isinstance(raised.value.__cause__, UnfitDatabase)
    [finding] = look_at_postgres("DATABASE_URL", elsewhere(postgres.writer_url, name))
    assert finding.ok is False
    assert encoding in finding.seen


@pytest.mark.parametrize("program", ["api", "factory", "worker", "migrate", "wait"])
def test_nothing_starts_on_such_a_database(postgres: Postgres, program: str) -> None:
    """One line says why, whatever Redis does."""
    as_superuser(postgres, "DROP DATABASE IF EXISTS latin", f"CREATE DATABASE latin {LATIN}")
    command = {
        "api": api_command(free_port()),
        "factory": [sys.executable, "-c", "import api.app; api.app.create_app()"],
        "worker": worker_command(),
        "migrate": [sys.executable, "-m", "database.migrate"],
        "wait": [sys.executable, "-m", "database.wait"],
    }[program]
    urls = {"DATABASE_URL": postgres.writer_url, "DATABASE_READ_URL": postgres.reader_url}
    urls |= {"DATABASE_OWNER_URL": postgres.owner_url}
    env = {name: elsewhere(url, "latin") for name, url in urls.items()} | {"REDIS_URL": "redis://127.0.0.1:1/0"}
    ended = subprocess.run(
        command, cwd=ROOT, env=os.environ | env, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == (1 if program in {"migrate", "wait"} else 2), ended.stderr
    [line] = [line for line in ended.stderr.splitlines() if "LATIN1" in line]
    assert line.startswith({"migrate": "migrate: ", "wait": "wait: "}.get(program, "DATABASE_"))
    assert "ENCODING 'UTF8'" in line
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("how", ["accepts", "drops"])
def test_dead_hosts_before_the_good_one_leave_it_its_time(postgres: Postgres, how: str) -> None:
    """A stopped server's kernel still accepts connections; where the machine is off, nothing answers at all."""
    with ExitStack() as dead:
        ports = [dead.enter_context(silent(how)) for _ in range(2)]
        connector = connector_of(hosts(postgres.writer_url, *ports, postgres.port))
        started = time.monotonic()
        connector.connect().close()
        first = time.monotonic() - started
        assert connector.connect_timeout / 2 < first < connector.connect_timeout
        connector.connect().close()
        assert time.monotonic() - started - first < 0.5  # they are known now


@contextmanager
def silent(how: str) -> Iterator[int]:
    """Listen and say nothing, or, with a full queue, drop what asks for a connection; yield the port."""
    with ExitStack() as sockets:
        server = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(0 if how == "accepts" else 2):
            client = sockets.enter_context(socket.socket())
            client.setblocking(False)  # noqa: FBT003
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def test_the_server_of_a_lost_session_is_tried_last(postgres: Postgres) -> None:
    """It may be an old primary, which takes sessions and returns from no COMMIT."""
    connector = connector_of(postgres.writer_url.replace("@", f"@localhost:{postgres.port},"))
    with closing(connector.connect()) as other:
        for host in ("localhost", "127.0.0.1", "localhost"):
            session = connector.connect()
            assert session.address[0] == host
            connector.lose(session)
        assert not connector.trusts(other)
    with closing(connector.connect()) as session:
        assert connector.trusts(session)


def test_no_pooled_connection_outlives_the_loss_of_another(postgres: Postgres) -> None:
    """A server that is cut off closes none: each would take a deadline to find out."""
    pool = ReadPool(connector_of(postgres.reader_url), 3, 3)
    with pool.session() as first, pool.session() as second, pool.session() as third:
        pass
    with suppress(psycopg2.OperationalError), pool.session() as lost:
        raise psycopg2.OperationalError
    with pool.session() as session:
        assert session not in {first, second, third}
    assert lost.closed
    with pool.session() as again:
        assert again is session


def connector_of(url: str) -> Connector:
    """Return a connector like the tiers'."""
    return Connector(url=url, application="test", statement_timeout=2, call_deadline=3)


def test_a_host_without_a_name_or_a_standby_is_passed_over(postgres: Postgres) -> None:
    good = urlsplit(postgres.writer_url)
    address = good._replace(netloc=good.netloc.replace("@", "@nowhere.invalid,127.0.0.1:1,")).geturl()
    Store(address).probe()


def test_a_host_may_come_with_its_address(postgres: Postgres) -> None:
    address = postgres.writer_url.replace("127.0.0.1", "nowhere.invalid")
    Store(f"{address}?hostaddr=127.0.0.1").probe()


def test_every_host_that_failed_is_named() -> None:
    with pytest.raises(Outage, match=r"nowhere\.invalid.*127\.0\.0\.1"):
        Store("postgresql://writer:secret@nowhere.invalid,127.0.0.1:1/dummy").probe()


def test_our_sql_is_ascii() -> None:
    """It must not matter in which encoding it is sent."""
    files = [file for folder in ("api", "core", "worker", "database") for file in (ROOT / folder).rglob("*.sql")]
    assert len(files) > 5
    for file in files:
        assert file.read_bytes().isascii(), file
