"""The store on a real PostgreSQL: what is an outage, what is poison, and how long anything takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import psycopg2
import pytest

from core.submission import Submission
from database.migrate import migrate, migrations
from local.ports import free_port
from local.postgres import Postgres
from worker.store import Outage, Poison, Store


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL with the table."""
    with Postgres(tmp_path_factory.mktemp("postgres"), free_port()) as started:
        migrate(started.owner_url, migrations())
        yield started
    psycopg2.extensions.set_wait_callback(None)


@pytest.fixture
def store(postgres: Postgres) -> Store:
    """A store that has not connected yet."""
    return Store(postgres.writer_url)


def strings(*texts: str) -> list[Submission]:
    """Return submissions of these texts."""
    return [Submission(str(uuid4()), text, 1_700_000_000_000_000) for text in texts]


def as_superuser(postgres: Postgres, *statements: str) -> list[tuple]:
    """Run statements, and return the rows of the last."""
    options = "-c default_transaction_read_only=off"  # to cure what a test has planted
    connection = psycopg2.connect(postgres.superuser_url, connect_timeout=3, options=options)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_a_batch_is_stored_once_however_often_it_comes(postgres: Postgres, store: Store) -> None:
    batch = strings("한글", "🙂", "'; DROP TABLE dummies; --", "a" * 65_536)
    assert store.insert(batch) == 4
    assert store.insert(batch) == 0
    rows = as_superuser(postgres, "SELECT id::text, text, extract(epoch FROM received_at) FROM dummies")
    assert {(s.id, s.text, 1_700_000_000) for s in batch} <= {(i, t, int(at)) for i, t, at in rows}


def test_a_string_that_postgresql_refuses_is_poison_and_nothing_of_its_batch_is_stored(
    postgres: Postgres, store: Store
) -> None:
    as_superuser(postgres, "ALTER TABLE dummies ADD CONSTRAINT no_evil CHECK (text <> 'evil')")
    batch = strings("good", "evil")
    with pytest.raises(Poison, match="no_evil"):
        store.insert(batch)
    assert as_superuser(postgres, f"SELECT count(*) FROM dummies WHERE id = '{batch[0].id}'") == [(0,)]
    assert store.insert(batch[:1]) == 1


def test_what_the_driver_refuses_to_send_is_poison(store: Store) -> None:
    with pytest.raises(Poison, match="NUL"):
        store.insert(strings("a\0b"))
    assert store.insert(strings("after")) == 1


@pytest.mark.parametrize(
    ("fault", "cure"),
    [
        ("ALTER TABLE dummies RENAME TO elsewhere", "ALTER TABLE elsewhere RENAME TO dummies"),
        ("ALTER DATABASE dummy SET default_transaction_read_only = on", "ALTER DATABASE dummy RESET ALL"),
        (
            "REVOKE INSERT (id, text, received_at) ON dummies FROM dummy_writer",
            "GRANT INSERT (id, text, received_at) ON dummies TO dummy_writer",
        ),
        ("ALTER ROLE dummy_writer CONNECTION LIMIT 0", "ALTER ROLE dummy_writer CONNECTION LIMIT -1"),
    ],
    ids=["table renamed", "read-only", "rights gone", "out of connections"],
)
def test_what_a_person_can_mend_is_an_outage(postgres: Postgres, store: Store, fault: str, cure: str) -> None:
    batch = strings("patient")
    as_superuser(postgres, fault)
    try:
        with pytest.raises(Outage):
            store.insert(batch)
    finally:
        as_superuser(postgres, cure)
    assert store.insert(batch) == 1


def test_a_terminated_backend_is_an_outage_and_the_next_try_connects_anew(postgres: Postgres, store: Store) -> None:
    store.ping()
    as_superuser(
        postgres, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ix-worker'"
    )
    with pytest.raises(Outage):
        store.insert(strings("a"))
    assert store.insert(strings("b")) == 1


def test_a_lock_held_too_long_is_an_outage(postgres: Postgres, store: Store) -> None:
    connection = psycopg2.connect(postgres.superuser_url, connect_timeout=3)
    try:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE dummies IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(Outage):
                store.insert(strings("a"))
    finally:
        connection.close()
    assert store.insert(strings("a")) == 1


def test_a_server_that_hangs_is_given_up_at_the_deadline(postgres: Postgres, store: Store) -> None:
    """Over the connection that stands, and while connecting."""
    store.ping()
    postgres.pause()
    # a call without a deadline is to fail here, not to hang: no signal ends it
    rescue = threading.Timer(30, postgres.resume)
    rescue.start()
    try:
        for longest in (8, 5):
            started = time.monotonic()
            with pytest.raises(Outage):
                store.insert(strings("a"))
            assert time.monotonic() - started < longest
    finally:
        rescue.cancel()
        postgres.resume()
    assert store.insert(strings("b")) == 1


def test_nothing_listening_is_an_outage() -> None:
    with pytest.raises(Outage):
        Store(f"postgresql://dummy_writer@127.0.0.1:{free_port()}/dummy").insert(strings("a"))
