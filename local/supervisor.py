"""Several programs in one terminal: started together, their lines prefixed, ended together with all they started.

A log takes what they print; the terminal then shows only their warnings and errors.

Only a program itself is asked to end: a signal to all of its processes would take the pool from under a Celery worker
that is finishing its batch.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import TextIO

from core.logs import printable
from local.child import Child
from local.server import Server

COLOURS = (36, 33, 32, 35, 31, 34)
"""Cyan, yellow, green, magenta, red and blue, as a terminal's escape sequences number them."""
MATTERS = re.compile(
    r'(?i)level["=: ]+(warning|error|critical)|\[(warn(ing)?|error|crit(ical)?|alert|emerg)\]'
    r'|event"?[:=] ?"[^"]* (again|resumed)"'
)
"""What marks a warning or an error: of ours and Celery's in both formats, of granian's, and of nginx's; and its end."""
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


class _Running(Child):
    """A program that was started."""

    def __init__(self, program: Program, say: Callable[[str, str], None]) -> None:
        self.program = program
        self._say = say
        self._last_lines: deque[str] = deque(maxlen=LINES_KEPT)
        super().__init__(program.command, self._hear, {"PYTHONUNBUFFERED": "1"} | program.env, program.cwd)

    def _hear(self, line: str) -> None:
        self._last_lines.append(printable(line))
        self._say(self.program.name, printable(line))

    def why_ended(self) -> str:
        return "\n  ".join([f"{self.program.name} ended with status {self.wait()}:", *self._last_lines])


class Supervisor:
    """Runs programs until it is told to stop, by a signal or because one of them ended."""

    def __init__(self, names: list[str], servers: Sequence[Server] = (), log: TextIO | None = None) -> None:
        """Prefix lines with the names of all programs that will come, in columns, and in colour on a terminal.

        The servers are started and ended elsewhere; one that ends by itself is an error like a program that does.
        Without a log, every line is printed.
        """
        plain = os.environ.get("NO_COLOR") or not sys.stdout.isatty()
        width = max(map(len, names))
        self._plain = {name: f"%H:%M:%S {name:{width}} | " for name in names}
        self._prefixes = {
            name: prefix if plain else f"\033[{colour}m{prefix}\033[0m"
            for (name, prefix), colour in zip(self._plain.items(), cycle(COLOURS), strict=False)
        }
        self._log = log
        self._printing = threading.Lock()
        self._stop = threading.Event()
        self._hurry = threading.Event()
        self._running: list[_Running] = []
        self._servers = servers

    def obey_signals(self) -> None:
        """Stop on Ctrl-C, SIGTERM and a closed terminal; the second time, without patience."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    @property
    def stopping(self) -> bool:
        """Whether a signal asked for the end."""
        return self._stop.is_set()

    def say(self, name: str, line: str) -> None:
        """Print a line as this program's; where there is a log, only if the line matters."""
        with self._printing:
            if self._log:
                with suppress(OSError, ValueError):  # the disk is full, or the log closed: the programs run on
                    print(time.strftime(self._plain[name]) + line, file=self._log)
                if not MATTERS.search(line):
                    return
            try:
                print(time.strftime(self._prefixes[name]) + line, flush=True)
            except OSError:  # no one reads it any more: all that is left to do is to end
                self._stop.set()

    def start(self, program: Program) -> None:
        """Start a program; its output is printed from now on."""
        self._running.append(_Running(program, self.say))

    def complete(self, program: Program, timeout: float) -> None:
        """Run a program to its end, or until a signal asks for ours. Raises SupervisorError when it fails."""
        self.start(program)
        running = self._running[-1]
        deadline = time.monotonic() + timeout
        while running.running:
            if self._stop.wait(POLL_INTERVAL):
                return
            if time.monotonic() > deadline:
                raise SupervisorError(f"{program.name} took longer than {timeout:.0f} s")
        if running.wait():
            raise SupervisorError(running.why_ended())
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
        """Wait until a signal asks for the end. Raises SupervisorError when a program or a server ends by itself."""
        while not self._stop.wait(0.5):
            self._check()

    def stop(self) -> None:
        """End every program: in good order first, then with all that it started."""
        for running in self._running:
            running.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT
        while any(running.running for running in self._running) and time.monotonic() < deadline:
            if self._hurry.wait(POLL_INTERVAL):
                break
        for running in self._running:
            running.kill()

    def _check(self) -> None:
        watched: list[Server | _Running] = [*self._servers, *self._running]
        for each in watched:
            if not each.running:
                raise SupervisorError(each.why_ended())

    def _on_signal(self, *_: object) -> None:
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()
