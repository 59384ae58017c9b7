"""The real system behind the page, and what it keeps: the truth that the page's words are compared with."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import psycopg2
from browsing import HOST, serving
from dead_letters import queued
from redis import Redis
from redis.exceptions import RedisError
from support import query, redis_of

from core.keys import KEYS
from faults_page.batch import MAX_TEXT_BYTES, POISON
from faults_page.line import Line
from local.system import System

CONSTRAINT = f"ALTER TABLE dummies ADD CONSTRAINT planted CHECK (text NOT LIKE '%%{POISON}%%')"
ROWS = "SELECT id::text, text FROM dummies WHERE text LIKE %s"


class Kept(NamedTuple):
    """What the service keeps of the texts with one beginning, as id -> text."""

    queued: dict[str, str]
    dead: dict[str, str]
    rows: dict[str, str]

    @property
    def all(self) -> dict[str, str]:
        """Everything that was accepted."""
        return self.queued | self.dead | self.rows


class World:
    """Redis, PostgreSQL, API, worker, nginx and the line to it; a context manager that ends them all."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self._seed = folder, seed
        self.system = System(folder / "system")
        self.line: Line
        self.redis: Redis

    def __enter__(self) -> Self:
        with ExitStack() as ends:
            ends.enter_context(self.system)
            query(self.system, CONSTRAINT)
            self.start_api()
            self.worker = self.system.start_worker()
            site = ends.enter_context(serving(self.system))
            self.line = ends.enter_context(Line(urlsplit(site).port or 0, self._seed))
            self.redis = ends.enter_context(redis_of(self.system))
            self._ends = ends.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._ends.close()

    def start_api(self) -> None:
        """Start the API and wait until it is ready."""
        self.api = self.system.start_api({"MAX_TEXT_BYTES": str(MAX_TEXT_BYTES)}, workers=1)

    def site(self, *, secure: bool) -> str:
        """Return the page's URL on a secure origin or on one that is not."""
        return f"http://{'127.0.0.1' if secure else HOST}:{self.line.port}/"

    def kept(self, beginning: str) -> Kept | None:
        """Return what is kept of the texts that begin like this; None while a server is unavailable.

        It is read in the order in which a string moves, so that none is missed.
        """
        try:
            waiting = {each.id: each.text for each in queued(self.redis) if each.text.startswith(beginning)}
            letters = [json.loads(each) for each in self.redis.hvals(KEYS.failed)]
            rows = query(self.system, ROWS, f"{beginning}%")
        except (RedisError, psycopg2.Error):
            return None
        dead = {each["id"]: each["text"] for each in letters if each["text"].startswith(beginning)}
        return Kept(waiting, dead, dict(rows))
