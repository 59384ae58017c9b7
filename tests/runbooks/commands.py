"""What an operator types: kubectl and ssh, which lead to processes of this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Listener
from pathlib import Path
from typing import Any, NamedTuple

from k8s.objects import workloads
from runbooks.processes import TIERS, Processes
from support import eventually, query

from local.ports import free_port
from local.postgres import OWNER, ROLES, SUPERUSER, Postgres
from local.server import Server
from local.system import ROOT, Process

NAME = "app.kubernetes.io/name"
LIMIT = 240
"""Seconds that a block may take."""


class Answer(NamedTuple):
    """What a command prints, and its status."""

    status: int = 0
    output: bytes = b""
    errors: bytes = b""


class Commands:
    """Answers the stand-ins of kubectl and ssh; what it does not know has failed."""

    def __init__(self, cluster: Processes) -> None:
        self.cluster = cluster
        self.jobs: dict[str, Process] = {}
        self.programs = cluster.folder / "bin"

    @contextmanager
    def served(self) -> Iterator[dict[str, str]]:
        """Answer meanwhile; yields the variables of an operator's shell."""
        self.programs.mkdir()
        shim = f"{sys.executable} {ROOT}/tests/runbooks/shim.py"
        lines = {name: f'exec {shim} {name} "$@"' for name in ("kubectl", "ssh")}
        for name, line in (lines | {"sudo": 'shift 2; exec "$@"'}).items():
            (self.programs / name).write_text(f"#!/bin/sh\n{line}\n", "utf-8")
            (self.programs / name).chmod(0o755)
        socket = str(self.cluster.folder / "cluster")
        with Listener(socket, "AF_UNIX") as listener:
            thread = threading.Thread(target=self._serve, args=[listener], daemon=True)
            thread.start()
            yield {"PATH": f"{self.programs}:{os.environ['PATH']}", "CLUSTER": socket, "URL": self.cluster.url}

    def _serve(self, listener: Listener) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=[listener.accept()], daemon=True).start()

    def _answer(self, connection: Any) -> None:
        with connection:
            program, words, given = connection.recv()
            try:
                answer = self._ssh(words, given) if program == "ssh" else self._kubectl(words, given)
            except Exception as error:  # noqa: BLE001 - whoever typed the command is told
                answer = Answer(1, errors=f"{program} {' '.join(words)}: {error!r}\n".encode())
            connection.send(tuple(answer))

    def _kubectl(self, words: list[str], given: bytes) -> Answer:
        if words[0] in {"--namespace", "-n"}:
            words = words[2:]
        verb = "rollout_" + words[1] if words[0] == "rollout" else words[0]
        return getattr(self, f"_{verb}")(words[2 if words[0] == "rollout" else 1 :], given)

    def _exec(self, words: list[str], given: bytes) -> Answer:
        words, command = words[: words.index("--")], words[words.index("--") + 1 :]
        target = re.sub(r"^\w+/|-0$", "", next(word for word in words if not word.startswith("-")))
        if target in {"redis", "redis-files"}:
            redis = self.cluster.redis
            if redis.running != (target == "redis"):  # one of the two has the volume
                return Answer(1, errors=b"container not found\n")
            return run(["env", *redis.environment, *map(redis.here, command)], given)
        env = os.environ | self.cluster.revisions[target][-1].env
        return run([sys.executable if word == "python" else word for word in command], given, env, ROOT)

    def _logs(self, words: list[str], _: bytes) -> Answer:
        target = " ".join(words)
        if "--selector" in words and "--ignore-errors" not in words:  # as if a new pod always waited for its image
            return Answer(1, errors=b"container in pod is waiting to start: trying and failing to pull image\n")
        found = re.search(rf"(?:job/|deployment/|{NAME}=)([\w-]+)|(redis)-0", target)
        name = found[1] or found[2]
        tail = re.search(r"--tail=(\d+)", target)
        if "job/" in target:
            job = self.jobs[name]
            job.wait(LIMIT)
            text = job.log.read_text("utf-8")
        else:
            text = self.cluster.log(name)
        lines = text.splitlines(keepends=True)
        return Answer(output="".join(lines[-int(tail[1]) :] if tail else lines).encode())

    def _get(self, words: list[str], _: bytes) -> Answer:
        if words[0] == "secrets":
            return Answer(output=b"passwords\nredis-passwords\noperators\n")
        chosen = " ".join(words).partition(f"{NAME}=")[2]
        rows = [
            (pod.name, str(pod.ready() and pod.process.running)) for tier in TIERS for pod in self.cluster.pods[tier]
        ]
        rows.append(("redis-0", str(self.cluster.redis.running)))
        return Answer(output="".join(f"{name:<30} ready: {up}\n" for name, up in rows if chosen in name).encode())

    def _create(self, words: list[str], _: bytes) -> Answer:
        kind, cronjob, name = words[1].rpartition("/")[0], words[1].rpartition("/")[2], words[2]
        assert (words[0], kind) == ("job", "--from=cronjob")
        [workload] = [each for each in workloads(self.cluster.objects, "CronJob") if each.name == cronjob]
        command = [sys.executable, *workload.containers[0]["command"][1:]]
        log = f"{name}-{free_port()}"
        self.jobs[name] = self.cluster.system.start(command, log, self.cluster.variables(workload))
        return Answer(output=f"job.batch/{name} created\n".encode())

    def _delete(self, words: list[str], _: bytes) -> Answer:
        self.jobs.pop(words[0].removeprefix("job/"), None)
        return Answer()

    def _wait(self, words: list[str], _: bytes) -> Answer:
        if words[0].startswith("pod/"):
            assert not self.cluster.redis.running
            return Answer()
        assert words[0] == "job/migrate"
        [job] = [each for each in workloads(self.cluster.objects, "Job") if each.name == "migrate"]
        command = [sys.executable, *job.containers[0]["command"][1:]]
        return run(command, b"", os.environ | self.cluster.variables(job), ROOT)

    def _apply(self, words: list[str], _: bytes) -> Answer:
        if words[0] == "--filename":
            assert words[1] == "k8s/redis-files.yaml"
            return Answer()
        named = re.search(r"(notin )?\(([^)]*)\)|=(\w+)$", words[words.index("--selector") + 1])
        left_out = set((named[2] or "").split(", "))
        self.cluster.render()
        for tier in ("redis", "worker", "flower", "api"):
            if tier == named[3] if named[3] else tier not in left_out:
                self.cluster.apply(tier)
        return Answer()

    def _rollout_status(self, words: list[str], _: bytes) -> Answer:
        tier = words[0].partition("/")[2]
        eventually(lambda: all(pod.ready() for pod in self.cluster.pods.get(tier, [])), within=LIMIT)
        return Answer(output=f"{words[0]} successfully rolled out\n".encode())

    def _rollout_restart(self, words: list[str], _: bytes) -> Answer:
        tier = words[0].partition("/")[2]
        if tier == "redis":
            self.cluster.restart_redis()
        else:
            self.cluster.roll(tier, self.cluster.revisions[tier][-1])
        return Answer()

    def _rollout_undo(self, words: list[str], _: bytes) -> Answer:
        tier = words[0].partition("/")[2]
        self.cluster.roll(tier, self.cluster.revisions[tier][-2])
        return Answer()

    def _rollout_history(self, words: list[str], _: bytes) -> Answer:
        revisions = self.cluster.revisions[words[0].partition("/")[2]]
        return Answer(output="".join(f"{number}\n" for number in range(1, len(revisions) + 1)).encode())

    def _scale(self, words: list[str], _: bytes) -> Answer:
        tier, replicas = words[0].partition("/")[2], int(words[1].partition("=")[2])
        if tier == "redis":
            self.cluster.redis.start() if replicas else self.cluster.redis.stop()
            return Answer()
        pods = self.cluster.pods[tier]
        while len(pods) < replicas:
            pods.append(self.cluster.start(tier))
        return Answer()

    def _ssh(self, words: Sequence[str], given: bytes) -> Answer:
        machine, command = words[0].removeprefix("root@"), " ".join(words[1:])
        if command.startswith("bash -s"):
            return self._provision(machine)
        postgres = self.cluster.databases[machine]
        if command.startswith("systemctl"):
            if "restart" in command:
                postgres.stop()
                Server.start(postgres)
            state = "active (running)" if postgres.running else "failed"
            return Answer(0 if postgres.running else 3, f"postgresql@16-main.service: {state}\n".encode())
        folder = self.cluster.folder / machine / "etc/ix-dummies"
        entries = [f"*:*:*:{role}:{postgres._passwords[role]}\n" for role in (SUPERUSER, OWNER)]
        passfile = self.cluster.folder / f"{machine}.pgpass"
        passfile.write_text("".join(entries), "utf-8")
        passfile.chmod(0o600)
        env = {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port), "PGUSER": SUPERUSER, "PGPASSFILE": str(passfile)}
        env["PATH"] = f"{self.programs}:{postgres.psql_path.parent}:{os.environ['PATH']}"
        return run(["bash", "-c", command.replace("/etc/ix-dummies", str(folder))], given, os.environ | env)

    def _provision(self, machine: str) -> Answer:
        """Do what provision.sh does for the roles: new ones on a new machine, or new passwords."""
        databases = self.cluster.databases
        if machine not in databases:
            databases[machine] = Postgres(self.cluster.folder / machine / "postgres", free_port())
            databases[machine].start()
        elif not (self.cluster.folder / machine / "etc/ix-dummies/passwords.env").exists():
            for role in ROLES:
                databases[machine]._passwords[role] = f"new-{role}-{free_port()}"
                query(self.cluster.system, f"ALTER ROLE {role} PASSWORD '{databases[machine]._passwords[role]}'")
        self.cluster.note_passwords(machine)
        return Answer()


def run(
    command: Sequence[str | Path], given: bytes, env: dict[str, str] | None = None, cwd: Path | None = None
) -> Answer:
    """Run a command with this input."""
    done = subprocess.run(command, input=given, capture_output=True, env=env, cwd=cwd, timeout=LIMIT, check=False)
    return Answer(done.returncode, done.stdout, done.stderr)
