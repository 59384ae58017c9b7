"""The promise: what was answered with 202 is stored exactly once, whichever process is killed meanwhile."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from support import Client, count_rows, eventually, held, query, redis_of, waiting

from core.keys import KEYS
from local.system import System

pytestmark = pytest.mark.timeout(180)


def test_a_string_becomes_a_row_unaltered(system: System, client: Client) -> None:
    text = "안녕하세요, IXcloud! 👋🏽"
    accepted = client.submit(text)
    assert accepted.status_code == 202
    submission_id = accepted.json()["id"]
    eventually(lambda: client.state(submission_id)["status"] == "stored", within=30)
    assert query(system, "SELECT text FROM dummies WHERE id = %s", submission_id) == [(text,)]


def test_an_id_never_given_out_is_not_found(client: Client) -> None:
    """It is 404, not pending forever."""
    never = str(uuid4())
    assert client.get(f"/dummies/{never}").status_code == 404
    assert client.get("/dummies/", params={"id": never}).json()["not_found"] == [never]


def test_the_same_key_32_times_concurrently_is_one_row(system: System, client: Client) -> None:
    """All get the same id; another text under that key is refused; a repeat after it is stored adds no row."""
    key, text = str(uuid4()), f"once {uuid4()}"
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: client.submit(text, key), range(32)))
    assert {answer.status_code for answer in answers} == {202}
    [submission_id] = {answer.json()["id"] for answer in answers}
    eventually(lambda: client.state(submission_id)["status"] == "stored", within=30)
    assert client.submit(text, key).json()["id"] == submission_id
    eventually(lambda: redis_of(system).xlen(KEYS.journal) == 0, within=30)
    assert query(system, "SELECT count(*) FROM dummies WHERE text = %s", text) == [(1,)]
    refused = client.submit("another text", key)
    assert refused.status_code == 422
    assert refused.json()["type"].endswith(":key-reused")


def test_one_poisonous_string_fails_alone(bare_system: System, client: Client) -> None:
    """Of 500 strings with one that PostgreSQL refuses, 499 are stored and one is a dead letter with its reason."""
    query(bare_system, "ALTER TABLE dummies ADD CONSTRAINT no_poison CHECK (text <> 'poison')")
    bare_system.start_worker()
    texts = [f"good {n}" for n in range(499)]
    texts.insert(250, "poison")
    ids = client.submit_all(texts)
    eventually(lambda: waiting(bare_system) == 0 and client.pipeline()["failed"] == 1, within=20)
    assert count_rows(bare_system) == 499
    states = {state["id"]: state["status"] for state in client.states(ids)}
    assert states.pop(ids[250]) == "failed"
    assert set(states.values()) == {"stored"}
    failed = client.state(ids[250])
    assert (failed["text"], failed["attempts"]) == ("poison", 1)
    assert "no_poison" in failed["reason"]
    assert redis_of(bare_system).xlen(KEYS.journal) == 0


def test_killed_workers_lose_and_double_nothing(bare_system: System, client: Client) -> None:
    """Kill -9 of all of a worker's processes while 40,000 strings drain: a new worker ends with exactly 40,000 rows."""
    client.submit_all(f"kill {n}" for n in range(40_000))
    worker = bare_system.start_worker()
    eventually(lambda: count_rows(bare_system) > 0, within=20)
    worker.kill()
    assert count_rows(bare_system) < 40_000
    bare_system.start_worker()
    eventually(lambda: waiting(bare_system) == 0, within=40)
    assert query(bare_system, "SELECT count(*), count(DISTINCT text) FROM dummies") == [(40_000, 40_000)]


def test_what_a_killed_worker_held_comes_back(bare_system: System, client: Client) -> None:
    """An entry whose worker is killed in the middle of its transaction is stored when its lease has run out."""
    worker = bare_system.start_worker()
    client.submit("warm up").raise_for_status()
    eventually(lambda: count_rows(bare_system) == 1, within=30)
    bare_system.postgres.pause()
    client.submit("in hand").raise_for_status()
    eventually(lambda: held(bare_system) == 1, within=30)
    worker.signal_all(signal.SIGKILL)
    bare_system.postgres.resume()
    bare_system.start_worker()
    eventually(lambda: count_rows(bare_system) == 2, within=30)
    assert client.pipeline()["failed"] == 0


def test_a_worker_asked_to_end_finishes_its_batch(bare_system: System, client: Client) -> None:
    """SIGTERM under load ends a worker warmly: what it has claimed is stored, and nothing stays pending."""
    worker = bare_system.start_worker()
    client.submit_all(f"warm {n}" for n in range(20_000))
    eventually(lambda: count_rows(bare_system) > 0, within=20)
    worker.terminate()
    assert held(bare_system) == 0
    assert redis_of(bare_system).get(KEYS.waiting) == str(20_000 - count_rows(bare_system)).encode()


def test_a_worker_restarts_on_sighup(bare_system: System, client: Client) -> None:
    """It does so under the same process id, so that its container stays."""
    worker = bare_system.start_worker()
    eventually(lambda: "ready." in worker.log.read_text(), within=20)
    worker.send_signal(signal.SIGHUP)
    eventually(lambda: worker.log.read_text().count("ready.") == 2, within=40)
    client.submit("after").raise_for_status()
    eventually(lambda: count_rows(bare_system) == 1, within=30)
    assert worker.running


def test_strings_get_through_without_any_wakeup(bare_system: System, client: Client) -> None:
    """With every wake-up suppressed, the timer inside the worker still stores each string soon."""
    thief = redis_of(bare_system)
    thief.set(KEYS.wakeup, "1")  # no append publishes while this is set
    bare_system.start_worker()
    eventually(lambda: client.part_is("workers", "up"), within=30)
    for n in range(3):
        thief.set(KEYS.wakeup, "1")
        submission_id = client.submit(f"silent {n}").raise_for_status().json()["id"]
        eventually(lambda: client.state(submission_id)["status"] == "stored", within=30)  # noqa: B023
    assert thief.llen("dummies.wakeups") == 0
