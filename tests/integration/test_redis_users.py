"""The users that Redis has in a cluster: each tier can do all that it does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError
from redis_pod import RedisPod, skip_without_users, url_as
from strings import single, submissions_of
from support import Client, count_rows, eventually, from_flower, query, redis_of, rows_in_flower, start_flower

from core.connection import connect
from core.dead_letter_groups import DeadLetterGroups
from core.dead_letters import DeadLetters
from core.journal import Journal
from core.keys import GROUP, KEYS
from core.wakeups import QUEUE
from local.ports import free_port
from local.system import ROOT, System
from worker.maintenance import main
from worker.missing import MISSING


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Servers whose Redis is that of the pod; the tests themselves come as its keeper."""
    skip_without_users()
    system = System(tmp_path_factory.mktemp("guarded"))
    system.redis = RedisPod(system.folder / "redis")
    with system:
        yield system


def as_users(system: System, journal: str, broker: str | None = None) -> dict[str, str]:
    """Return a tier's variables: which users it is to the journal and to the broker."""
    urls = {"REDIS_URL": journal, "CELERY_BROKER_URL": broker}
    return {name: url_as(system.redis.port, user) for name, user in urls.items() if user}


def leave_wake_up_unacknowledged(redis: Redis) -> None:
    """Leave in Redis what a worker leaves that was killed long ago with a wake-up in hand."""
    redis.sadd(f"_kombu.binding.{QUEUE}", f"{QUEUE}\x06\x16\x06\x16{QUEUE}")
    redis.hset("unacked", "a tag", json.dumps([{"headers": {}, "properties": {"delivery_info": {}}}, QUEUE, QUEUE]))
    redis.zadd("unacked_index", {"a tag": 1})


def denied(system: System) -> list[tuple[str, str]]:
    """Return what was refused so far, and to whom."""
    with redis_of(system) as redis:
        return sorted({(entry["username"], entry["object"]) for entry in redis.acl_log()})


def test_what_waits_is_still_there_when_redis_comes_back(tmp_path: Path) -> None:
    """Redis replays its file as "default", who cannot log in: what that user may not do would be lost."""
    skip_without_users()
    sent = single("still here")
    with RedisPod(tmp_path / "redis") as pod, connect(pod.url_as("api")) as redis:
        journal = Journal(redis)
        journal.append([sent])
        pod.kill()
        pod.start()
        [record] = journal.records([sent.first_id])
        assert record
        assert journal.queued_string(sent.first_id, record) == (submissions_of(sent)[0], 0)
        assert journal.counts().waiting == 1


def test_a_user_has_two_passwords_until_only_the_new_one_counts(tmp_path: Path) -> None:
    skip_without_users()
    with RedisPod(tmp_path / "redis") as pod:
        port = pod.port
        pod.give_passwords("add", api="new-one", keda="new-one")
        for password in ("api", "new-one"):
            with connect(url_as(port, "api", password)) as redis:
                assert redis.ping()
        pod.give_passwords("only", api="new-one", keda="new-one")
        with connect(url_as(port, "api")) as redis, pytest.raises(AuthenticationError):
            redis.ping()
        with connect(url_as(port, "keda", "new-one")) as keda, connect(url_as(port, "worker")) as worker:
            assert keda.xlen(KEYS.journal) == 0
            assert worker.ping()
        assert pod.probe("readinessProbe")


def test_an_operator_in_the_workers_pod_can_do_all_maintenance(
    guarded: System, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with redis_of(guarded) as redis, connect(url_as(guarded.redis.port, "api")) as api:
        journal = Journal(api)
        journal.append([single("accepted")])
        redis.flushall()
        journal.counts()
        journal.report_rollback()
        assert journal.counts().set_back
    monkeypatch.setattr("core.logs.configure", lambda **_: None)
    monkeypatch.setenv("REDIS_URL", url_as(guarded.redis.port, "worker"))
    for arguments in (["pause", "--why", "a test"], ["resume"]):
        assert main([*arguments, "--dry-run"]) == main(arguments) == 0
    for note in ("clear-imbalance", "clear-rollback"):
        assert main([note, "--why", "a test", "--dry-run"]) == main([note, "--why", "a test"]) == 0
    assert "1 strings appended before and 0 after" in capsys.readouterr().out
    command, env = [sys.executable, "-m", "worker.missing"], os.environ | guarded.env | as_users(guarded, "worker")
    receipt = f"id\r\n{uuid4()}\r\n".encode()
    listed = subprocess.run(command, cwd=ROOT, env=env, input=receipt, stdout=subprocess.PIPE, timeout=60, check=False)
    assert (listed.returncode, listed.stdout) == (MISSING, receipt)
    with redis_of(guarded) as redis:
        assert not redis.exists("dummies:set_back", "dummies:paused", "dummies:balance_base")


def test_everything_works_with_nothing_refused(guarded: System) -> None:
    """Also where Celery repairs something: its connections are cut, and a drain's message is given back."""
    with redis_of(guarded) as redis:
        redis.execute_command("ACL LOG RESET")
        token = "a-token-of-the-operators"
        api = guarded.start_api(as_users(guarded, "api", "waker") | {"OPERATOR_TOKEN": token})
        port = free_port()
        start_flower(guarded, port, as_users(guarded, "flower"))
        leave_wake_up_unacknowledged(redis)
        eventually(lambda: not redis.exists("unacked"), within=20)
        assert redis.llen(QUEUE) == 1
        worker = guarded.start_worker(env=as_users(guarded, "worker", "celery"))
        with Client(base_url=guarded.api_url, timeout=10) as client:
            eventually(lambda: client.submit("first") and rows_in_flower(port) > 0, within=20)
            assert from_flower(port, "/workers").status_code == 200
            doctor = guarded.start([sys.executable, "-m", "doctor"], "doctor", as_users(guarded, "api", "celery"))
            doctor.wait(60)
            redis.xgroup_destroy(KEYS.journal, GROUP)
            redis.execute_command("CLIENT KILL TYPE normal SKIPME yes")
            sent = [client.submit(f"text {number}", f"key {number}").status_code for number in range(50)]
            assert client.submit("text 0", "key 0").json()["id"]
            eventually(lambda: client.pipeline()["waiting"] == 0 and count_rows(guarded) >= sent.count(202), within=20)
            query(guarded, "ALTER TABLE dummies ADD CONSTRAINT good CHECK (text <> 'bad')")
            dead = client.submit("bad").json()["id"]
            eventually(lambda: client.state(dead)["status"] == "failed", within=20)
            assert client.get("/dummies/").json()["items"]
            client.headers["Authorization"] = f"Bearer {token}"
            assert client.get("/dummies/failed").json()["total"] == 1
            assert client.post(f"/dummies/{dead}/retry").status_code == 202
            eventually(lambda: client.state(dead)["status"] == "failed", within=20)
            assert client.get("/dummies/failed/reasons").json()["total"] == 1
            assert '"complete":true' in client.post("/dummies/failed/retry", json={"reasons": "all"}).text
            eventually(lambda: client.state(dead)["status"] == "failed", within=20)
            with connect(url_as(guarded.redis.port, "worker")) as operator:
                groups = DeadLetterGroups([DeadLetters(operator)])
                assert groups.count().total == 1
                assert list(groups.retry(None, lambda: None, "a test"))[-1].done == 1
                eventually(lambda: client.state(dead)["status"] == "failed", within=20)
                assert list(groups.discard(None, "a test", "a test"))[-1].done == 1
            dead = client.submit("bad").json()["id"]
            eventually(lambda: client.state(dead)["status"] == "failed", within=20)
            assert client.delete(f"/dummies/{dead}", params={"reason": "a test"}).status_code == 204
        worker.terminate()
        api.stop()
    assert "✓ wake-up" in Path(doctor.log).read_text(encoding="utf-8")
    assert denied(guarded) == []
    assert "NoPermission" not in Path(worker.log).read_text(encoding="utf-8")


def test_strings_are_stored_during_a_rollout(guarded: System) -> None:
    """The broker refuses older pods, and ones that Redis does not know yet: the worker's timer finds what waits."""
    api = guarded.start_api(as_users(guarded, "api"))
    with redis_of(guarded) as redis, Client(base_url=guarded.api_url, timeout=10) as client:
        redis.delete(KEYS.workers)
        workers = [guarded.start_worker(env=as_users(guarded, "worker", broker)) for broker in (None, "unknown")]
        eventually(lambda: redis.zcard(KEYS.workers) == len(workers), within=30)
        sent = client.submit("during a rollout").json()["id"]
        eventually(lambda: client.state(sent)["status"] == "stored", within=20)
    api.stop()
    for worker in workers:
        worker.terminate()
