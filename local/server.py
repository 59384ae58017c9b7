"""What PostgreSQL and Redis have in common here: a child process with its log and its lock in a folder."""

from __future__ import annotations

import fcntl
import signal
import time
from collections import deque
from pathlib import Path
from typing import ClassVar, Self

from local import private
from local.child import POLL_INTERVAL, Child

LOCK_TIMEOUT = 5.0


class ServerError(Exception):
    """A server did not start; the first line of the message says which and why."""


class Server:
    """A server that is our child."""

    name: ClassVar[str]
    folder_mode: ClassVar[int] = private.FOLDER
    start_timeout: ClassVar[float] = 30.0
    stop_timeout: ClassVar[float] = 30.0
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: Path, port: int) -> None:
        """Keep everything in this folder, and listen on this port of 127.0.0.1."""
        self.folder = folder.absolute()
        self.port = port
        self.log = self.folder / "server.log"
        self._child: Child | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The server's process id. Raises ServerError when it was not started."""
        if self._child is None:
            raise ServerError(f"{self.name} is not running")
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the server's process exists; a paused one does."""
        return self._child is not None and self._child.running

    @property
    def env(self) -> dict[str, str]:
        """Variables of the server on top of our own."""
        return {}

    def start(self) -> None:
        """Start the server and wait until it answers. Raises ServerError."""
        if self.running:
            return
        self.folder.mkdir(private.FOLDER, parents=True, exist_ok=True)
        (self.folder / "lock").touch(private.FILE)
        with (self.folder / "lock").open("wb") as lock:
            self._take(lock.fileno())
            private.close(self.folder, self.folder_mode)
            self.prepare()
            self.log.unlink(missing_ok=True)
            # The child inherits the lock and with it holds the folder for as long as any of its processes lives, even
            # when it outlives us.
            self._child = Child(self.command(), self.log, self.env, self.folder, [lock.fileno()], private.UMASK)
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    def stop(self, number: signal.Signals | None = None) -> None:
        """End the server in good order, or by another signal, a paused one too; kill it when that takes too long."""
        if self._child is not None:
            self._child.stop(self.stop_timeout, number or self.stop_signal)

    def kill(self) -> None:
        """End all its processes with SIGKILL."""
        if self._child is not None:
            self._child.kill()

    def pause(self) -> None:
        """Stop all its processes with SIGSTOP: connections stay open, and nothing answers."""
        if self._child is not None:
            self._child.signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Resume a paused server."""
        if self._child is not None:
            self._child.signal_all(signal.SIGCONT)

    def command(self) -> list[str]:
        """Return the server's command line."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Do what is needed before the server can start; the folder is ours alone meanwhile."""

    def answers(self) -> bool:
        """Return whether this very server, not another on its port, answers."""
        raise NotImplementedError

    def why_ended(self) -> str:
        """Return how the server has ended, and what it logged last."""
        return f"{self.name} ended with status {self._child and self._child.wait()}:\n{tail(self.log)}"

    def _take(self, lock: int) -> None:
        deadline = time.monotonic() + LOCK_TIMEOUT
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ServerError(f"{self.name}: another one runs on {self.folder}; end that one first") from None
                time.sleep(POLL_INTERVAL)
            else:
                return

    def _wait(self) -> None:
        deadline = time.monotonic() + self.start_timeout
        while not self.answers():
            if not self.running:
                raise ServerError(f"{self.name} ended as it started on port {self.port}:\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise ServerError(f"{self.name} does not answer on port {self.port}:\n{tail(self.log)}")
            time.sleep(POLL_INTERVAL)


def tail(log: Path, lines: int = 10) -> str:
    """Return a log's last lines, indented."""
    with log.open(encoding="utf-8", errors="replace") as file:
        return "".join(f"  {line.rstrip()}\n" for line in deque(file, maxlen=lines)).rstrip("\n")
