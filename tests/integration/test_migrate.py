"""Migrations and roles on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest

from database.connection import SchemaMissing
from database.migrate import Migration, NewerDatabaseError, migrate, migrations
from database.wait import check
from local.ports import free_port
from local.postgres import Postgres

INSERT = "INSERT INTO dummies (id, text, received_at) VALUES (gen_random_uuid(), 'a', now())"


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL with the roles, and nothing else."""
    with Postgres(tmp_path_factory.mktemp("postgres"), free_port()) as started:
        yield started


@pytest.fixture(autouse=True)
def empty(postgres: Postgres) -> None:
    """Begin with no table at all."""
    run(postgres.owner_url, "DROP TABLE IF EXISTS dummies, schema_migrations, twice")


def run(url: str, sql: str) -> list[tuple]:
    """Run one statement in a role's name."""
    connection = psycopg2.connect(url, connect_timeout=3)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_the_second_time_nothing_is_left_to_do(postgres: Postgres) -> None:
    known = migrations()
    assert migrate(postgres.owner_url, known) == [migration.name for migration in known]
    assert migrate(postgres.owner_url, known) == []


def test_from_many_places_at_once_each_is_applied_once(postgres: Postgres) -> None:
    known = [Migration(1, "0001_pre_slow", "CREATE TABLE twice (); SELECT pg_sleep(0.2)")]
    with ThreadPoolExecutor(6) as pool:
        applied = list(pool.map(lambda _: migrate(postgres.owner_url, known), range(6)))
    assert sorted(applied) == [[]] * 5 + [["0001_pre_slow"]]


def test_a_database_newer_than_the_code_is_refused(postgres: Postgres) -> None:
    migrate(postgres.owner_url, [*migrations(), Migration(9999, "9999_pre_future", "SELECT 1")])
    with pytest.raises(NewerDatabaseError, match="9999"):
        migrate(postgres.owner_url, migrations())


def test_a_migration_that_fails_leaves_nothing_of_itself(postgres: Postgres) -> None:
    bad = Migration(2, "0002_pre_bad", "CREATE TABLE twice (); SELECT 1/0")
    with pytest.raises(psycopg2.errors.DivisionByZero):
        migrate(postgres.owner_url, [migrations()[0], bad])
    assert run(postgres.owner_url, "SELECT to_regclass('twice'), max(version) FROM schema_migrations") == [(None, 1)]


def test_what_comes_after_the_code_waits_for_it(postgres: Postgres) -> None:
    """Until then, or until the next release, which needs it: then its turn comes before that release's own."""
    first, post = Migration(1, "0001_pre_a", "SELECT 1"), Migration(2, "0002_post_b", "SELECT 1")
    next_, last = Migration(3, "0003_pre_c", "SELECT 1"), Migration(4, "0004_post_d", "SELECT 1")
    assert migrate(postgres.owner_url, [first, post], post=False) == ["0001_pre_a"]
    assert migrate(postgres.owner_url, [first, post, next_, last], post=False) == ["0002_post_b", "0003_pre_c"]
    assert migrate(postgres.owner_url, [first, post, next_, last], post=True) == ["0004_post_d"]


def test_new_code_waits_for_its_schema_and_no_longer(postgres: Postgres) -> None:
    url = postgres.writer_url
    known, newer = (
        migrations(),
        [*migrations(), Migration(9, "0009_pre_new", "SELECT 1"), Migration(10, "0010_post_new", "")],
    )
    for applied in (0, 1):  # nothing; and a version that does not yet let the writer look
        migrate(postgres.owner_url, known[:applied])
        with pytest.raises(SchemaMissing, match=known[0].name):
            check(url, known)
    migrate(postgres.owner_url, known)
    check(url, known)
    with pytest.raises(SchemaMissing, match="0009_pre_new"):
        check(url, newer)
    migrate(postgres.owner_url, newer[:-1])
    check(url, newer)
    check(url, known)  # after an undo the older code finds the newer schema good enough


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT text FROM dummies",
        "UPDATE dummies SET text = 'b'",
        "DELETE FROM dummies",
        "TRUNCATE dummies",
        "DROP TABLE dummies",
        "CREATE TABLE mine ()",
        "SELECT * FROM schema_migrations",
    ],
)
def test_the_writer_may_insert_and_nothing_else(postgres: Postgres, sql: str) -> None:
    migrate(postgres.owner_url, migrations())
    run(postgres.writer_url, f"{INSERT} ON CONFLICT (id) DO NOTHING")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        run(postgres.writer_url, sql)


@pytest.mark.parametrize(
    "sql", [INSERT, "UPDATE dummies SET text = 'b'", "DELETE FROM dummies", "CREATE TABLE mine ()"]
)
def test_the_reader_may_read_and_nothing_else(postgres: Postgres, sql: str) -> None:
    migrate(postgres.owner_url, migrations())
    assert run(postgres.reader_url, "SELECT * FROM dummies") == []
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        run(postgres.reader_url, sql)


def test_every_file_of_sql_is_numbered_and_says_when_it_runs() -> None:
    folder = Path(migrations.__code__.co_filename).parent / "migrations"
    names = sorted(file.stem for file in folder.iterdir())
    assert names == [migration.name for migration in migrations()]
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert all(name[4:].startswith(("_pre_", "_post_")) for name in names)
