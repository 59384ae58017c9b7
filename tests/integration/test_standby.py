"""A synchronous standby has each string that was called stored, and once it is promoted, all goes on by itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from strings import new_entry
from support import eventually

from database.migrate import migrate, migrations
from local.ports import free_port
from local.postgres import Postgres
from local.standby import Standby
from worker.failures import Outage, Unanswered
from worker.store import Store

pytestmark = pytest.mark.timeout(180)
CANCEL = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Postgres, Standby]]:
    """A PostgreSQL with the table, and its standby, which the last test that uses them promotes."""
    folder = tmp_path_factory.mktemp("pair")
    with Postgres(folder / "primary", free_port()) as primary:
        migrate(primary.owner_url, migrations())
        with Standby(folder / "standby", free_port(), primary) as standby:
            yield primary, standby


def cancel_waits(primary: Postgres) -> int:
    """Cancel as an operator does; return how many COMMITs waited for the standby."""
    with primary.as_superuser() as cursor:
        cursor.execute(CANCEL)
        return int(cursor.rowcount)


def texts_in(postgres: Postgres) -> list[str]:
    """Return the texts of all rows."""
    with postgres.as_superuser("dummy") as cursor:
        cursor.execute("SELECT text FROM public.dummies ORDER BY text")
        return [text for (text,) in cursor.fetchall()]


def test_what_the_standby_does_not_have_is_not_stored(
    pair: tuple[Postgres, Standby], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled wait leaves a row that only the primary has: neither the INSERT nor a repeat may call it stored."""
    (primary, standby), entry, other = pair, new_entry("cancelled"), new_entry("other")
    monkeypatch.setattr("worker.store.CALL_DEADLINE", 1.2)
    store = Store(primary.writer_url)
    standby.pause()
    try:
        with ThreadPoolExecutor(1) as operator:
            operator.submit(eventually, lambda: cancel_waits(primary), within=1)
            with pytest.raises(Unanswered):
                store.insert([entry])
        assert texts_in(primary) == ["cancelled"]
        for repeat in (lambda: store.insert([entry]), lambda: store.holds(entry.ids[0])):
            with pytest.raises(Unanswered):
                repeat()
        eventually(lambda: says_outage(store, "standby is unavailable"), within=3)
        cancel_waits(primary)
        with ThreadPoolExecutor(1) as operator:
            operator.submit(eventually, lambda: cancel_waits(primary), within=1)
            with pytest.raises(Outage, match="cancelled"):
                store.insert([entry])
    finally:
        standby.resume()
    assert store.probe() is None
    assert store.insert([entry, other]) == 1
    eventually(lambda: texts_in(standby) == ["cancelled", "other"], within=5)


def says_outage(store: Store, reason: str) -> bool:
    """Return whether the probe finds an outage, for this reason."""
    try:
        store.probe()
    except Outage as outage:
        return reason in str(outage)
    return False


def test_a_primary_without_its_standby_stores_nothing(pair: tuple[Postgres, Standby]) -> None:
    """No INSERT is tried, which would wait, and keep a connection busy until the standby is back."""
    primary, standby = pair
    standby.stop()
    try:
        eventually(lambda: says_outage(Store(primary.writer_url), "standby is unavailable"), within=5)
    finally:
        standby.start()
    assert Store(primary.writer_url).probe() is None
