"""Behind a real pgbouncer: what holds when it pools by transaction, and what the doctor reports about it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from pooler import by_way_of, pooler
from strings import new_entry

from api.process.reader import Reader
from database.migrate import migrate, migrations
from doctor.postgres import look_at_postgres
from local.ports import free_port
from local.postgres import Postgres
from worker.store import Store

HOSTILE = (
    "client_encoding = 'EUC_KR'",
    "search_path = elsewhere",
    "DateStyle = 'German'",
    "TimeZone = 'Asia/Kathmandu'",
    "default_transaction_isolation = 'repeatable read'",
    "synchronous_commit = off",
)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL with the table, and another one that a role's schema would lead to."""
    with Postgres(tmp_path_factory.mktemp("postgres"), free_port()) as started:
        migrate(started.owner_url, migrations())
        as_superuser(
            started,
            "CREATE SCHEMA elsewhere",
            "CREATE TABLE elsewhere.dummies (LIKE dummies INCLUDING ALL)",
            "GRANT ALL ON SCHEMA elsewhere TO PUBLIC",
            "GRANT ALL ON elsewhere.dummies TO PUBLIC",
            "CREATE TABLE seen (setting text)",
            "GRANT INSERT ON seen TO dummy_writer",
            "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END$$",
            "CREATE TRIGGER see AFTER INSERT ON dummies FOR EACH ROW EXECUTE FUNCTION see()",
        )
        yield started


def as_superuser(postgres: Postgres, *statements: str) -> list[tuple[object, ...]]:
    """Run statements, each by itself; return the last one's rows."""
    with closing(psycopg2.connect(postgres.superuser_url, connect_timeout=3)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_rows_are_kept_whole_in_their_table_and_on_disk(postgres: Postgres, tmp_path: Path, mode: str) -> None:
    """With sessions that other clients had changed, and roles with other settings."""
    for role in ("dummy_writer", "dummy_reader"):
        as_superuser(postgres, *(f"ALTER ROLE {role} SET {setting}" for setting in HOSTILE))
    as_superuser(postgres, "DELETE FROM seen")
    workers = 2 if mode == "session" else 6
    batches = [new_entry(*(f"한글 🙂 \\ {n} {i}" for i in range(5))) for n in range(60)]
    with pooler(postgres, tmp_path, mode) as port:
        stores = [Store(by_way_of(port, postgres.writer_url)) for _ in range(workers)]

        def store(number: int) -> int:
            return sum(stores[number].insert([batch]) for batch in batches[number::workers] for _ in range(2))

        with ThreadPoolExecutor(workers) as threads:
            assert sum(threads.map(store, range(workers))) == 300
        rows = Reader(by_way_of(port, postgres.reader_url))
        for batch in batches:
            found = rows.states(batch.ids)
            assert {row.text for row in found.values()} == set(batch.texts)
            assert all(row.received_at == 1_700_000_000_000_000 for row in found.values())
    assert as_superuser(postgres, "SELECT count(*) FROM elsewhere.dummies") == [(0,)]
    assert as_superuser(postgres, "SELECT DISTINCT setting FROM seen") == [("on",)]


@pytest.mark.parametrize(
    ("mode", "well", "said"), [("session", True, "not seen to share"), ("transaction", False, "transaction pooling")]
)
def test_the_doctor_tells_of_it(postgres: Postgres, tmp_path: Path, mode: str, *, well: bool, said: str) -> None:
    with pooler(postgres, tmp_path, mode) as port:
        found = look_at_postgres("DATABASE_URL", by_way_of(port, postgres.writer_url))
    [pooling] = [finding for finding in found if finding.what == "pooler before PostgreSQL as writer"]
    assert pooling.ok is well
    assert said in pooling.seen
    assert {finding.what for finding in found if finding.ok is False} <= {pooling.what}


def test_the_doctor_sees_that_none_is_between(postgres: Postgres) -> None:
    found = look_at_postgres("DATABASE_URL", postgres.writer_url)
    assert [finding.seen for finding in found if finding.what.startswith("pooler")] == ["none"]
