"""Operators pause draining and clear notes by command, on the real system."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from pwd import getpwuid
from socket import gethostname
from typing import Any

import pytest
from support import Client, capture_logs, count_rows, eventually, held, redis_of, waiting

from core import logs
from core.consumer import Consumer
from core.journal import Journal
from core.keys import KEYS
from core.operators import operator
from local.ports import free_port
from local.redis import Redis
from local.system import ROOT, Process, System
from worker.maintenance import FAILED, main

Logged = list[MutableMapping[str, Any]]
Told = Callable[..., tuple[int, str, Logged]]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system whose worker is started when a test needs it."""
    with System(tmp_path_factory.mktemp("system")) as started:
        started.start_api()
        yield started


@pytest.fixture(scope="module")
def worker(system: System) -> Process:
    """The system's worker."""
    return system.start_worker()


@pytest.fixture
def told(system: System, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """Run the operator's command here; it returns the exit code, what it said and what it logged."""
    monkeypatch.setattr(logs, "configure", lambda **_: None)
    monkeypatch.setenv("REDIS_URL", system.redis.url)

    def run(*arguments: str) -> tuple[int, str, Logged]:
        with capture_logs() as logged:
            code = main(arguments)
        said, errors = capsys.readouterr()
        # an outage of an earlier test of this process may end here
        return code, (said + errors).strip(), [line for line in logged if "operator" in line]

    return run


def test_a_pause_waits_for_what_workers_hold(system: System, client: Client) -> None:
    client.submit("held")
    with redis_of(system) as redis:
        consumer = Consumer(redis)
        batch = consumer.claim()
        command = [sys.executable, "-m", "worker.maintenance", "pause", "--why", "a test"]
        pausing = subprocess.Popen(command, cwd=ROOT, env=os.environ | system.env, stdout=subprocess.PIPE)
        eventually(lambda: redis.exists(KEYS.paused), within=30)
        assert pausing.poll() is None
        consumer.complete(batch.entries, 0)
        out, _ = pausing.communicate(timeout=30)
        redis.delete(KEYS.paused)
    assert b"hold nothing any more" in out


def test_a_pause_is_not_ended_or_replaced_by_accident(system: System, told: Told) -> None:
    assert told("pause", "--why", "nothing yet", "--dry-run")[:2] == (
        0,
        "Draining would be paused; workers hold 0 entries, which they would finish.",
    )
    code, said, logged = told("resume")
    assert (code, said, logged[-1]["done"]) == (0, "Draining is not paused.", False)
    assert told("pause", "--why", "mine")[2][-1]["done"]
    code, said, logged = told("pause", "--why", "another's")
    assert (code, ": mine. Nothing was changed." in said, logged[-1]["done"]) == (FAILED, True, False)
    assert told("resume", "--dry-run")[1].startswith("Draining would be resumed; it was paused since ")
    with redis_of(system) as redis:
        assert redis.ttl(KEYS.paused) == -1
        paused = Journal(redis).counts().paused
        assert paused
        assert paused.reason == "mine"
        redis.delete(KEYS.paused)


def test_what_is_accepted_during_maintenance_is_stored_after_it(
    system: System, client: Client, told: Told, worker: Process
) -> None:
    client.submit("before").raise_for_status()
    eventually(lambda: waiting(system) == 0, within=30)
    rows = count_rows(system)
    code, said, logged = told("pause", "--why", "an upgrade of PostgreSQL")
    assert (code, said) == (0, "Draining is paused; workers hold nothing any more.")
    assert [line["event"] for line in logged] == ["operator action begins", "operator action"]
    for line in logged:
        assert line["operator"] == f"{getpwuid(os.getuid()).pw_name}@{gethostname()}" == operator()
        assert (line["action"], line["reason"]) == ("pause", "an upgrade of PostgreSQL")

    system.postgres.stop()
    ids = client.submit_all(f"during {n}" for n in range(50))
    eventually(lambda: (client.pipeline()["paused"] or {}).get("reason") == "an upgrade of PostgreSQL", within=30)
    eventually(lambda: "draining is paused" in worker.log.read_text(), within=30)
    [line] = [line for line in worker.log.read_text().splitlines() if "draining is paused" in line]
    assert operator() in line
    assert (waiting(system), held(system)) == (50, 0)
    assert "PostgreSQL stores nothing" not in worker.log.read_text()
    system.postgres.start()

    code, said, _ = told("resume")
    assert (code, said.startswith("Draining is resumed; it was paused since ")) == (0, True)
    eventually(lambda: "draining has resumed" in worker.log.read_text(), within=30)
    eventually(lambda: count_rows(system) == rows + 50, within=30)
    eventually(lambda: {state["status"] for state in client.states(ids)} == {"stored"}, within=30)
    assert (client.pipeline()["paused"], client.pipeline()["unaccounted"]) == (None, 0)


@pytest.mark.usefixtures("worker")
def test_the_notes_of_what_was_looked_into_are_cleared_by_command(system: System, told: Told) -> None:
    with redis_of(system) as redis:
        eventually(lambda: redis.get(KEYS.balance_base) == b"0", within=30)
        redis.set(KEYS.set_back, "1700000000000 9 4")
        redis.incrby(KEYS.appended, 3)
        note = "a rollback noticed at 2023-11-14 22:13:20+00:00, 9 strings appended before and 4 after."
        assert told("clear-rollback", "--why", "x", "--dry-run")[1] == f"The note would be cleared: {note}"
        assert ", 0, would be cleared" in told("clear-imbalance", "--why", "x", "--dry-run")[1]
        assert Journal(redis).counts().set_back
        assert Journal(redis).counts().unaccounted == 3

        code, said, logged = told("clear-rollback", "--why", "an old copy; all was sent again")
        assert (code, said) == (0, f"The note is cleared: {note}")
        assert {line["reason"] for line in logged} == {"an old copy; all was sent again"}
        assert told("clear-rollback", "--why", "x")[:2] == (0, "There is no note of a rollback.")
        assert ", 0, is cleared" in told("clear-imbalance", "--why", "three were deleted by hand")[1]
        eventually(lambda: redis.get(KEYS.balance_base) == b"3", within=30)
        assert Journal(redis).counts().set_back is None
        assert Journal(redis).counts().unaccounted == 0


def test_without_a_redis_it_says_so(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", Redis(tmp_path, free_port()).url)
    code, said, _ = told("resume")
    assert (code, said) == (FAILED, "The journal does not answer.")
