"""The users that Redis has in a cluster: each tier can do all that it does, and nothing else."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
from support import Client, count_rows, eventually, query, redis_of, rows_in_flower

import local.redis
from core.connection import connect
from core.dead_letter_groups import DeadLetterGroups
from core.dead_letters import DeadLetters
from core.journal import Journal, Unit
from core.submission import Submission
from local.ports import free_port
from local.ready import get
from local.system import ROOT, System

USERS = ROOT / "k8s" / "base" / "redis" / "users.acl"
RULE = re.compile(r"\([^)]*\)|\S+")
NEWER_THAN_7_0 = "+client|setinfo"
REFUSED = {
    "api": [
        "XACK dummies:journal writers 1-0",
        "XDEL dummies:journal 1-0",
        "DEL dummies:journal",
        "DEL dummies:key:a",
        "HDEL dummies:other field",
        "GET other",
    ],
    "worker": ["XGROUP DESTROY dummies:journal writers", "GET other", "FLUSHALL"],
    "flower": ["XRANGE dummies:journal - +", "GET dummies:waiting", "FLUSHALL"],
    "keda": ["XRANGE dummies:journal - +", "XLEN other"],
}
REFUSED_TO_ALL = ["FLUSHDB", "CONFIG SET appendonly no", "KEYS *", "SHUTDOWN NOSAVE", "ACL LIST"]


def users() -> dict[str, list[str]]:
    """Return each user's rules, with its name as its password."""
    lines = [line for line in USERS.read_text(encoding="utf-8").splitlines() if not line.startswith("# ")]
    joined = re.sub(r"\n +", " ", "\n".join(lines))
    if local.redis._version(local.redis.find_server()) < (7, 2):
        joined = joined.replace(NEWER_THAN_7_0, "")
    found = {name: RULE.findall(rules) for name, rules in re.findall(r"^user (\w+) (.*)$", joined, re.MULTILINE)}
    return {name: [f">{name}" if rule.startswith("#") else rule for rule in rules] for name, rules in found.items()}


def url(port: int, user: str) -> str:
    """Return the address of Redis for a user."""
    return f"redis://{user}:{user}@127.0.0.1:{port}/0"


class Guarded(local.redis.Redis):
    """A Redis that lets in its users alone, and an administrator of it."""

    def prepare(self) -> None:
        lines = [f"user {name} {' '.join(rules)}\n" for name, rules in users().items()]
        (self.folder / "users.acl").write_text("".join([*lines, "user keeper on >keeper ~* &* +@all\n"]))

    def command(self) -> list[str]:
        return [*super().command(), "--aclfile", "users.acl"]

    def answers(self) -> bool:
        with Redis.from_url(url(self.port, "keeper"), socket_timeout=3) as redis:
            try:
                return bool(redis.info()["process_id"] == self.pid)
            except RedisError:
                return False


@pytest.fixture(scope="module", autouse=True)
def _new_redis() -> None:
    if local.redis.find_server() == local.redis.wheel_server():
        pytest.skip("REDIS IS OLDER THAN 7, the users' rules are not tested: install redis-server 7")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Servers whose Redis knows the tiers' users; the tests themselves come as "default"."""
    with System(tmp_path_factory.mktemp("guarded")) as started, redis_of(started) as redis:
        for name, rules in users().items():
            if name != "default":
                redis.acl_setuser(name, enabled=False, reset=True)
                redis.execute_command("ACL SETUSER", name, *rules)
        yield started


def denied(system: System) -> list[tuple[str, str]]:
    """Return what was refused so far, and to whom."""
    with redis_of(system) as redis:
        return sorted({(entry["username"], entry["object"]) for entry in redis.acl_log()})


def test_only_the_tiers_are_known() -> None:
    assert set(users()) == {"default", "api", "worker", "flower", "keda"}
    assert "off" in users()["default"]


@pytest.mark.parametrize("user", REFUSED)
def test_a_user_can_do_no_more_than_its_tier_does(guarded: System, user: str) -> None:
    with Redis.from_url(url(guarded.redis.port, user), socket_timeout=3) as redis:
        assert redis.ping()
        for command in REFUSED[user] + REFUSED_TO_ALL:
            with pytest.raises(NoPermissionError):
                redis.execute_command(*command.split())


def test_what_waits_is_still_there_when_redis_comes_back(tmp_path: Path) -> None:
    """Redis replays its file as "default", who cannot log in: what that user may not do would be lost."""
    waiting = Submission(str(uuid4()), "still here", 1)
    with Guarded(tmp_path / "redis", free_port()) as server:
        with connect(url(server.port, "api")) as redis:
            journal = Journal(redis)
            journal.append([Unit([waiting])])
            server.kill()
            server.start()
            [record] = journal.records([waiting.id])
            assert record
            assert journal.queued_string(record) == (waiting, 0)
            assert journal.counts().waiting == 1
        for login in (f"redis://127.0.0.1:{server.port}/0", f"redis://default:api@127.0.0.1:{server.port}/0"):
            with Redis.from_url(login, socket_timeout=3) as redis, pytest.raises(AuthenticationError):
                redis.ping()


def test_that_the_journal_was_set_back_can_be_noted_and_the_note_be_deleted(guarded: System) -> None:
    """The API notes it, and an operator deletes it as the worker, as docs/deploy.md says."""
    with redis_of(guarded) as redis, connect(url(guarded.redis.port, "api")) as api:
        journal = Journal(api)
        journal.append([Unit([Submission(str(uuid4()), "accepted", 1)])])
        redis.flushall()
        journal.counts()
        journal.report_rollback()
        assert journal.counts().set_back
    with connect(url(guarded.redis.port, "worker")) as worker:
        assert worker.delete("dummies:set_back")


def test_everything_works_with_nothing_refused(guarded: System) -> None:
    """Also where Celery repairs something: its connections are cut, and a drain's message is given back."""
    with redis_of(guarded) as redis:
        redis.execute_command("ACL LOG RESET")
        token = "a token of the operators"
        api = {"REDIS_URL": url(guarded.redis.port, "api"), "OPERATOR_TOKEN": token}
        guarded.start_api(api)
        worker = guarded.start_worker(env={"REDIS_URL": url(guarded.redis.port, "worker")})
        port = free_port()
        flower = ["celery", "-A", "worker.app", "flower", "--conf=worker/flowerconfig.py", f"--port={port}"]
        guarded.start([sys.executable, "-m", *flower], "flower", {"REDIS_URL": url(guarded.redis.port, "flower")})
        eventually(lambda: get(port, "/healthcheck"), within=20)
        with Client(base_url=guarded.api_url, timeout=10) as client:
            eventually(lambda: client.submit("first") and rows_in_flower(port) > 0, within=20)
            assert httpx.get(f"http://127.0.0.1:{port}/workers", timeout=10).status_code == 200
            redis.xgroup_destroy("dummies:journal", "writers")
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
            with connect(url(guarded.redis.port, "worker")) as operator:
                groups = DeadLetterGroups(operator, DeadLetters(operator))
                assert groups.count().total == 1
                assert list(groups.retry(None, lambda: None))[-1].done == 1
                eventually(lambda: client.state(dead)["status"] == "failed", within=20)
                assert list(groups.discard(None, "a test"))[-1].done == 1
            dead = client.submit("bad").json()["id"]
            eventually(lambda: client.state(dead)["status"] == "failed", within=20)
            assert client.delete(f"/dummies/{dead}", params={"reason": "a test"}).status_code == 204
        worker.terminate()
    assert denied(guarded) == []
    assert "NoPermission" not in Path(worker.log).read_text(encoding="utf-8")
