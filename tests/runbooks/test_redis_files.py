"""What docs/backup.md does to Redis' files in a cluster, its commands run as they are written."""

from __future__ import annotations

import shutil

import pytest
from runbooks.book import Runbook
from runbooks.processes import Processes
from support import Client, eventually

from local.server import ServerError

pytestmark = pytest.mark.timeout(300)
COPY, OPEN, RESTORE, START, FIX = range(5)
"""The blocks about Redis, in their order."""


def waiting(client: Client) -> int:
    """Return how many strings wait; -1 while the API has not reached Redis again."""
    number = client.get("/pipeline").json().get("waiting")
    return -1 if number is None else number


def test_a_damaged_file_keeps_what_no_copy_has_and_a_lost_volume_gets_the_copy(
    cluster: Processes, client: Client, shell: dict[str, str]
) -> None:
    book, data = Runbook("../backup", cluster.folder, shell, ("docker ", "sh ")), cluster.redis.folder / "data"
    cluster.hang("worker")
    for number in range(10):
        client.submit(f"copied {number}").raise_for_status()
    book.run("Redis", COPY)
    for number in range(50):
        client.submit(f"since then {number}").raise_for_status()
    cluster.redis.kill()
    [file] = data.glob("appendonlydir/*.incr.aof")
    written = bytearray(file.read_bytes())
    at = written.index(b"\r\n*", len(written) * 9 // 10)  # where a command begins: within a text it would go unnoticed
    written[at : at + 40] = bytes(40)
    file.write_bytes(written)
    with pytest.raises(ServerError):
        cluster.redis.start()
    assert "Bad file format reading the append only file" in cluster.log("redis")

    book.run("Redis", OPEN)
    assert "ok_up_to=" in book.run("Redis", FIX)
    book.run("Redis", START)
    eventually(lambda: 10 < waiting(client) < 60, within=30)
    assert (data / "aside").is_dir()

    shutil.rmtree(data / "aside")
    book.run("Redis", OPEN)
    book.run("Redis", RESTORE)
    book.run("Redis", START)
    eventually(lambda: waiting(client) == 10, within=30)
    assert (data / "aside").is_dir()
    cluster.roll("worker")
    eventually(lambda: waiting(client) == 0, within=30)
    assert {block for block in book.left() if block[0] == "Redis"} == set()
