"""Several programs in one terminal: started together, their lines prefixed, ended together with all they started.

Only honcho's printer is used. Its manager signals whole process groups, which takes the pool from under a Celery
worker that is finishing its batch, leaves what outlives a group's leader, and fails when a signal comes before its
programs have reported that they run.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import IO

from honcho.colour import get_colours
from honcho.printer import Message, Printer

from core.logs import printable

LINES_KEPT = 20
POLL_INTERVAL = 0.05
STOP_TIMEOUT = 15.0  # a worker whose PostgreSQL hangs needs 10 s to end in good order


class SupervisorError(Exception):
    """A program ended or failed by itself, or did not answer in time; the first line of the message says which."""


@dataclass
class Program:
    """A command to run, and how to tell that it answers."""

    name: str
    command: list[str]
    answers: Callable[[], object] = lambda: True
    env: dict[str, str] = field(default_factory=dict)
    cwd: Path | None = None


class _Running:
    """A program that was started, in a session of its own: Ctrl-C reaches only us."""

    def __init__(self, program: Program, say: Callable[[str], None]) -> None:
        self.program = program
        self.last_lines: deque[str] = deque(maxlen=LINES_KEPT)
        self.child = subprocess.Popen(
            program.command,
            cwd=program.cwd,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | program.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._say = say
        self._reader = threading.Thread(target=self._read, args=[self.child.stdout], daemon=True)
        self._reader.start()

    def _read(self, output: IO[str]) -> None:
        with output:
            for line in output:
                self.last_lines.append(printable(line.rstrip("\n")))
                self._say(printable(line.rstrip("\n")))

    def hear_out(self) -> None:
        """Wait for what it said last, which may still be in the pipe."""
        self._reader.join(timeout=1)

    def why_ended(self) -> str:
        self.hear_out()
        lines = "".join(f"\n  {line}" for line in self.last_lines)
        return f"{self.program.name} ended with status {self.child.returncode}:{lines}"

    def end_group(self) -> None:
        """End whatever the program started and left behind, and the program itself."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        self.hear_out()


class Supervisor:
    """Runs programs until it is told to stop, by a signal or because one of them ended."""

    def __init__(self, names: list[str]) -> None:
        """Prefix lines with the names of all programs that will come, in columns."""
        self._printer = Printer(sys.stdout, width=max(map(len, names)))
        self._colours = dict(zip(names, cycle(get_colours()), strict=False))
        self._printing = threading.Lock()
        self._stop = threading.Event()
        self._hurry = threading.Event()
        self._running: list[_Running] = []

    def obey_signals(self) -> None:
        """Stop on Ctrl-C, SIGTERM and a closed terminal; the second time, without patience."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    @property
    def stopping(self) -> bool:
        """Whether a signal asked for the end."""
        return self._stop.is_set()

    def say(self, name: str, text: str) -> None:
        """Print lines as this program's."""
        message = Message("line", text, dt.datetime.now().astimezone(), name, self._colours[name])
        # nobody may be reading any more: then there is only the end left to do
        with self._printing:
            try:
                self._printer.write(message)
            except OSError:
                self._stop.set()

    def start(self, program: Program) -> None:
        """Start a program; its output is printed from now on."""
        self._running.append(_Running(program, lambda line: self.say(program.name, line)))

    def complete(self, program: Program, timeout: float) -> None:
        """Run a program to its end, or until a signal asks for ours. Raises SupervisorError when it fails."""
        self.start(program)
        running = self._running[-1]
        deadline = time.monotonic() + timeout
        while running.child.poll() is None:
            if self._stop.wait(POLL_INTERVAL):
                return
            if time.monotonic() > deadline:
                raise SupervisorError(f"{program.name} took longer than {timeout:.0f} s")
        if running.child.returncode:
            raise SupervisorError(running.why_ended())
        running.hear_out()
        self._running.remove(running)

    def wait_ready(self, timeout: float) -> None:
        """Wait until every program answers or a signal asks for the end. Raises SupervisorError."""
        waiting = [running.program for running in self._running]
        deadline = time.monotonic() + timeout
        while waiting and not self._stop.wait(POLL_INTERVAL):
            self._check()
            waiting = [program for program in waiting if not program.answers()]
            if waiting and time.monotonic() > deadline:
                names = ", ".join(program.name for program in waiting)
                raise SupervisorError(f"no answer within {timeout:.0f} s from: {names}")

    def wait(self) -> None:
        """Wait until a signal asks for the end. Raises SupervisorError when a program ends by itself."""
        while not self._stop.wait(0.5):
            self._check()

    def stop(self) -> None:
        """End every program: in good order first, then with all that it started."""
        for running in self._running:
            if running.child.poll() is None:
                running.child.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT
        while any(running.child.poll() is None for running in self._running) and time.monotonic() < deadline:
            if self._hurry.wait(POLL_INTERVAL):
                break
        for running in self._running:
            running.end_group()

    def _check(self) -> None:
        for running in self._running:
            if running.child.poll() is not None:
                raise SupervisorError(running.why_ended())

    def _on_signal(self, *_: object) -> None:
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()
