"""What PostgreSQL and Redis have in common here: a child process with its log and its lock in a folder."""

from __future__ import annotations

import contextlib
import fcntl
import signal
import subprocess
import time
from collections import deque
from pathlib import Path
from typing import ClassVar, Self

import psutil  # type: ignore[import-untyped]

LOCK_TIMEOUT = 5.0
POLL_INTERVAL = 0.02


class ServerError(Exception):
    """A server did not start; the first line of the message says which and why."""


class Server:
    """A server that is our child, in a session of its own: Ctrl-C in the terminal does not reach it."""

    name: ClassVar[str]
    start_timeout: ClassVar[float] = 30.0
    stop_timeout: ClassVar[float] = 30.0

    def __init__(self, folder: Path, port: int) -> None:
        """Keep everything in this folder, and listen on this port of 127.0.0.1."""
        self.folder = folder.absolute()
        self.port = port
        self.log = self.folder / "server.log"
        self._child: subprocess.Popen[bytes] | None = None

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
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start the server and wait until it answers. Raises ServerError."""
        if self.running:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("wb") as lock:
            self._take(lock.fileno())
            self.prepare()
            with self.log.open("wb") as log:
                # The child inherits the lock and with it holds the folder for as long as any of its processes lives,
                # even when it outlives us.
                self._child = subprocess.Popen(
                    self.command(),
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=[lock.fileno()],
                )
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End the server in good order, a paused one too; end it anyhow when that takes too long."""
        self._stop(signal.SIGTERM)

    def kill(self) -> None:
        """End all its processes with SIGKILL."""
        self.pause()  # or one could start another meanwhile
        family = self._family()
        _send(family, signal.SIGKILL)
        if self._child is not None:
            self._child.wait()
        deadline = time.monotonic() + LOCK_TIMEOUT
        while any(map(_exists, family)) and time.monotonic() < deadline:
            time.sleep(POLL_INTERVAL)

    def pause(self) -> None:
        """Stop all its processes with SIGSTOP: connections stay open, and nothing answers."""
        _send(self._family(), signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        _send(self._family(), signal.SIGCONT)

    def command(self) -> list[str]:
        """Return the server's command line."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Do what is needed before the server can start; the folder is ours alone meanwhile."""

    def answers(self) -> bool:
        """Tell whether this very server, not another on its port, answers."""
        raise NotImplementedError

    def _stop(self, number: signal.Signals) -> None:
        if self._child is None:
            return
        if self.running:
            self._child.send_signal(number)
            self.resume()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(self.stop_timeout)
        self.kill()

    def _family(self) -> list[psutil.Process]:
        """Return the server's process and, after it, all that it started."""
        if not self.running:
            return []
        try:
            parent = psutil.Process(self.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

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


def _send(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _exists(process: psutil.Process) -> bool:
    """Tell whether a process holds on to anything; a zombie only waits for its parent to look."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def tail(log: Path, lines: int = 10) -> str:
    """Return a log's last lines, indented."""
    with log.open(encoding="utf-8", errors="replace") as file:
        return "".join(f"  {line.rstrip()}\n" for line in deque(file, maxlen=lines)).rstrip("\n")
