"""What was accepted outlives its Redis: with JOURNAL_REPLICAS a write counts when the replicas have it, too.

A Redis before 7.2 does not know what is on its replicas' disks. With one it is enough here that they have received it
(ALLOW_VOLATILE_JOURNAL): a replica that is stopped, or dead, has not.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis as Client
from strings import ids_of, queued, single
from support import Client as Http
from support import eventually

from core.connection import Shard, connect
from core.consumer import Consumer
from core.dead_letters import DeadLetters
from core.durability import KNOWS_REPLICAS_DISKS
from core.errors import JournalUnavailable
from core.journal import Journal
from core.keys import KEYS
from core.scripts import Replication
from doctor.redis import look_at_replicas
from local.ports import free_port
from local.redis import Redis, _version, find_server
from local.replica import Replica
from local.system import System

pytestmark = pytest.mark.timeout(120)

OLD = _version(find_server()) < KNOWS_REPLICAS_DISKS
REPLICATION = Replication(1, in_memory=OLD)
SETTINGS = {"JOURNAL_REPLICAS": "1", "ALLOW_VOLATILE_JOURNAL": str(OLD)}
PATIENCE = 5.0


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Redis, Replica]]:
    """A Redis and its replica."""
    folder = tmp_path_factory.mktemp("pair")
    with Redis(folder / "primary", free_port()) as primary, Replica(folder / "replica", primary) as replica:
        yield primary, replica


@pytest.fixture
def primary(pair: tuple[Redis, Replica], monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The empty primary, with its replica online; a busy machine has more time than a service would give."""
    monkeypatch.setattr("core.scripts.ANSWER_WITHIN_MS", 1_500)
    client = connect(pair[0].url, timeout=PATIENCE)
    eventually(lambda: client.info("replication").get("slave0", {}).get("state") == "online", within=60)
    client.flushdb()
    client.script_flush()
    yield client
    client.close()


@pytest.fixture
def stopped(pair: tuple[Redis, Replica], primary: Client) -> Iterator[Client]:
    """The primary, whose replica is connected and does not answer."""
    assert primary.wait(1, 10_000) == 1
    with paused(pair[1]):
        yield primary


@contextmanager
def paused(replica: Replica) -> Iterator[None]:
    """Stop it meanwhile."""
    os.kill(replica.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(replica.pid, signal.SIGCONT)


def test_a_string_is_on_the_replica_when_it_is_accepted(pair: tuple[Redis, Replica], primary: Client) -> None:
    journal = Journal(primary, replication=REPLICATION)
    for number in range(50):
        journal.append([single(str(number))])
        with connect(pair[1].url) as replica:
            assert [each.text for each in queued(replica)][-1] == str(number)


def test_nothing_is_accepted_that_no_replica_has(stopped: Client) -> None:
    journal, unit = Journal(stopped, replication=REPLICATION), single("a", key="key")
    with pytest.raises(JournalUnavailable):
        journal.append([unit])
    assert [each.text for each in queued(stopped)] == ["a"]


def test_the_doctor_says_whether_replicas_have_a_write(primary: Client, pair: tuple[Redis, Replica]) -> None:
    found = look_at_replicas(Shard(primary), REPLICATION, "Redis")
    assert found.ok, found
    with paused(pair[1]):
        found = look_at_replicas(Shard(primary), REPLICATION, "Redis")
    assert (found.ok, found.what) == (False, "Redis' replicas")
    assert found.seen.startswith("0 of 1 have a write after ")


@pytest.mark.parametrize("key", ["", "key"])
def test_a_repeat_waits_for_what_it_repeats(pair: tuple[Redis, Replica], stopped: Client, key: str) -> None:
    """It finds the record there and appends nothing; the wait of a connection that wrote nothing covers nothing."""
    unit = single("a", key=key)
    Journal(stopped).append([unit])
    with connect(pair[0].url, timeout=PATIENCE) as another, pytest.raises(JournalUnavailable):
        Journal(another, replication=REPLICATION).append([unit])


def test_an_operators_retry_and_discard_wait_too(primary: Client, pair: tuple[Redis, Replica]) -> None:
    journal, consumer = Journal(primary), Consumer(primary)
    units = [single("a"), single("b")]
    for unit in units:
        journal.append([unit])
    for entry in consumer.claim().entries:
        consumer.dead_letter(entry, "because")
    letters = DeadLetters(primary, replication=REPLICATION)
    assert primary.wait(1, 10_000) == 1
    os.kill(pair[1].pid, signal.SIGSTOP)
    try:
        for act, unit in zip((letters.retry, letters.discard), units, strict=True):
            with pytest.raises(JournalUnavailable):
                act(ids_of(unit)[0])
    finally:
        os.kill(pair[1].pid, signal.SIGCONT)


def test_a_primary_that_lost_what_was_never_accepted_is_not_reported(stopped: Client) -> None:
    journal = Journal(stopped, replication=REPLICATION)
    with pytest.raises(JournalUnavailable):
        journal.append([single("never accepted")])
    assert journal.counts().appended == 1
    stopped.set(KEYS.appended, 0)  # as the counter is on a replica that never got it
    journal.counts()
    assert journal.report_rollback() is None


def test_a_primary_that_lost_what_was_accepted_is_reported(primary: Client) -> None:
    journal = Journal(primary, replication=REPLICATION)
    journal.append([single("accepted")])
    primary.set(KEYS.appended, 0)
    journal.counts()
    rollback = journal.report_rollback()
    assert rollback is not None
    assert (rollback.before, rollback.after) == (1, 0)


def test_what_the_api_accepted_outlives_its_redis(tmp_path: Path) -> None:
    """Without the replica nothing is accepted; when it is back, everything that was is there after a failover."""
    accepted: list[str] = []
    with System(tmp_path) as system, Replica(tmp_path / "replica", system.redis) as replica:
        with connect(system.redis.url) as redis:
            redis.config_set("repl-diskless-sync-delay", 0)
        system.start_api(SETTINGS)
        with Http(base_url=system.api_url, timeout=10) as client:

            def submit(count: int) -> list[int]:
                codes = []
                for _ in range(count):
                    response = client.submit("later")
                    codes.append(response.status_code)
                    accepted.extend([response.json()["id"]] if response.is_success else [])
                return codes

            eventually(lambda: submit(1) == [202], within=60)
            submit(20)
            replica.kill()
            assert submit(3) == [503] * 3
            eventually(lambda: client.get("/pipeline").json()["accepting"] is False, within=30)
            seen = client.get("/pipeline").json()
            assert (seen["journal"]["status"], seen["shards_away"], seen["shards_refusing"]) == ("away", [], [0])
            replica.start()
            eventually(lambda: submit(1) == [202], within=60)
            submit(20)
            system.redis.kill()
            with connect(replica.url) as promoted:
                promoted.replicaof("NO", "ONE")
                assert set(accepted) <= {each.id for each in queued(promoted)}
