"""A replica of a Redis as a child process."""

from __future__ import annotations

from pathlib import Path

from local.ports import free_port
from local.redis import Redis


class Replica(Redis):
    """A replica of another Redis, with the same password; a context manager."""

    def __init__(self, folder: Path, primary: Redis) -> None:
        """Keep the data in this folder."""
        super().__init__(folder, free_port())
        self.primary = primary
        self.password = primary.password
        self.maxmemory = primary.maxmemory

    def command(self) -> list[str]:
        """Return the command line."""
        of = ["--replicaof", "127.0.0.1", str(self.primary.port), "--masterauth", self.password]
        return [*super().command(), *of, "--repl-diskless-sync-delay", "0"]
