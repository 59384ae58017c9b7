"""What docs/backup.md says: both stores restored, and nothing that a client was promised is lost for good."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import pytest
from dead_letters import queued
from strings import single
from support import Client, count_rows, eventually, redis_of, waiting

from core.connection import Shard, connect
from core.journal import Journal
from core.maintenance import Maintenance
from local.ports import free_port
from local.redis import Redis
from local.system import ROOT, System
from worker.missing import FAILED, MISSING

RESTORE = ["--schema=public", "--clean", "--if-exists", "--exit-on-error", "--single-transaction"]
"""pg_restore's options in docs/backup.md."""


LN = f"""#!{sys.executable}
import os, sys, time
from redis import Redis

source = sys.argv[1]
with Redis.from_url(os.environ["REDIS_URL"]) as redis:
    if not redis.exists("rewritten"):
        redis.set("rewritten", 1)
        before = os.stat(source).st_ino
        redis.bgrewriteaof()
        while os.path.exists(source) and os.stat(source).st_ino == before:
            time.sleep(0.01)
os.execv("/bin/ln", ["ln", *sys.argv[1:]])
"""
"""An ln before whose first link Redis rewrites its files: the one to be linked is removed or replaced."""


@contextmanager
def appended_to(server: Redis) -> Iterator[list[str]]:
    """Append strings all the time meanwhile; yields the ids that were acknowledged so far."""
    ids: list[str] = []
    ended = threading.Event()

    def append() -> None:
        with connect(server.url) as redis:
            while not ended.is_set():
                sent = single("x" * 10_000)
                Journal(redis).append([sent])
                ids.append(sent.first_id)

    thread = threading.Thread(target=append)
    thread.start()
    try:
        yield ids
    finally:
        ended.set()
        thread.join()


@pytest.mark.usefixtures("redis")
def test_a_copy_of_redis_files_has_all_that_was_acknowledged_before_it_was_made(server: Redis, tmp_path: Path) -> None:
    """Although Redis appends to its files all the time, and replaces them before they are linked."""
    restored = Redis(tmp_path / "restored", free_port(), binary=server.binary)
    restored.folder.mkdir()
    (tmp_path / "ln").write_text(LN)
    (tmp_path / "ln").chmod(0o755)
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "REDIS_URL": server.url}
    with appended_to(server) as acknowledged:
        eventually(lambda: len(acknowledged) > 100, within=30)
        promised = set(acknowledged)
        with (ROOT / "k8s" / "backup-redis.sh").open() as script, (tmp_path / "redis.tar").open("wb") as tar:
            subprocess.run(["sh", "-s", server.folder], stdin=script, stdout=tar, env=env, check=True, timeout=60)
    subprocess.run(["tar", "-xf", tmp_path / "redis.tar", "-C", restored.folder], check=True, timeout=30)
    with restored, connect(restored.url) as copy:
        kept = {submission.id for submission in queued(copy)}
    assert len(promised) > 100
    assert promised <= kept
    assert list(server.folder.glob("backup.*")) == []


def missing(system: System, receipts: str) -> tuple[int, str, str]:
    """Run the operator's command on receipts; return its exit code, what it listed, and what it said."""
    command = [sys.executable, "-m", "worker.missing"]
    env = os.environ | system.env
    run = subprocess.run(
        command, cwd=ROOT, env=env, input=receipts.encode(), capture_output=True, timeout=60, check=False
    )
    return run.returncode, run.stdout.decode(), run.stderr.decode()


def rows(file: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(file.removeprefix("\ufeff"), newline="")))


class Sender:
    """A client that notes what it was promised, with the key."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.ledger: dict[str, dict[str, str]] = {}

    def send(self, *texts: str) -> list[str]:
        """Send these strings, under the key that each has; return their ids."""
        ids = []
        for text in texts:
            key = str(uuid5(NAMESPACE_OID, text))
            id_ = self.client.submit(text, key).raise_for_status().json()["id"]
            self.ledger[id_] = {"id": id_, "key": key, "text": text}
            ids.append(id_)
        return ids

    def send_bulk(self, *texts: str) -> list[str]:
        """Send a bulk; return its ids."""
        headers = {"Idempotency-Key": "key of a bulk"}
        answer = self.client.post("/dummies/bulk", json={"texts": texts}, headers=headers)
        ids: list[str] = answer.raise_for_status().json()["ids"]
        return ids

    @property
    def receipts(self) -> str:
        """The ledger, as NDJSON."""
        return "".join(json.dumps(line) + "\n" for line in self.ledger.values())


def test_where_there_is_no_file_to_copy_it_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "k8s/backup-redis.sh", tmp_path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, f"there is no append-only file in {tmp_path}\n")
    assert list(tmp_path.iterdir()) == []


def test_what_a_restored_database_lacks_is_listed_and_sent_again_under_the_same_ids(
    system: System, client: Client, tmp_path: Path
) -> None:
    sender, binaries, dump = Sender(client), system.postgres.psql_path.parent, tmp_path / "an-hour-ago.dump"
    sender.send("old 1", "old 2")
    eventually(lambda: count_rows(system) == 2, within=30)
    dumped = [binaries / "pg_dump", "--format=custom", f"--file={dump}", system.postgres.owner_url]
    subprocess.run(dumped, check=True, timeout=60)
    lost, lines = sender.send("lost, 1", 'lost "2"\r\nof two lines'), ["lost in a bulk", "lost as well"]
    bulk = sender.send_bulk(*lines)
    eventually(lambda: count_rows(system) == 6, within=30)
    export = client.get("/dummies/export", params={"format": "csv"}).text

    with redis_of(system) as redis:
        Maintenance([Shard(redis)]).pause("a test", "a restore")
        waiting_ids = sender.send("accepted during the restore")
        subprocess.run(
            [binaries / "pg_restore", *RESTORE, f"--dbname={system.postgres.owner_url}", dump], check=True, timeout=60
        )
        assert count_rows(system) == 2

        code, listed, said = missing(system, sender.receipts)
        assert (code, said.splitlines()[-1]) == (MISSING, "5 named, 2 missing")
        assert [json.loads(line) for line in listed.splitlines()] == [sender.ledger[id_] for id_ in lost]
        page = f"line,id,refused\r\n1,{bulk[0]},\r\n2,,too long\r\n3,{bulk[1]},\r\n"
        code, listed, _ = missing(system, page)
        assert (code, listed) == (MISSING, f"line,id,refused\r\n1,{bulk[0]},\r\n3,{bulk[1]},\r\n")
        refused = '{"line": 2, "refused": "too long"}\n'
        assert missing(system, refused + json.dumps({"ids": bulk}))[1].split("\n")[0] == json.dumps({"id": bulk[0]})
        code, listed, said = missing(system, export)
        assert (code, said.splitlines()[-1]) == (MISSING, "6 named, 4 missing")
        assert [row for row in rows(export) if row["id"] in {*lost, *bulk}] == rows(listed)
        assert Maintenance([Shard(redis)]).resume()

    assert sender.send(*(sender.ledger[id_]["text"] for id_ in lost)) == lost
    assert sender.send_bulk(*lines) == bulk
    eventually(lambda: waiting(system) == 0, within=30)
    assert missing(system, sender.receipts)[0] == missing(system, export)[0] == 0
    assert {state["status"] for state in client.states([*lost, *bulk, *waiting_ids])} == {"stored"}
    assert count_rows(system) == 7
    eventually(lambda: client.pipeline()["waiting"] == 0, within=30)
    assert client.pipeline()["unaccounted"] == 0


@pytest.mark.parametrize(
    "receipts", ['{"id": "1"}', '{"text": "a"}', "{", "line,refused\r\n1,a\r\n", "id\r\nnone\r\n", ""]
)
def test_what_names_no_ids_is_refused_not_passed_over(system: System, receipts: str) -> None:
    code, listed, said = missing(system, receipts)
    assert (code, listed, "Traceback" in said) == (FAILED, "", False)
    assert "line" in said
