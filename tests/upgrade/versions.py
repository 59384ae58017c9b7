"""An older revision beside this tree: one Redis, one PostgreSQL, and of each version an API, a worker, both or none."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlencode

import psycopg2
from redis import Redis
from support import Client, eventually, query

from core.journal import Counts, Journal
from core.keys import GROUP, KEYS
from local.ports import free_port
from local.ready import get
from local.system import ROOT, Process, System, api_command, worker_command

Version = Literal["old", "new"]
READY_WITHIN = 60.0
HELD_WITHIN = 20.0
DRAINED_AFTER = 2.0
"""Seconds until all workers have claimed something under load, or have stored what they had."""
OPERATOR = {"OPERATOR_TOKEN": "a-token-of-the-operators"}


class Versions:
    """The servers with the old schema, and what was started of the two versions; a context manager that ends it all."""

    def __init__(self, folder: Path, old: Path) -> None:
        """Keep data and logs in a folder; ``old`` is the tree of the older revision, with its packages in .venv."""
        self.system = System(folder)
        self.ports: dict[Version, int] = {}
        """Where the APIs that run listen."""
        self.clients: dict[Version, Client] = {}
        """A client of each of them, with the operators' token."""
        self._trees: Mapping[Version, Path] = {"old": old, "new": ROOT}
        self._apis: dict[Version, Process] = {}
        self._workers: dict[Version, Process] = {}
        self._numbers = itertools.count()

    def __enter__(self) -> Self:
        self.system.folder.mkdir(parents=True)
        self.client = Redis.from_url(self.system.redis.url, socket_timeout=5)
        try:
            self.system.redis.start()
            self.system.postgres.start()
            self.migrate("old", "--post")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.run((), ())
        self.client.close()
        self.system.stop()

    def migrate(self, version: Version, *options: str) -> None:
        """Apply a version's migrations. Raises CalledProcessError."""
        command = [self._python(version), "-m", "database.migrate", *options]
        env = os.environ | self.system.env
        subprocess.run(command, cwd=self._trees[version], env=env, check=True, capture_output=True, timeout=60)

    def run(self, apis: Iterable[Version], workers: Iterable[Version], *, amid: bool = False) -> None:
        """Start what is missing, wait until it is ready, then kill what is too much; workers ``amid`` their batches."""
        apis, workers = set(apis), set(workers)
        for version in workers - self._workers.keys():
            self._workers[version] = self._start(version, worker_command(name=f"{version}{next(self._numbers)}"), {})
        self._start_apis(apis - self._apis.keys())
        for version in workers:
            eventually(lambda version=version: " ready." in self._workers[version].log.read_text("utf-8"), READY_WITHIN)
        for version in self._apis.keys() - apis:
            self._apis.pop(version).kill()
            self.ports.pop(version, None)
            if client := self.clients.pop(version, None):
                client.close()
        if (leaving := self._workers.keys() - workers) and amid:
            self._kill_amid(leaving)
        for version in leaving:
            self._workers.pop(version).kill()

    def counts(self) -> Counts:
        """Return the counts of the journal."""
        return Journal(self.client).counts()

    def dead_letters(self) -> list[Any]:
        """Return the dead letters."""
        return [json.loads(each) for each in self.client.hvals(KEYS.failed)]

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return what a statement gives, as the superuser."""
        return query(self.system, sql, *parameters)

    def ask(self, path: str, ids: list[str]) -> bytes:
        """Return the answer of one of the APIs about these strings."""
        port = next(iter(self.ports.values()))
        answer = get(port, f"{path}?{urlencode({'id': ids}, doseq=True)}")
        assert answer is not None, f"no answer about {len(ids)} strings"
        return answer

    def _start_apis(self, versions: Iterable[Version]) -> None:
        ports = {version: free_port() for version in versions}
        for version, port in ports.items():
            self._apis[version] = self._start(version, api_command(port, workers=1), OPERATOR)
        for version, port in ports.items():
            eventually(lambda port=port: get(port, "/readyz") is not None, READY_WITHIN)
            headers = {"Authorization": f"Bearer {OPERATOR['OPERATOR_TOKEN']}"}
            self.clients[version] = Client(base_url=f"http://127.0.0.1:{port}", timeout=20, headers=headers)
            self.ports[version] = port

    def _kill_amid(self, versions: Iterable[Version]) -> None:
        """Kill workers that hold entries which they cannot store: others must take them over a lease later."""
        with closing(psycopg2.connect(self.system.postgres.superuser_url)) as connection:
            connection.cursor().execute("LOCK TABLE dummies IN SHARE MODE")
            eventually(self._held, HELD_WITHIN)
            time.sleep(DRAINED_AFTER)
            held = self._held()
            for version in versions:
                self._workers[version].kill()
        time.sleep(DRAINED_AFTER)
        assert held & self._held(), "no worker held anything when it was killed"

    def _held(self) -> set[bytes]:
        """Return the entries that some worker has claimed."""
        return {each["message_id"] for each in self.client.xpending_range(KEYS.journal, GROUP, "-", "+", 1000)}

    def _python(self, version: Version) -> str:
        return str(self._trees[version] / ".venv" / "bin" / "python")

    def _start(self, version: Version, command: list[str], env: Mapping[str, str]) -> Process:
        name = f"{version}-{command[2]}-{next(self._numbers)}"
        command = [self._python(version), *command[1:]]
        return Process(command, self.system.folder / f"{name}.log", self.system.env | env, self._trees[version])
