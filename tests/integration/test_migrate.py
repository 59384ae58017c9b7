"""Migrations and roles on a real PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from strings import new_entry
from support import eventually

from api.process.reader import Reader
from database.connection import SchemaMissing
from database.migrate import LOCK, Migration, NewerDatabaseError, migrate, migrations, pending
from database.wait import check
from local.ports import free_port, is_free
from local.postgres import Postgres
from local.system import Process
from worker.store import Store

BEFORE_ERASING = [each for each in migrations() if "erased" not in each.name]
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
    connection.autocommit = True  # no transaction that a role's time-outs could end
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_the_second_time_nothing_is_left_to_do(postgres: Postgres) -> None:
    known = migrations()
    assert migrate(postgres.owner_url, known) == [migration.name for migration in known]
    assert migrate(postgres.owner_url, known) == []


def test_a_migration_run_concurrently_from_many_places_is_applied_once(postgres: Postgres) -> None:
    known = [Migration(1, "0001_pre_slow", "CREATE TABLE twice (); SELECT pg_sleep(0.2)")]
    with ThreadPoolExecutor(6) as pool:
        applied = list(pool.map(lambda _: migrate(postgres.owner_url, known), range(6)))
    assert sorted(applied) == [[]] * 5 + [["0001_pre_slow"]]


@pytest.fixture
def pooled(postgres: Postgres, tmp_path: Path) -> Iterator[str]:
    """The database as its owner, through a transaction pooler."""
    found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip("NO PGBOUNCER on this machine: migration through a pooler is not tested")
    port, owner = free_port(), urlsplit(postgres.owner_url)
    (tmp_path / "pgbouncer.ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={owner.port} user={owner.username} password={owner.password}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        "pool_mode = transaction\nignore_startup_parameters = options\n"
    )
    someone = ["-u", "nobody"] if os.geteuid() == 0 else []
    pooler = Process([found, *someone, str(tmp_path / "pgbouncer.ini")], tmp_path / "pgbouncer.log", {})
    eventually(lambda: not is_free(port), within=30)
    yield postgres.owner_url.replace(f":{owner.port}/", f":{port}/")
    pooler.stop()


def test_through_a_transaction_pooler_no_lock_stays(postgres: Postgres, pooled: str) -> None:
    """Each run gives its connections back to the pooler, which keeps them for the next one."""
    known = migrations()
    assert migrate(pooled, known[:1]) == [known[0].name]
    with pytest.raises(psycopg2.errors.DivisionByZero):
        migrate(pooled, [known[0], Migration(2, "0002_pre_bad", "SELECT 1/0")])
    assert run(postgres.superuser_url, "SELECT pid FROM pg_locks WHERE locktype = 'advisory'") == []
    assert migrate(postgres.owner_url, known) == [migration.name for migration in known[1:]]


def test_through_a_transaction_pooler_each_is_applied_once(pooled: str) -> None:
    known = [Migration(1, "0001_pre_slow", "CREATE TABLE twice (); SELECT pg_sleep(0.2)")]
    with ThreadPoolExecutor(3) as pool:
        applied = list(pool.map(lambda _: migrate(pooled, known), range(3)))
    assert sorted(applied) == [[]] * 2 + [["0001_pre_slow"]]


def test_an_index_is_made_beside_writers_while_others_wait_for_their_turn(postgres: Postgres) -> None:
    """A second run waits meanwhile, and a session with a long transaction would hold it up."""
    run(postgres.owner_url, "CREATE TABLE twice (a integer); INSERT INTO twice SELECT generate_series(1, 300000)")
    index = Migration(
        1, "0001_pre_index", "-- no transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS one ON twice (a)"
    )
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda _: migrate(postgres.owner_url, [index]), range(4)))
    assert sorted(applied) == [[]] * 3 + [["0001_pre_index"]]
    assert run(postgres.owner_url, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'one'::regclass") == [(True,)]


@pytest.mark.parametrize(
    "setting", ["idle_in_transaction_session_timeout = 100", "default_transaction_isolation = 'repeatable read'"]
)
def test_what_the_role_is_set_to_does_not_take_the_lock_away(postgres: Postgres, setting: str) -> None:
    run(postgres.superuser_url, f"ALTER ROLE dummy_owner SET {setting}")
    try:
        test_a_migration_run_concurrently_from_many_places_is_applied_once(postgres)
        run(postgres.owner_url, "DROP TABLE twice, schema_migrations")
        test_an_index_is_made_beside_writers_while_others_wait_for_their_turn(postgres)
    finally:
        run(postgres.superuser_url, "ALTER ROLE dummy_owner RESET ALL")


def test_a_run_that_gets_no_turn_says_so(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("database.migrate.LOCK_TIMEOUT", 0.1)
    connection = psycopg2.connect(postgres.owner_url)
    try:
        connection.cursor().execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        with pytest.raises(psycopg2.errors.LockNotAvailable, match="another migration"):
            migrate(postgres.owner_url, migrations())
    finally:
        connection.close()


def test_a_database_newer_than_the_code_is_refused(postgres: Postgres) -> None:
    migrate(postgres.owner_url, [*migrations(), Migration(9999, "9999_pre_future", "SELECT 1")])
    with pytest.raises(NewerDatabaseError, match="9999"):
        migrate(postgres.owner_url, migrations())


def test_a_migration_that_fails_leaves_nothing_of_itself(postgres: Postgres) -> None:
    bad = Migration(2, "0002_pre_bad", "CREATE TABLE twice (); SELECT 1/0")
    with pytest.raises(psycopg2.errors.DivisionByZero):
        migrate(postgres.owner_url, [migrations()[0], bad])
    assert run(postgres.owner_url, "SELECT to_regclass('twice'), max(version) FROM schema_migrations") == [(None, 1)]


def test_a_dry_run_names_what_would_be_applied_and_applies_nothing(postgres: Postgres) -> None:
    known = migrations()
    names = [migration.name for migration in known]
    assert pending(postgres.owner_url, known) == names
    assert run(postgres.superuser_url, "SELECT to_regclass('schema_migrations')") == [(None,)]
    migrate(postgres.owner_url, known[:2])
    assert pending(postgres.owner_url, known, post=False) == names[2:3]
    assert migrate(postgres.owner_url, known) == names[2:]
    assert pending(postgres.owner_url, known) == []


def test_what_comes_after_the_code_waits_for_it(postgres: Postgres) -> None:
    """Until then, or until the next release, which needs it: then it runs before that release's own."""
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
        "INSERT INTO dummies (id, text, received_at, erased_at) VALUES (gen_random_uuid(), '', now(), now())",
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


@pytest.mark.parametrize("text_and_time", ["'', NULL", "'a', now()"])
def test_a_text_is_empty_where_it_was_erased_and_nowhere_else(postgres: Postgres, text_and_time: str) -> None:
    migrate(postgres.owner_url, migrations())
    with pytest.raises(psycopg2.errors.CheckViolation):
        run(
            postgres.owner_url,
            "INSERT INTO dummies (id, received_at, text, erased_at)"
            f" VALUES (gen_random_uuid(), now(), {text_and_time})",
        )


def test_a_new_api_reads_the_schema_of_the_release_before(postgres: Postgres) -> None:
    """Nothing makes an API wait for the migration that lets strings be erased."""
    migrate(postgres.owner_url, BEFORE_ERASING)
    run(postgres.writer_url, f"{INSERT} ON CONFLICT (id) DO NOTHING")
    reader = Reader(postgres.reader_url)
    [string] = reader.history(2, None)
    assert (string.text, string.erased_at) == ("a", None)
    assert reader.states([string.id]) == {string.id: string}
    migrate(postgres.owner_url, migrations())
    assert reader.history(2, None) == [string]
    run(postgres.owner_url, "UPDATE dummies SET text = '', erased_at = '2026-01-01 00:00:01.5+00'")
    [erased] = reader.history(2, None)
    assert (erased.text, erased.erased_at) == ("", 1_767_225_601_500_000)


def test_no_one_is_held_up_where_a_migration_waits_for_a_dump(postgres: Postgres) -> None:
    migrate(postgres.owner_url, BEFORE_ERASING)
    dump = psycopg2.connect(postgres.owner_url)
    with closing(dump), ThreadPoolExecutor(1) as pool:
        dump.cursor().execute("LOCK TABLE dummies IN ACCESS SHARE MODE")
        migrating = pool.submit(migrate, postgres.owner_url, migrations())
        waits = "SELECT pid FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"
        eventually(lambda: run(postgres.superuser_url, waits), within=30)
        assert Reader(postgres.reader_url).history(1, None) == []
        assert Store(postgres.writer_url).insert([new_entry("a")]) == 1
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            migrating.result()
    assert migrate(postgres.owner_url, migrations()) == [each.name for each in migrations() if "erased" in each.name]


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
