"""Threads that live as long as their process: no exception ends one, and when one ends, so does the process."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable

import structlog

from core.outage_log import OutageLog

log = structlog.get_logger()

PAUSE = (0.5, 1.0)
"""Seconds between a round that failed and the next one."""
EXIT_CODE = 70
"""The process' exit code when one of its threads has ended: EX_SOFTWARE of sysexits.h."""


def end_process() -> None:
    """End this process immediately, without clean-up; its supervisor starts another."""
    os._exit(EXIT_CODE)


def repeat(
    work: Callable[[], object],
    name: str,
    *,
    until: Callable[[], bool] = lambda: False,
    ended: Callable[[], object] = end_process,
) -> threading.Thread:
    """Call ``work`` repeatedly in a thread of its own; return the thread, which is running.

    Each call is a round, which waits for something to do, for a bounded time. Whatever it raises is logged once a
    minute, and the next round follows after a pause. ``until`` is asked before each round; a thread that ends
    otherwise, for example by SystemExit, calls ``ended``.
    """

    def run() -> None:
        try:
            _rounds(work, name, until)
        except BaseException:
            log.critical("thread ended", thread=name)
            ended()
            raise

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def _rounds(work: Callable[[], object], name: str, until: Callable[[], bool]) -> None:
    failures = OutageLog(f"{name} failed", f"{name} works again")
    while not until():
        try:
            work()
        except Exception as error:  # noqa: BLE001 - a loop that ends on an error that no one listed breaks the promise
            failures.met(repr(error))
            time.sleep(random.uniform(*PAUSE))  # noqa: S311
        else:
            failures.over()
