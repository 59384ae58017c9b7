"""Redis as its pod runs it: by start.sh, with redis.conf and users.acl, and asked by the StatefulSet's own probes."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis import Redis
from redis.exceptions import RedisError

import local.redis
from local.ports import free_port
from local.system import ROOT

MANIFESTS = ROOT / "k8s" / "base" / "redis"
USERS = ("api", "worker", "waker", "celery", "flower", "keda")
SCRIPTS = ("start.sh", "passwords.sh", "alive.sh")
KEEPER = "keeper"  # a user that the tests add, who may do everything
TLS = "REDIS_TLS"
NEWER_THAN_7_0 = re.compile(r"\+client\|setinfo|\+waitaof")


class RedisPod(local.redis.Redis):
    """A Redis in a folder of its own; each user's password is its name. A context manager."""

    def __init__(self, folder: Path, *options: str) -> None:
        """Use this folder in place of the pod's; ``options`` come after those of redis.conf."""
        super().__init__(folder, free_port())
        self.variables: dict[str, str] = {}
        """Variables of the container besides the passwords; a path in them is one in the folder."""
        self.passwords = {user: user for user in USERS}
        self.files: Mapping[str, str] = {
            name: (MANIFESTS / name).read_text("utf-8") for name in ("redis.conf", "users.acl", *SCRIPTS)
        }
        """What the ConfigMap holds."""
        self._options = [*options, "--bind", "127.0.0.1"]

    def prepare(self) -> None:
        """Lay out the pod's folders, and programs that lead to this Redis."""
        settings = self.folder / "etc" / "redis"
        for folder in (settings, *(self.folder / name for name in ("data", "tmp", "proc", "bin"))):
            folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            (settings / name).write_text(self.here(text), "utf-8")
        with (settings / "users.acl").open("a", encoding="utf-8") as users:
            users.write(f"user {KEEPER} on >{KEEPER} ~* &* +@all\n")
        options = self._options if TLS in self.variables else [*self._options, "--port", str(self.port)]
        self._program("redis-server", f'exec {self.binary} "$@" {" ".join(options)}')
        self._program("redis-cli", f'exec {self.binary.with_name("redis-cli")} -p {self.port} "$@"')

    def command(self) -> list[str]:
        """Return what the container runs, with its variables."""
        passwords = [f"REDIS_{user.upper()}_PASSWORD={password}" for user, password in self.passwords.items()]
        return ["env", *self.environment, *passwords, "sh", str(self.folder / "etc" / "redis" / "start.sh")]

    def answers(self) -> bool:
        """Tell whether this very Redis answers and has loaded its data."""
        with Redis.from_url(self.url_as(KEEPER), socket_timeout=3) as redis:
            try:
                info = redis.info()
                return info["process_id"] == self.pid and not info["loading"]
            except RedisError:
                return False

    @property
    def url(self) -> str:
        """The address for the tests themselves."""
        return self.url_as(KEEPER)

    def url_as(self, user: str) -> str:
        """Return the address for a user."""
        password = (self.folder / "tmp" / "probe").read_text("ascii") if user == "probe" else ""
        plain = url_as(self.port, user, password)
        return plain.replace("redis:", "rediss:") + "?ssl_cert_reqs=none" if TLS in self.variables else plain

    def probe(self, kind: str) -> bool:
        """Probe once, as a kubelet does: a command that takes too long has failed."""
        process = self.folder / "proc" / "1"
        process.unlink(missing_ok=True)
        process.symlink_to(f"/proc/{self.pid}")
        probe = probes()[kind]
        command = [self.here(word) for word in probe["exec"]["command"]]
        try:
            done = subprocess.run(["env", *self.environment, *command], check=False, timeout=probe["timeoutSeconds"])
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def give_passwords(self, how: str, **passwords: str) -> None:
        """Give users new passwords as k8s/deploy.sh does: "add" them, or let them count "only"."""
        lines = "".join(f"REDIS_{user.upper()}_PASSWORD={password}\n" for user, password in passwords.items())
        script = self.folder / "etc" / "redis" / "passwords.sh"
        command = ["env", *self.environment, "sh", script, how]
        subprocess.run(command, input=lines, text=True, check=True, timeout=30)

    @property
    def environment(self) -> list[str]:
        """The container's variables besides the passwords, as arguments of env."""
        path = f"PATH={self.folder / 'bin'}:{os.environ['PATH']}"
        return [path, *(f"{name}={self.here(value)}" for name, value in self.variables.items())]

    def here(self, text: str) -> str:
        """Return a text in which the container's paths and its port are those of this Redis."""
        text = text.replace("6379", str(self.port))
        text = re.sub(r"/(etc/redis|tmp|data|proc/1)\b", lambda found: f"{self.folder}/{found[1]}", text)
        return text if local.redis._version(self.binary) >= (7, 2) else NEWER_THAN_7_0.sub("", text)

    def _program(self, name: str, line: str) -> None:
        program = self.folder / "bin" / name
        program.write_text(f"#!/bin/sh\n{line}\n", "utf-8")
        program.chmod(0o755)


def url_as(port: int, user: str, password: str = "") -> str:
    """Return the address of a Redis that knows the users, for one of them; its name is its password by default."""
    return f"redis://{user}:{password or user}@127.0.0.1:{port}/0"


def probes() -> dict[str, dict[str, Any]]:
    """Return the probes of the StatefulSet."""
    documents = yaml.safe_load_all((MANIFESTS / "statefulset.yaml").read_text("utf-8"))
    stateful = next(each for each in documents if each["kind"] == "StatefulSet")
    [container] = stateful["spec"]["template"]["spec"]["containers"]
    return {name: value for name, value in container.items() if name.endswith("Probe")}


def skip_without_users() -> None:
    """Skip where Redis does not know the rules in users.acl, or there is no redis-cli for its probes."""
    binary = local.redis.find_server()
    if local.redis._version(binary) < (7, 0) or not binary.with_name("redis-cli").exists():
        pytest.skip("NO REDIS 7 WITH ITS redis-cli, its users and probes are not tested: install redis-server 7")
