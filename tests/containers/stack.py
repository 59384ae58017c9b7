"""The system as containers, under a name of its own, driven as an operator does it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from uuid import uuid4

import psycopg2

from local.system import ROOT

UP_TIMEOUT = 180  # seconds in which everything must be up, images made
GRACE = 40
PRE_STOP = "touch /tmp/draining; sleep 5"


class Stack:
    """A compose project; a context manager that removes all of it."""

    def __init__(self) -> None:
        self._project = f"ix-test-{uuid4().hex[:8]}"
        self.up_seconds = 0.0

    def __enter__(self) -> Self:
        started = time.monotonic()
        try:
            self.compose("up", "--build", "--wait", "--detach", timeout=UP_TIMEOUT)
        except BaseException:
            self.down()
            raise
        self.up_seconds = time.monotonic() - started
        return self

    def __exit__(self, *error: object) -> None:
        self.down()

    def down(self) -> None:
        """Remove containers, volumes and networks."""
        self.compose("down", "--volumes", "--timeout", "3", timeout=120)

    def compose(self, *arguments: str, timeout: float = 120) -> str:
        """Run docker compose on the project."""
        files = ["--file", "compose.yaml", "--file", str(Path(__file__).with_name("compose.test.yaml"))]
        return docker("compose", "--project-name", self._project, *files, *arguments, timeout=timeout)

    def containers(self, service: str, *, stopped: bool = False) -> list[str]:
        """Return the ids of a service's containers, the oldest first."""
        found = self.compose("ps", "--quiet", *(["--all"] if stopped else []), service).split()
        return sorted(found, key=lambda each: docker("inspect", "--format", "{{.Created}}", each))

    def scale(self, service: str, count: int) -> None:
        """Scale a service, and wait until its containers are healthy."""
        options = ["--detach", "--no-deps", "--no-recreate", "--wait", "--timeout", str(GRACE)]
        self.compose("up", *options, "--scale", f"{service}={count}", service, timeout=120)

    def kill_and_restart(self, service: str) -> None:
        """Kill -9 a service's containers, wait a moment, and start them again on their data."""
        killed = self.containers(service)
        docker("kill", "--signal", "KILL", *killed)
        time.sleep(2)
        docker("start", *killed)
        self.compose("up", "--detach", "--no-deps", "--no-recreate", "--wait", service, timeout=120)

    @contextmanager
    def database(self) -> Iterator[psycopg2.extensions.cursor]:
        """Run a query on the development database; return its rows."""
        (container,) = self.containers("postgresql")
        url = f"postgresql://dummy_reader:development@127.0.0.1:{published(container, 5432)}/dummy"
        connection = psycopg2.connect(url, connect_timeout=5)
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def texts(self) -> list[str]:
        """Return the text of every row."""
        with self.database() as cursor:
            cursor.execute("SELECT text FROM dummies")
            return [text for (text,) in cursor.fetchall()]


def docker(*arguments: str, timeout: float = 120) -> str:
    """Run docker; raises RuntimeError with what it said."""
    done = subprocess.run(
        ["docker", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False, env=_environ()
    )
    if done.returncode:
        raise RuntimeError(f"docker {' '.join(arguments)}: {done.stderr[-2000:]}\n{done.stdout[-4000:]}")
    return done.stdout.strip()


def published(container: str, port: int) -> int:
    """Return the port of 127.0.0.1 under which a container's own is reached at present."""
    ports = json.loads(docker("inspect", "--format", "{{json .NetworkSettings.Ports}}", container))
    return int(ports[f"{port}/tcp"][0]["HostPort"])


def stop(container: str) -> int:
    """Stop a container within its grace and remove it; return the status that it ended with."""
    docker("stop", "--time", str(GRACE), container)
    status = int(docker("inspect", "--format", "{{.State.ExitCode}}", container))
    docker("rm", container)
    return status


def pre_stop(container: str) -> None:
    """Do what a kubelet does before it stops a pod."""
    docker("exec", container, "sh", "-c", PRE_STOP)


def missing() -> str | None:
    """Return why containers cannot be run here; None when they can."""
    for command in (["docker", "info", "--format", "{{.ServerVersion}}"], ["docker", "compose", "version"]):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode:
            return f"{' '.join(command)}: {done.stderr.strip()}"
    return None


def _environ() -> dict[str, str]:
    """Return the environment without what would change the development defaults."""
    kept = {"PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "XDG_RUNTIME_DIR"}
    return {name: value for name, value in os.environ.items() if name in kept} | {"COMPOSE_ENV_FILES": os.devnull}
