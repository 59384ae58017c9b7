"""The store on a real PostgreSQL: what is an outage, what fails alone, and how long anything takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain

import psycopg2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from strings import RECEIVED_AT, bulk, entry_of, new_entry, new_id, submissions_of
from support import REFUSE, UNPLANT

from core.entries import VERSION, Fields, Strings, encode_text
from core.ids import packed
from core.retries import Failure
from core.submission import Submission
from database.migrate import migrate, migrations
from local.ports import free_port
from local.postgres import Postgres
from worker.failures import Outage, Refused, TooSlow, Unanswered
from worker.store import Store

HARD = [
    *("NULL", "null", "{}", "{a,b}", "}", ",", '"', '""', "'", "\\", "\\\\", "\\n", '\\"', "\\u0041", "/", "--", "%s"),
    *(
        "%(id)s",
        " ",
        "  leading",
        "trailing  ",
        "a\nb",
        "\n",
        "\r\n",
        "\t",
        "\x01\x1f\x7f\x85",
        "안녕 \U0001f44b",
        "\u2028",
        "\ufeff",
    ),
    "x" * 2**20,
    '"' * 2**20,
]
"""Texts that mean something else in JSON, in SQL, or in an array's text form, and long ones."""
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1) | st.text(
    "\\\"{},NUL' \n\t%", min_size=1
)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL with the table."""
    with Postgres(tmp_path_factory.mktemp("postgres"), free_port()) as started:
        migrate(started.owner_url, migrations())
        yield started


@pytest.fixture
def store(postgres: Postgres) -> Store:
    """A store that has not connected yet."""
    return Store(postgres.writer_url)


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
    batch = new_entry("한글", "🙂", "'; DROP TABLE dummies; --", "a" * 65_536)
    assert store.insert([batch]) == 4
    assert store.insert([batch]) == 0
    rows = as_superuser(postgres, "SELECT id::text, text, extract(epoch FROM received_at) FROM dummies")
    assert {(s.id, s.text, 1_700_000_000) for s in batch.submissions} <= {(i, t, int(at)) for i, t, at in rows}


def rows_of(postgres: Postgres, ids: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Return text and time (µs since 1970) of each stored string, by id."""
    at = "(extract(epoch FROM received_at) * 1000000)::bigint"
    listed = ",".join(f"'{id_}'" for id_ in ids)
    rows = as_superuser(postgres, f"SELECT id::text, text, {at} FROM dummies WHERE id IN ({listed})")
    return {id_: (text, received_at) for id_, text, received_at in rows}


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=5), min_size=1, max_size=4))
@example([HARD])
@example([["plain", "ascii"], HARD, ["NULL"], ["{}"]])
@example([[text] for text in HARD])
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_text_is_stored_exactly_with_its_id_and_time(
    postgres: Postgres, store: Store, batch: list[list[str]]
) -> None:
    """Whatever it has that means something in an array's text form: the text goes as it is in JSON, or escaped."""
    sent = [
        [Submission(new_id(), text, RECEIVED_AT - 7 * number) for number, text in enumerate(texts)] for texts in batch
    ]
    whole = bulk(*batch[0])
    fields = Fields(VERSION, packed(whole.first_id), b"%d" % RECEIVED_AT, encode_text(whole.texts))
    expected = {each.id: (each.text, each.received_at) for each in [*chain(*sent), *submissions_of(whole)]}
    assert store.insert([*(entry_of(*each) for each in sent), Strings(fields)]) == len(expected)
    assert rows_of(postgres, list(expected)) == expected


def refused(store: Store, *batch: Strings) -> Failure:
    """Return the error of storing them."""
    with pytest.raises(Refused) as raised:
        store.insert(batch)
    return raised.value.failure


def test_a_text_that_postgresql_refuses_is_reported_and_nothing_of_its_batch_is_stored(
    postgres: Postgres, store: Store
) -> None:
    as_superuser(postgres, "ALTER TABLE dummies ADD CONSTRAINT no_evil CHECK (text <> 'evil')")
    good, evil = new_entry("good"), new_entry("evil")
    failure = refused(store, good, evil)
    assert (failure.kind, failure.final) == ("23514", True)
    assert "no_evil" in failure.reason
    assert "DETAIL" not in failure.reason
    assert as_superuser(postgres, f"SELECT count(*) FROM dummies WHERE id = '{good.ids[0]}'") == [(0,)]
    store.probe()
    assert store.insert([good]) == 1


def test_what_the_driver_refuses_to_send_is_not_the_texts_fault_by_itself(store: Store) -> None:
    failure = refused(store, new_entry("a\0b"))
    assert (failure.kind, failure.final, failure.counts) == ("ValueError", False, True)
    assert store.insert([new_entry("after")]) == 1


CONSTRAINTS = [
    ("CREATE UNIQUE INDEX planted ON dummies (md5(text))", True, True),
    ("ALTER TABLE dummies ADD CONSTRAINT planted UNIQUE (text)", True, True),
    ("ALTER TABLE dummies ADD CONSTRAINT planted CHECK (text <> 'twice' OR received_at < '1990-01-01')", False, True),
    ("ALTER TABLE dummies ADD CONSTRAINT planted CHECK (received_at < '1990-01-01') NOT VALID", False, False),
    ("CREATE UNIQUE INDEX planted ON dummies (received_at) WHERE text = 'twice'", False, True),
]


@pytest.mark.parametrize(("plant", "final", "counts"), CONSTRAINTS)
def test_a_constraint_is_about_the_text_where_it_is_on_the_text(
    postgres: Postgres, store: Store, plant: str, *, final: bool, counts: bool
) -> None:
    as_superuser(postgres, "TRUNCATE dummies", plant)
    try:
        with suppress(Refused):
            store.insert([new_entry("twice")])
        failure = refused(store, new_entry("twice"))
        assert (failure.final, failure.counts) == (final, counts)
    finally:
        as_superuser(
            postgres,
            "DROP INDEX IF EXISTS planted CASCADE"
            if "INDEX" in plant
            else "ALTER TABLE dummies DROP CONSTRAINT planted",
        )


def test_a_sequence_that_begins_again_is_an_outage_and_no_strings_fault(postgres: Postgres, store: Store) -> None:
    """As a cut-over to a logical replica leaves it."""
    as_superuser(postgres, "TRUNCATE dummies RESTART IDENTITY")
    store.insert([new_entry(*"abcdefghijklmnopqrst")])
    as_superuser(postgres, "ALTER TABLE dummies ALTER COLUMN seq RESTART WITH 1")
    failure = refused(store, new_entry("next"))
    assert (failure.kind, failure.final, failure.counts) == ("23505", False, False)
    with pytest.raises(Outage, match=r"23505 .*dummies_seq_key"):
        store.probe()
    as_superuser(postgres, "TRUNCATE dummies RESTART IDENTITY")


@pytest.mark.parametrize(
    ("body", "kind", "counts"),
    [
        ("RAISE 'no';", "P0001", True),
        ("RAISE 'no' USING ERRCODE = 'ZZ001';", "ZZ001", True),
        ("PERFORM 1 / 0;", "22012", True),
        ("PERFORM * FROM nowhere;", "42P01", False),
        ("RAISE 'no' USING ERRCODE = '23514';", "23514", True),
        ("RAISE 'no' USING ERRCODE = 'XX001';", "XX001", False),
        ("RAISE 'no' USING ERRCODE = '40001';", "40001", False),
    ],
)
def test_whatever_a_trigger_says_of_every_row_the_probe_calls_it_an_outage(
    postgres: Postgres, store: Store, body: str, kind: str, *, counts: bool
) -> None:
    as_superuser(postgres, REFUSE.format(body))
    try:
        failure = refused(store, new_entry("a"))
        assert (failure.kind, failure.final, failure.counts) == (kind, False, counts)
        if counts:
            assert store.probe() == failure
        else:
            with pytest.raises(Outage, match=kind):
                store.probe()
    finally:
        as_superuser(postgres, UNPLANT)
    assert store.probe() is None
    assert store.insert([new_entry("a")]) == 1


def test_a_row_that_another_session_holds_is_waited_for_and_no_strings_fault(postgres: Postgres, store: Store) -> None:
    held = new_entry("held")
    connection = psycopg2.connect(postgres.superuser_url, connect_timeout=3)
    try:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO dummies (id, text, received_at) VALUES (%s, 'other', now())", [held.ids[0]])
            failure = refused(store, held)
    finally:
        connection.close()
    assert (failure.kind, failure.final, failure.counts) == ("55P03", False, False)
    assert store.probe() is None


@pytest.mark.parametrize(
    ("plant", "cure"),
    [
        ("ALTER TABLE dummies ADD CONSTRAINT planted CHECK (text LIKE 'good%') NOT VALID", None),
        ("ALTER TABLE dummies ADD CONSTRAINT planted UNIQUE (text)", None),
        (REFUSE.format("IF NEW.text NOT LIKE 'good%' THEN RAISE 'no'; END IF;"), UNPLANT),
    ],
)
def test_what_refuses_the_probes_own_text_says_nothing_of_others(
    postgres: Postgres, store: Store, plant: str, cure: str | None
) -> None:
    as_superuser(postgres, "TRUNCATE dummies")
    store.insert([new_entry("probe")])
    as_superuser(postgres, plant)
    try:
        assert store.probe() is not None
        assert store.insert([new_entry("good one")]) == 1
    finally:
        as_superuser(postgres, cure or "ALTER TABLE dummies DROP CONSTRAINT planted")


def test_another_tables_trouble_is_not_the_texts_fault(postgres: Postgres, store: Store) -> None:
    """Whether it is too narrow, or a copy of ours with a constraint of the same name."""
    as_superuser(
        postgres,
        "CREATE TABLE audit (who varchar(3))",
        "CREATE TABLE copied (LIKE dummies INCLUDING ALL)",
        "GRANT INSERT ON audit, copied TO dummy_writer",
    )
    for statement in (
        "INSERT INTO audit VALUES ('long name')",
        "INSERT INTO copied (id, text, received_at) VALUES (NEW.id, '', now())",
    ):
        as_superuser(postgres, REFUSE.format(f"{statement};"))
        try:
            assert not refused(store, new_entry("good")).final
        finally:
            as_superuser(postgres, UNPLANT)


def test_a_batch_that_takes_too_long_is_not_taken_for_an_outage(postgres: Postgres, store: Store) -> None:
    as_superuser(postgres, REFUSE.format("PERFORM pg_sleep(0.3);"))
    try:
        with pytest.raises(TooSlow):
            store.insert([new_entry(*map(str, range(20)))])
        store.probe()
        assert store.insert([new_entry("a", "b")]) == 2
    finally:
        as_superuser(postgres, UNPLANT)


@pytest.mark.parametrize(
    ("fault", "cure"),
    [
        ("ALTER TABLE dummies RENAME TO elsewhere", "ALTER TABLE elsewhere RENAME TO dummies"),
        ("ALTER DATABASE dummy SET default_transaction_read_only = on", "ALTER DATABASE dummy RESET ALL"),
        (
            "REVOKE INSERT (id, text, received_at) ON dummies FROM dummy_writer",
            "GRANT INSERT (id, text, received_at) ON dummies TO dummy_writer",
        ),
        ("REVOKE SELECT (id) ON dummies FROM dummy_writer", "GRANT SELECT (id) ON dummies TO dummy_writer"),
        ("REVOKE USAGE ON SCHEMA public FROM PUBLIC", "GRANT USAGE ON SCHEMA public TO PUBLIC"),
        ("ALTER ROLE dummy_writer CONNECTION LIMIT 0", "ALTER ROLE dummy_writer CONNECTION LIMIT -1"),
    ],
    ids=["table renamed", "read-only", "rights gone", "cannot see conflicts", "schema closed", "out of connections"],
)
def test_what_a_person_can_fix_is_an_outage(postgres: Postgres, store: Store, fault: str, cure: str) -> None:
    batch = [new_entry("patient")]
    as_superuser(postgres, fault)
    try:
        with pytest.raises((Outage, Refused)):
            store.insert(batch)
        with pytest.raises(Outage):
            store.probe()
    finally:
        as_superuser(postgres, cure)
    assert store.insert(batch) == 1


def test_a_terminated_backend_is_an_outage_and_the_next_attempt_reconnects(postgres: Postgres, store: Store) -> None:
    store.probe()
    as_superuser(
        postgres, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ix-worker'"
    )
    with pytest.raises(Outage):
        store.insert([new_entry("a")])
    assert store.insert([new_entry("b")]) == 1


def test_a_table_that_is_locked_for_long_is_an_outage(postgres: Postgres, store: Store) -> None:
    connection = psycopg2.connect(postgres.superuser_url, connect_timeout=3)
    try:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE dummies IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(TooSlow) as raised:
                store.insert([new_entry("a")])
            assert (raised.value.failure.kind, raised.value.failure.counts) == ("55P03", False)
            with pytest.raises(Outage):
                store.probe()
    finally:
        connection.close()
    assert store.insert([new_entry("a")]) == 1


def test_a_server_that_hangs_is_given_up_at_the_deadline(postgres: Postgres, store: Store) -> None:
    """Over an open connection, and while connecting."""
    store.probe()
    postgres.pause()
    # a call without a deadline is to fail here, not to hang: no signal ends it
    rescue = threading.Timer(30, postgres.resume)
    rescue.start()
    try:
        for longest, error in ((8, Unanswered), (5, Outage)):
            started = time.monotonic()
            with pytest.raises(error):
                store.insert([new_entry("a")])
            assert time.monotonic() - started < longest
    finally:
        rescue.cancel()
        postgres.resume()
    assert store.insert([new_entry("b")]) == 1


def test_nothing_listening_is_an_outage() -> None:
    with pytest.raises(Outage):
        Store(f"postgresql://dummy_writer@127.0.0.1:{free_port()}/dummy").insert([new_entry("a")])
