"""The users that Redis has in a cluster: each tier can do all that it does, and nothing else."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from redis import Redis
from redis.exceptions import NoPermissionError
from support import Client, count_rows, eventually, query, redis_of, rows_in_flower

from local.ports import free_port
from local.ready import get
from local.system import ROOT, System

USERS = ROOT / "k8s" / "base" / "redis" / "users.acl"
NEWER_THAN_7_0 = "+client|setinfo"
REFUSED = {
    "api": ["XACK dummies:journal writers 1-0", "XDEL dummies:journal 1-0", "DEL dummies:journal", "GET other"],
    "worker": ["XGROUP DESTROY dummies:journal writers", "GET other", "FLUSHALL"],
    "flower": ["XRANGE dummies:journal - +", "GET dummies:waiting", "FLUSHALL"],
    "keda": ["XRANGE dummies:journal - +", "XLEN other"],
}
REFUSED_TO_ALL = ["FLUSHDB", "CONFIG SET appendonly no", "KEYS *", "SHUTDOWN NOSAVE", "ACL LIST"]


def users() -> dict[str, list[str]]:
    """Return each user's rules, with its name as its password."""
    lines = [line for line in USERS.read_text(encoding="utf-8").splitlines() if not line.startswith("# ")]
    joined = re.sub(r"\n +", " ", "\n".join(lines)).replace(NEWER_THAN_7_0, "")
    found = {name: rules.split() for name, rules in re.findall(r"^user (\w+) (.*)$", joined, re.MULTILINE)}
    return {name: [f">{name}" if rule.startswith("#") else rule for rule in rules] for name, rules in found.items()}


def url(system: System, user: str) -> str:
    """Return the address of Redis for a user."""
    return f"redis://{user}:{user}@127.0.0.1:{system.redis.port}/0"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Servers whose Redis knows the tiers' users; the tests themselves come as "default"."""
    with System(tmp_path_factory.mktemp("guarded")) as started, redis_of(started) as redis:
        if int(redis.info()["redis_version"].split(".")[0]) < 7:
            pytest.skip("REDIS IS OLDER THAN 7, the users' rules are not tested: install redis-server 7")
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
    with Redis.from_url(url(guarded, user), socket_timeout=3) as redis:
        assert redis.ping()
        for command in REFUSED[user] + REFUSED_TO_ALL:
            with pytest.raises(NoPermissionError):
                redis.execute_command(*command.split())


def test_everything_works_with_nothing_refused(guarded: System) -> None:
    """Also where Celery repairs something: its connections are cut, and a drain's message is given back."""
    with redis_of(guarded) as redis:
        redis.execute_command("ACL LOG RESET")
        api = {"REDIS_URL": url(guarded, "api")}
        guarded.start_api(api)
        worker = guarded.start_worker(env={"REDIS_URL": url(guarded, "worker")})
        port = free_port()
        flower = ["celery", "-A", "worker.app", "flower", "--conf=worker/flowerconfig.py", f"--port={port}"]
        guarded.start([sys.executable, "-m", *flower], "flower", {"REDIS_URL": url(guarded, "flower")})
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
            buried = client.submit("bad").json()["id"]
            eventually(lambda: client.state(buried)["status"] == "failed", within=20)
            assert client.get("/dummies/").json()["items"]
        worker.terminate()
    assert denied(guarded) == []
    assert "NoPermission" not in Path(worker.log).read_text(encoding="utf-8")
