"""Whatever happens to PostgreSQL, no good string is a dead letter, and none that fails holds up the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support import REFUSE, UNPLANT, Client, eventually, query, redis_of, waiting

from core.keys import KEYS
from local.system import System

pytestmark = pytest.mark.timeout(180)


@contextmanager
def broken(system: System, break_: str, cure: str) -> Iterator[None]:
    """Break the database, and repair it."""
    query(system, break_)
    try:
        yield
    finally:
        query(system, cure)


DATABASE_TROUBLES = {
    "sequence begins again": (
        "ALTER TABLE dummies ALTER COLUMN seq RESTART WITH 1",
        "SELECT setval(pg_get_serial_sequence('dummies', 'seq'), 1000000)",
        "23505",
    ),
    "trigger refuses all": (REFUSE.format("RAISE 'no';"), UNPLANT, "P0001"),
    "broken page": (REFUSE.format("RAISE 'invalid page' USING ERRCODE = 'XX001';"), UNPLANT, "XX001"),
    "a foreign table's trouble": (
        "CREATE TABLE audit (id int PRIMARY KEY); INSERT INTO audit VALUES (1); GRANT INSERT ON audit TO dummy_writer;"
        + REFUSE.format("INSERT INTO audit VALUES (1);"),
        f"{UNPLANT}; DROP TABLE audit",
        "23505",
    ),
}


@pytest.mark.parametrize("name", DATABASE_TROUBLES)
def test_a_broken_database_leaves_no_dead_letter_and_is_called_an_outage(
    system: System, client: Client, name: str
) -> None:
    break_, cure, code = DATABASE_TROUBLES[name]
    client.submit_all(f"before {name} {n}" for n in range(20))
    eventually(lambda: waiting(system) == 0, within=30)
    worker = next(system.folder.glob("worker*.log"))
    before = len(worker.read_text())
    with broken(system, break_, cure):
        ids = client.submit_all(f"{name} {n}" for n in range(50))
        eventually(lambda: client.part_is("database", "away"), within=30)
        eventually(lambda: int((redis_of(system).get(KEYS.database_away) or b"0 0").split()[1]) > 3, within=20)
        assert {state["status"] for state in client.states(ids)} == {"queued"}
    eventually(lambda: {state["status"] for state in client.states(ids)} == {"stored"}, within=30)
    said = client.pipeline()
    assert (said["failed"], said["set_aside"], said["unaccounted"]) == (0, 0, 0)
    assert f'reason="{code} ' in worker.read_text()[before:]


def test_strings_that_fail_alone_are_set_aside_while_others_are_stored(system: System, client: Client) -> None:
    """A trigger refuses some: they are reported, hold up no others, and are stored when it is gone."""
    with broken(system, REFUSE.format("IF NEW.text LIKE 'odd%%' THEN RAISE 'an odd one'; END IF;"), UNPLANT):
        odd = client.submit_all(f"odd {n}" for n in range(30))
        even = client.submit_all([*(f"even {n}" for n in range(400)), "odd among them"])
        eventually(lambda: client.pipeline()["set_aside"] == 31, within=30)
        assert {state["status"] for state in client.states(even[:-1])} == {"stored"}
        assert client.pipeline()["set_aside_reason"] == "P0001 an odd one"
        eventually(lambda: client.part_is("database", "up"), within=30)
        assert {state["status"] for state in client.states(odd)} == {"queued"}
    eventually(lambda: {state["status"] for state in client.states([*odd, even[-1]])} == {"stored"}, within=60)
    said = client.pipeline()
    assert (said["failed"], said["unaccounted"]) == (0, 0)


@pytest.mark.parametrize(("seconds_a_row", "strings"), [(0.006, 1_500), (0.5, 12)])
def test_slow_statements_are_followed_by_smaller_ones(
    system: System, client: Client, seconds_a_row: float, strings: int
) -> None:
    """A batch that takes too long is not repeated at its size, and a lone string behind it gets through."""
    with broken(system, REFUSE.format(f"PERFORM pg_sleep({seconds_a_row});"), UNPLANT):
        ids = client.submit_all(f"slow {seconds_a_row} {n}" for n in range(strings))
        ids += [client.submit(f"behind {seconds_a_row}").json()["id"]]
        eventually(lambda: waiting(system) == 0, within=100)
    assert {state["status"] for state in client.states(ids)} == {"stored"}
    assert client.pipeline()["failed"] == 0


def test_one_string_that_is_slow_alone_holds_up_no_other(system: System, client: Client) -> None:
    with broken(system, REFUSE.format("IF NEW.text = 'slow one' THEN PERFORM pg_sleep(9); END IF;"), UNPLANT):
        slow = client.submit("slow one").json()["id"]
        eventually(lambda: client.pipeline()["set_aside"] == 1, within=30)
        for n in range(3):
            behind = client.submit(f"quick {n}").json()["id"]
            eventually(lambda: client.state(behind)["status"] == "stored", within=30)  # noqa: B023
        assert client.state(slow)["status"] == "queued"
    eventually(lambda: client.state(slow)["status"] == "stored", within=60)
