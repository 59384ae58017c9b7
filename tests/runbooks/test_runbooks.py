"""Each runbook's fault is caused for real, and its commands, run as they are written, find the cause and repair it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable

import psycopg2
import pytest
from runbooks.book import Runbook
from runbooks.processes import Processes
from support import Client, eventually, query, redis_of

from local.system import ROOT

pytestmark = pytest.mark.timeout(400)
FIND, REPAIR, KNOW, STEPS = "Find the cause", "Repair", "How you know that it worked", "Steps"
NOT_RUN = {
    "kubectl patch": "volumes and autoscalers are the cluster's; tests/k8s/test_by_hand.py knows their limits",
    "kubectl delete pod": "Redis is restarted by the block before",
    "kubectl top": "needs the metrics server",
}
"""How lines begin that are not run here -> why."""
ELSEWHERE = {
    "certificate": "tests/provision/test_certificate.py, where PostgreSQL has TLS; test_redis_tls.py",
    "redis-cluster-node": "tests/integration/test_cluster_pods.py, which runs its script",
    "rotating-secrets": "test_rotation.py, under load",
}
"""Runbooks that are not run here -> where their commands are shown instead."""


@pytest.fixture
def open_runbook(cluster: Processes, shell: dict[str, str]) -> Callable[[str], Runbook]:
    """Return what opens a runbook; each block of it must be run."""
    return lambda name: Runbook(name, cluster.folder, shell, tuple(NOT_RUN))


def stored(client: Client, *texts: str) -> list[str]:
    """Submit strings, and wait until they are stored."""
    ids = [client.submit(text).raise_for_status().json()["id"] for text in texts]
    eventually(lambda: {client.state(each)["status"] for each in ids} == {"stored"}, within=30)
    return ids


def drained(client: Client) -> None:
    """Wait until nothing waits."""
    eventually(lambda: client.pipeline()["waiting"] == 0, within=30)


def test_database_away(cluster: Processes, client: Client, open_runbook: Callable[[str], Runbook]) -> None:
    book = open_runbook("database-away")
    stored(client, "before")
    cluster.databases["192.168.10.7"].stop()
    client.submit("during").raise_for_status()
    eventually(lambda: client.part_is("database", "away"), within=30)
    eventually(lambda: "Connection refused" in cluster.log("worker"), within=30)
    found = book.run(FIND, statuses=(3,))
    for cause in ('"status": "away"', "PostgreSQL stores nothing", "Connection refused", "failed"):
        assert cause in found
    book.run(REPAIR)
    drained(client)
    eventually(lambda: "PostgreSQL stores again" in cluster.log("worker"), within=30)
    assert '"waiting": 0' in book.run(KNOW)
    assert re.search(r"dummy *\| dummy_writer *\| ix-worker *\| 127\.0\.0\.1 *\| idle *\| +\d", book.run(FIND, 1))
    assert book.left() == []


def test_redis_full(cluster: Processes, client: Client, open_runbook: Callable[[str], Runbook]) -> None:
    book = open_runbook("redis-full")
    with redis_of(cluster.system) as redis:
        redis.config_set("maxmemory", redis.info("memory")["used_memory"] + 2**23)
    cluster.hang("worker")
    texts = ["x" * 60_000] * 10
    eventually(lambda: client.post("/dummies/bulk", json={"texts": texts}).status_code == 503, within=60)
    eventually(lambda: not client.pipeline()["accepting"], within=30)
    assert client.submit("refused").json()["type"].endswith("journal-full")
    found = book.run(FIND)
    for cause in ('"accepting": false', "full: ", "raise maxmemory", "Use%"):
        assert cause in found
    book.run(REPAIR)
    eventually(lambda: client.pipeline()["accepting"], within=30)
    eventually(lambda: "journal has room again" in cluster.log("api"), within=30)
    cluster.roll("worker")
    drained(client)
    assert '"accepting": true' in book.run(KNOW)
    with redis_of(cluster.system) as redis:
        assert int(redis.config_get("maxmemory")["maxmemory"]) == 384 * 2**20
    assert book.left() == []


def test_redis_lost_its_disk(cluster: Processes, client: Client, open_runbook: Callable[[str], Runbook]) -> None:
    book, settings = open_runbook("redis-lost-its-disk"), cluster.folder / "k8s/base/redis/redis.conf"
    good = settings.read_text("utf-8")

    def deploy(conf: str) -> None:
        settings.write_text(conf, "utf-8")
        cluster.render()
        cluster.apply("redis")

    deploy(good.replace("noeviction", "allkeys-lru"))
    eventually(lambda: client.pipeline()["volatile"], within=30)
    assert "it evicts keys" in book.run(FIND)
    deploy(good)
    eventually(lambda: not client.pipeline()["volatile"], within=30)
    stored(client, "stored")
    cluster.hang("worker")
    keys = {f"lost {number}": f"key {number}" for number in range(3)}
    answers = [client.submit(text, key).raise_for_status().json() for text, key in keys.items()]
    (cluster.folder / "receipts.ndjson").write_text("".join(json.dumps(each) + "\n" for each in answers), "utf-8")
    eventually(lambda: client.pipeline()["waiting"] == 3, within=30)
    cluster.redis.kill()
    shutil.rmtree(cluster.redis.folder / "data")
    cluster.redis.start()
    cluster.roll("worker")
    eventually(lambda: client.pipeline()["set_back"], within=30)
    found = book.run(FIND)
    assert '"before": ' in found
    assert "journal rolled back" in found
    book.run(REPAIR, 0, statuses=(1,))
    listed = (cluster.folder / "missing.ndjson").read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in listed] == [each["id"] for each in answers]
    for text, key in keys.items():
        client.submit(text, key).raise_for_status()
    drained(client)
    book.run(REPAIR, 1)
    eventually(lambda: not client.pipeline()["set_back"] and client.pipeline()["unaccounted"] == 0, within=30)
    known = book.run(KNOW)
    for sign in ("3 named, 0 missing", '"accepting": true', '"set_back": null', '"unaccounted": 0'):
        assert sign in known
    assert book.left() == []


def test_worker_stuck(cluster: Processes, client: Client, open_runbook: Callable[[str], Runbook]) -> None:
    book = open_runbook("worker-stuck")
    stored(client, "before")
    cluster.hang("worker")
    client.submit("during").raise_for_status()
    eventually(lambda: client.pipeline()["worker_count"] == 0, within=30)
    assert '"worker_count": 0' in book.run(FIND)
    book.run(REPAIR)
    drained(client)
    known = book.run(KNOW)
    assert '"waiting": 0' in known
    assert "batch settled" in known
    with redis_of(cluster.system) as redis:
        redis.set("dummies:paused", '{"at_ms": 1, "operator": "someone", "reason": "forgotten"}')
    client.submit("paused").raise_for_status()
    eventually(lambda: client.pipeline()["paused"], within=30)
    assert "forgotten" in book.run(FIND)
    eventually(lambda: "draining is paused" in cluster.log("worker"), within=30)
    assert book.run("Draining is paused").count("someone") >= 2
    assert client.pipeline()["paused"]
    book.run("Draining is paused", 1)
    drained(client)
    assert book.left() == []


def test_poison(cluster: Processes, client: Client, open_runbook: Callable[[str], Runbook]) -> None:
    book = open_runbook("poison")
    for decision in (0, 1):
        query(cluster.system, "ALTER TABLE dummies ADD CONSTRAINT planted CHECK (text NOT LIKE '%%bad') NOT VALID")
        refused = client.submit(f"{decision} bad").raise_for_status().json()["id"]
        eventually(lambda refused=refused: client.state(refused)["status"] == "failed", within=30)
        eventually(lambda: client.pipeline()["failed"] == 1, within=30)
        found = book.run(FIND)
        assert "violates check constraint" in found
        assert (cluster.folder / "failed.ndjson").read_text("utf-8").count("bad") >= 1
        query(cluster.system, "ALTER TABLE dummies DROP CONSTRAINT planted")
        book.run(REPAIR, decision)
        eventually(lambda: client.pipeline()["failed"] == client.pipeline()["waiting"] == 0, within=30)
        known = book.run(KNOW)
        assert '"unaccounted": 0' in known
        assert client.get(f"/dummies/{refused}").status_code == (404 if decision else 200)
    assert book.left() == []


def test_bad_deploy(cluster: Processes, client: Client, open_runbook: Callable[[str], Runbook]) -> None:
    book = open_runbook("bad-deploy")
    stored(client, "before")
    file = cluster.folder / "k8s/overlays/ixcloud/.env"
    good = file.read_text("utf-8")
    file.write_text(good.replace("DATABASE_READER_PASSWORD=", "DATABASE_READER_PASSWORD=wrong"), "utf-8")
    cluster.render()
    cluster.apply("api")
    eventually(lambda: client.get("/dummies/").status_code == 503, within=30)
    found = book.run(FIND)
    assert "password authentication failed" in found
    assert "database-away" in found
    book.run(REPAIR)
    known = book.run(KNOW)
    assert "\n200\n" in known
    assert '"accepting": true' in known
    assert book.left() == []


def test_slow(cluster: Processes, client: Client, open_runbook: Callable[[str], Runbook]) -> None:
    book = open_runbook("slow")
    stored(client, "before")
    forgotten = psycopg2.connect(cluster.databases["192.168.10.7"].superuser_url, application_name="someone's psql")
    with forgotten.cursor() as cursor:
        cursor.execute("LOCK TABLE dummies IN SHARE MODE")
    client.submit("waits").raise_for_status()
    blocked = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'ix-worker' AND pg_blocking_pids(pid) <> '{}'"
    eventually(lambda: query(cluster.system, blocked), within=30)
    eventually(lambda: client.pipeline()["oldest_seconds"], within=30)
    assert "someone's psql" in book.run(FIND)
    eventually(lambda: query(cluster.system, blocked), within=30)  # between two tries nothing is blocked
    assert "someone's psql" in book.run(REPAIR)
    forgotten.close()
    book.run(REPAIR, 1)
    drained(client)
    eventually(lambda: client.pipeline()["worker_count"] == 3, within=30)
    assert '"waiting": 0' in book.run(KNOW)
    assert book.left() == []


def test_moving_the_database(cluster: Processes, client: Client, open_runbook: Callable[[str], Runbook]) -> None:
    book = open_runbook("moving-the-database")
    ids = stored(client, "one", "two")
    book.run(STEPS, 0)
    book.run(STEPS, 1)
    ids.append(client.submit("accepted while it moves").raise_for_status().json()["id"])
    book.run(STEPS, 2)
    compared = book.run(STEPS, 3).split()
    assert compared[0] == compared[1] == "2|2"
    book.run(STEPS, 4)
    book.run(STEPS, 5)
    cluster.databases["192.168.10.7"].stop()
    drained(client)
    known = book.run(KNOW)
    assert '"paused": null' in known
    assert known.split()[-1] == "3"
    assert {state["status"] for state in client.states(ids)} == {"stored"}
    assert book.left() == []


def test_every_runbook_is_run_or_says_where() -> None:
    names = {path.stem for path in (ROOT / "docs/runbooks").glob("*.md")} - {"README"}
    run = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    assert names - run == ELSEWHERE.keys()
