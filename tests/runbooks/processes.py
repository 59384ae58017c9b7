"""A cluster's Deployments as processes of this machine, made of the rendered overlay as a kubelet would make them."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Self

import psutil
from front import serving
from k8s.objects import Documents, Workload, called, titled, workloads
from k8s.render import copy, render
from k8s.rules_references import environment
from name_server import A, NameServer
from redis_pod import RedisPod
from support import FLOWER_CONFIG, eventually

from local.ports import free_port
from local.postgres import Postgres
from local.ready import get
from local.run import FLOWER
from local.system import ROOT, Process, System, worker_command

OVERLAY = "ixcloud"
DATABASE = "192.168.10.7"
TIERS = ("api", "worker", "flower")
NAMES_ARE_KEPT = 3.0
"""Seconds, more than nginx keeps a name's addresses, until a pod that was taken out of DNS is told to end."""


@dataclass
class Pod:
    """A process with its folder, and how to tell that it is ready."""

    name: str
    process: Process
    ready: Callable[[], bool]
    address: str = ""
    folder: Path = field(default_factory=Path)

    def end(self) -> None:
        """End it as a kubelet does, which kills what does not heed it."""
        (self.folder / "draining").touch()
        time.sleep(NAMES_ARE_KEPT if self.address else 0)
        if psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED:
            self.process.kill()
        else:
            self.process.stop(40)


@dataclass
class Revision:
    """A pod template, and the variables that its container gets."""

    template: str
    env: dict[str, str]


class Processes:
    """A context manager that runs the overlay's tiers; the page's port of nginx is ``url``."""

    def __init__(self, folder: Path) -> None:
        """Work on a copy of what the overlay is made of."""
        self.folder, self.numbers = folder, count(2)
        copy(folder)
        shutil.copy(ROOT / "database/provision.sh", folder / "database")
        self.system = System(folder / "system")
        self.redis = self.system.redis = RedisPod(folder / "redis")
        self.databases: dict[str, Postgres] = {DATABASE: self.system.postgres}
        self.objects: Documents = []
        self.pods: dict[str, list[Pod]] = {tier: [] for tier in TIERS}
        self.revisions: dict[str, list[Revision]] = {tier: [] for tier in (*TIERS, "redis")}
        self.api_port, self.flower_port = free_port(), free_port()

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Run everything."""
        postgres = self.system.postgres
        postgres.folder.mkdir(parents=True)
        self.note_passwords(DATABASE)
        self.take(postgres)
        self.render()
        self.set_redis()
        names: dict[int, list[str] | str] = {A: []}
        with self.system, NameServer("api", names) as server:
            self.names = names
            front = {"upstream": f"api:{self.api_port}", "resolver": f"127.0.0.1:{server.port} ipv6=off"}
            with serving(self.system, "front", **front) as web:
                self.url = f"http://127.0.0.1:{web.port}"
                for tier in TIERS:
                    self.roll(tier)
                yield self
        for other in self.databases.values():
            other.stop()

    def take(self, postgres: Postgres) -> None:
        """Write the database's passwords into the overlay's .env, as docs/database.md does."""
        file = self.folder / f"k8s/overlays/{OVERLAY}/.env"
        kept = [line for line in file.read_text("utf-8").splitlines(keepends=True) if not line.startswith("DATABASE_")]
        file.write_text("".join(kept) + passwords_of(postgres), "utf-8")

    def note_passwords(self, machine: str) -> None:
        """Leave a database machine's passwords where provision.sh does."""
        folder = self.folder / machine / "etc/ix-dummies"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "passwords.env").write_text(passwords_of(self.databases[machine]), "utf-8")
        (folder / "ca.crt").write_text("a certificate\n", "utf-8")

    def render(self) -> None:
        """Take the overlay as it is now."""
        self.objects = render(self.folder, OVERLAY)
        operators = titled(self.objects, "Secret/operators")["data"]["operators"]
        (self.folder / "operators").write_bytes(b64decode(operators))

    def revision(self, tier: str) -> Revision:
        """Return a tier as the overlay has it."""
        [workload] = [each for each in workloads(self.objects, "Deployment", "StatefulSet") if each.name == tier]
        return Revision(json.dumps(workload.template), self.variables(workload))

    def variables(self, workload: Workload) -> dict[str, str]:
        """Return the variables of a workload's container, with addresses of this machine."""
        slices = called(self.objects, "EndpointSlice", "postgresql-external")
        postgres = self.databases[slices["endpoints"][0]["addresses"][0]]

        def here(value: str) -> str:
            value = value.replace("@redis:6379", f"@127.0.0.1:{self.redis.port}")
            value = re.sub(r"@postgresql:5432/dummy\?.*", f"@127.0.0.1:{postgres.port}/dummy", value)
            return value.replace("/etc/operators", str(self.folder))

        return {name: here(value) for name, value in environment(self.objects, workload.containers[0]).items()}

    def set_redis(self) -> None:
        """Have Redis get, when it starts, the passwords and the files that its pod would get."""
        revision = self.revision("redis")
        for user in self.redis.passwords:
            self.redis.passwords[user] = revision.env[f"REDIS_{user.upper()}_PASSWORD"]
        name = re.search(r'"configMap": \{"name": "([^"]+)"', revision.template)[1]
        self.redis.files = called(self.objects, "ConfigMap", name)["data"]
        self.revisions["redis"].append(revision)

    def apply(self, tier: str) -> None:
        """Replace a tier's pods if their template has changed."""
        if self.revision(tier).template == self.revisions[tier][-1].template:
            return
        if tier == "redis":
            self.restart_redis()
        else:
            self.roll(tier)

    def restart_redis(self) -> None:
        """Restart Redis with what the cluster has now."""
        self.set_redis()
        self.redis.stop()
        self.redis.start()

    def roll(self, tier: str, revision: Revision | None = None) -> None:
        """Start a pod; once it is ready, end the older ones."""
        self.revisions[tier].append(revision or self.revision(tier))
        older, made = self.pods[tier], self.start(tier)
        self.pods[tier] = [*older, made]
        eventually(made.ready, within=60)
        if tier == "api":
            self.names[A] = [made.address]
        for pod in older:
            pod.end()
        self.pods[tier] = [made]

    def start(self, tier: str) -> Pod:
        """Start a pod of the newest revision."""
        number, env = next(self.numbers), self.revisions[tier][-1].env
        name, folder = f"{tier}-{number}", self.folder / f"{tier}-{number}"
        folder.mkdir()
        env |= {"PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics")}
        if tier == "api":
            port, address = free_port(), f"127.0.0.{number}"
            env |= {"OPERATIONS_PORT": str(port), "DRAINING_FILE": str(folder / "draining")}
            command = [sys.executable, "-m", "api", "--host", address, "--port", str(self.api_port), "--workers", "1"]
            process = self.system.start(command, name, env)
            return Pod(name, process, lambda: get(port, "/readyz") is not None, address, folder)
        if tier == "worker":
            env |= {"METRICS_PORT": str(free_port()), "HEARTBEAT_FOLDER": str(folder)}
            process = self.system.start(worker_command(name=f"{name}@%h"), name, env)
            return Pod(name, process, (folder / "journal").exists, folder=folder)
        look = [*FLOWER[:-1], f"--conf={FLOWER_CONFIG}", "--address=127.0.0.1", f"--port={free_port()}"]
        self.flower_port = int(look[-1].rpartition("=")[2])
        port = self.flower_port
        process = self.system.start(look, name, env)
        return Pod(name, process, lambda: get(port, "/flower/healthcheck") is not None, folder=folder)

    def hang(self, tier: str) -> None:
        """Have a tier's processes do nothing any more, and connections stay."""
        for pod in self.pods[tier]:
            pod.process.signal_all(signal.SIGSTOP)

    def log(self, tier: str) -> str:
        """Return the log of a tier's pods."""
        if tier == "redis":
            return self.redis.log.read_text("utf-8")
        return "".join(pod.process.log.read_text("utf-8") for pod in self.pods[tier])


def passwords_of(postgres: Postgres) -> str:
    """Return the passwords of a database's roles, as lines of .env."""
    roles: dict[str, Any] = postgres._passwords
    return "".join(
        f"DATABASE_{role}_PASSWORD={roles[f'dummy_{role.lower()}']}\n" for role in ("OWNER", "WRITER", "READER")
    )
