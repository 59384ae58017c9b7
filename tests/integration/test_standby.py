"""A synchronous standby has each string that was called stored, and once it is promoted, all goes on by itself."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from pooler import pooler
from strings import new_entry
from support import Client, eventually, waiting

from api.process.reader import Reader
from core.errors import DatabaseUnavailable
from database.migrate import migrate, migrations
from doctor.finding import Finding
from doctor.postgres import look_at_postgres
from local.ports import free_port
from local.postgres import Postgres
from local.standby import Standby, hosts
from local.system import System
from worker.failures import Outage, Unanswered
from worker.store import Store

pytestmark = pytest.mark.timeout(180)
PATIENCE = 60
"""Seconds for what takes a few: other tests run beside these."""
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
    monkeypatch.setattr("worker.store.CALL_DEADLINE", 3)
    store = Store(primary.writer_url)
    standby.pause()
    try:
        with ThreadPoolExecutor(1) as operator:
            operator.submit(eventually, lambda: cancel_waits(primary), within=3)
            with pytest.raises(Unanswered):
                store.insert([entry])
        assert texts_in(primary) == ["cancelled"]
        for repeat in (lambda: store.insert([entry]), lambda: store.holds(entry.ids[0])):
            with pytest.raises(Unanswered):
                repeat()
        eventually(lambda: says_outage(store, "standby is unavailable"), within=PATIENCE)
        cancel_waits(primary)
        with ThreadPoolExecutor(1) as operator:
            operator.submit(eventually, lambda: cancel_waits(primary), within=3)
            with pytest.raises(Outage, match="cancelled"):
                store.insert([entry])
    finally:
        standby.resume()
    assert store.probe() is None
    assert store.insert([entry, other]) == 1
    eventually(lambda: texts_in(standby) == ["cancelled", "other"], within=PATIENCE)


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
        eventually(lambda: says_outage(Store(primary.writer_url), "standby is unavailable"), within=PATIENCE)
        assert standby_in_doctor(primary.writer_url).ok is False
    finally:
        standby.start()
    assert Store(primary.writer_url).probe() is None


def standby_in_doctor(url: str) -> Finding | None:
    """Return what the doctor says about the standby."""
    found = look_at_postgres("DATABASE_URL", url)
    return next((finding for finding in found if finding.what == "synchronous standby"), None)


def test_the_doctor_says_whether_the_standby_is_synchronous(pair: tuple[Postgres, Standby]) -> None:
    """Of several servers it looks at the primary, wherever that is named."""
    primary, standby = pair
    both = [hosts(url, standby.port, primary.port) for url in (primary.superuser_url, primary.writer_url)]
    assert standby_in_doctor(both[0]).seen == "1 of 1 following"
    assert "pg_monitor" in standby_in_doctor(both[1]).seen
    with primary.as_superuser() as cursor:
        for setting, seen in (("''", "may lack rows"), ("'another'", "no COMMIT returns")):
            cursor.execute(f"ALTER SYSTEM SET synchronous_standby_names = {setting}")
            cursor.execute("SELECT pg_reload_conf()")
            eventually(lambda: seen in standby_in_doctor(both[0]).seen, within=PATIENCE)  # noqa: B023
        cursor.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        cursor.execute("SELECT pg_reload_conf()")
    [finding] = look_at_postgres("DATABASE_URL", hosts(primary.writer_url, standby.port, standby.port))
    assert "standby" in finding.seen
    assert "promote" in finding.remedy


def test_poolers_lead_to_the_standby_that_was_promoted(
    pair: tuple[Postgres, Standby], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They pool by transaction. The one whose server is gone still takes connections, and lets statements wait."""
    monkeypatch.setattr("worker.store.CALL_DEADLINE", 2)
    monkeypatch.setattr("api.process.reader.CALL_DEADLINE", 2)
    (primary, standby), ports = pair, []
    with ExitStack() as poolers:
        for server in pair:
            folder = tmp_path / str(server.port)
            folder.mkdir()
            ports.append(poolers.enter_context(pooler(server, folder, "transaction")))
        store, reader = Store(hosts(primary.writer_url, *ports)), Reader(hosts(primary.reader_url, *ports))
        entry = new_entry("before")
        assert store.insert([entry]) == 1
        assert reader.stored(entry.ids) == set(entry.ids)
        primary.kill()
        standby.promote()
        eventually(lambda: stores(store, "after"), within=PATIENCE)
        eventually(lambda: reads(reader, entry.ids), within=PATIENCE)
        assert {"before", "after"} <= set(texts_in(standby))


def stores(store: Store, text: str) -> bool:
    """Try to store a string; return whether it is."""
    try:
        return store.insert([new_entry(text)]) == 1
    except (Outage, Unanswered):
        return False


def reads(reader: Reader, ids: list[str]) -> bool:
    """Try to read strings; return whether that was possible."""
    try:
        return reader.stored(ids) == set(ids)
    except DatabaseUnavailable:
        return False


class Replicated(System):
    """A system whose tiers know three servers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.second = Standby(folder / "second", free_port(), self.postgres)
        self.third = Standby(folder / "third", free_port(), self.second)

    @property
    def env(self) -> dict[str, str]:
        ports = (self.postgres.port, self.second.port, self.third.port)
        return {
            name: hosts(value, *ports) if name.startswith("DATABASE") else value for name, value in super().env.items()
        }

    def stop(self) -> None:
        super().stop()
        self.second.stop()
        self.third.stop()


@contextmanager
def submitting(client: Client) -> Iterator[list[str]]:
    """Submit strings, one after the other; yields the list of those that were accepted."""
    accepted: list[str] = []
    stop = threading.Event()

    def submit() -> None:
        while not stop.wait(0.02):
            text = f"string {len(accepted):05}"
            client.submit(text, key=text.replace(" ", "-")).raise_for_status()
            accepted.append(text)

    thread = threading.Thread(target=submit)
    thread.start()
    try:
        yield accepted
    finally:
        stop.set()
        thread.join()


def promote(system: System, client: Client, standby: Standby, accepted: list[str]) -> None:
    """Promote a standby; strings are stored and read again."""
    standby.promote()
    count = len(accepted)
    stored = eventually(lambda: texts_in(standby)[count : count + 1], within=PATIENCE)
    read = eventually(lambda: client.get("/dummies/").is_success, within=PATIENCE)
    drained = eventually(lambda: waiting(system) < 20, within=PATIENCE)
    print(f"stored again after {stored:.1f} s, read {read:.1f} s later, drained {drained:.1f} s later")


def test_all_goes_on_when_a_standby_is_promoted(tmp_path: Path) -> None:
    """The first primary falls silent, and is back when its standby has taken its place; the second is destroyed."""
    with Replicated(tmp_path / "system") as system, Client(base_url=system.api_url, timeout=10) as client:
        system.second.start()
        system.start_api()
        system.start_worker()
        with submitting(client) as accepted:
            eventually(lambda: len(texts_in(system.second)) > 20, within=PATIENCE)
            assert client.get("/dummies/").is_success
            system.postgres.pause()
            time.sleep(1)
            promote(system, client, system.second, accepted)
            system.postgres.resume()
            system.third.start()
            system.second.kill()
            shutil.rmtree(system.second.home / "cluster")
            time.sleep(1)
            promote(system, client, system.third, accepted)
        eventually(lambda: waiting(system) == 0, within=PATIENCE)
        assert texts_in(system.third) == accepted
        assert client.pipeline()["unaccounted"] == client.pipeline()["failed"] == 0
