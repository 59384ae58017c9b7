"""A child process in a session of its own: Ctrl-C in the terminal does not reach it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import IO

import psutil  # type: ignore[import-untyped]

from local import private

KILL_TIMEOUT = 5.0
POLL_INTERVAL = 0.02


class Child:
    """A running program and every process that it started."""

    def __init__(
        self,
        command: Sequence[str],
        output: Path | Callable[[str], object],
        env: Mapping[str, str],
        cwd: Path | None = None,
        pass_fds: Sequence[int] = (),
        umask: int = -1,
    ) -> None:
        """Start it; ``env`` comes on top of our own. What it prints is appended to a file, or handed on line by line.

        The umask is ours by default. Raises OSError.
        """
        if isinstance(output, Path):
            output.touch(private.FILE)
        with output.open("ab") if isinstance(output, Path) else nullcontext(subprocess.PIPE) as stdout:
            self._process = subprocess.Popen(
                command, cwd=cwd, env=os.environ | env, stdin=subprocess.DEVNULL, stdout=stdout,
                stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", start_new_session=True, pass_fds=pass_fds,
                umask=umask,
            )  # fmt: skip
        self.pid = self._process.pid
        self._reader = threading.Thread(target=_read, args=[self._process.stdout, output], daemon=True)
        if self._process.stdout:
            self._reader.start()

    @property
    def running(self) -> bool:
        """Whether the program itself runs, a paused one too; what it started may outlive it."""
        return self._process.poll() is None

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the program alone."""
        self._process.send_signal(number)

    def signal_all(self, number: signal.Signals) -> bool:
        """Send a signal to the program and every process that it started; return whether there was any.

        They are those of its session, even where their parents have ended, and what these have started. Zombies are
        none: they only wait for their parents.
        """
        family: dict[psutil.Process, None] = {}
        for pid in psutil.pids():
            with suppress(ProcessLookupError, psutil.NoSuchProcess):
                if os.getsid(pid) == self.pid and (member := psutil.Process(pid)).status() != psutil.STATUS_ZOMBIE:
                    family |= dict.fromkeys([member, *member.children(recursive=True)])
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        return bool(family)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the program has ended and its last lines are read; return its status.

        Raises subprocess.TimeoutExpired after that many seconds.
        """
        status = self._process.wait(timeout)
        if self._reader.is_alive():
            self._reader.join(timeout=1)  # what it started may hold the pipe open
        return status

    def terminate(self, timeout: float = 45.0, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask the program to end, and wait (s). Raises subprocess.TimeoutExpired."""
        self.send_signal(number)
        self.wait(timeout)

    def kill(self) -> None:
        """End the program and everything it started with SIGKILL, and wait until they are gone."""
        self.signal_all(signal.SIGSTOP)  # or one could start another meanwhile
        deadline = time.monotonic() + KILL_TIMEOUT
        while self.signal_all(signal.SIGKILL) and time.monotonic() < deadline:
            time.sleep(POLL_INTERVAL)
        self.wait()

    def stop(self, timeout: float = 10.0, number: signal.Signals = signal.SIGTERM) -> None:
        """End the program in good order, a paused one too, and kill what is left or takes longer than the timeout."""
        self.signal_all(signal.SIGCONT)
        with suppress(subprocess.TimeoutExpired):
            self.terminate(timeout, number)
        self.kill()


def _read(output: IO[str], hear: Callable[[str], object]) -> None:
    with output:
        for line in output:
            hear(line.rstrip("\n"))
