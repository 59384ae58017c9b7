"""The API as a program: ``python -m api``, with further options of granian's, such as ``--port 5000 --workers 2``.

granian restarts a process that exits at startup, with several of them indefinitely; so whatever prevents a start is
checked here first and reported once.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from contextlib import suppress

from granian.cli import cli

from api.process import request_threads
from api.settings import ApiSettings
from api.start import refuse_unfit_servers
from core.operations_port import listen
from core.settings import load, stop

TARGET = "api.app:served"
EVERYWHERE = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104 - the network decides who may connect
OPTIONS = (
    *("--host", EVERYWHERE, "--port", "5000"),
    *("--interface", "wsgi", "--factory", "--blocking-threads", str(request_threads.COUNT)),
    *("--http", "1", "--http1-header-read-timeout", "10000", "--http1-buffer-size", "32768"),
    *("--backpressure", "512", "--respawn-failed-workers", "--workers-kill-timeout", "20"),
)
"""How granian serves, wherever it does. It reads headers of at most 32 KiB, all that nginx lets through, for 10 s, and
keeps 512 connections a process, fewer than the 1,024 files that a process may often open at most."""


def main() -> None:
    """Serve, or stop with one line when a setting is bad or a server cannot keep the promise."""
    settings = load(ApiSettings)
    refuse_unfit_servers(settings)
    if settings.operations_port is not None:
        listen("OPERATIONS_PORT", settings.operations_port, shared=True).close()
        if _processes() > 1 and settings.prometheus_multiproc_dir is None:
            stop(["PROMETHEUS_MULTIPROC_DIR: set it, because several processes count, and each shows what all counted"])
    logging.getLogger("_granian").addFilter(_helps)
    _let_threads_finish()
    cli([*OPTIONS, *sys.argv[1:], TARGET], auto_envvar_prefix="GRANIAN")


def _let_threads_finish() -> None:
    """Have the threads of all processes, which inherit it, not interrupt the one that wakes them.

    It usually holds Python's lock, without which they could only go back to sleep.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # it is only faster
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _helps(record: logging.LogRecord) -> bool:
    """Return whether what granian says helps anyone.

    That many threads are intended: they only wait for the append. And of a process that is about to end it says, long
    before its 20 s are over, that it refuses to.
    """
    said = record.getMessage()
    return "Python threads" not in said and "refused to gracefully stop" not in said


def _processes() -> int:
    """Return how many processes granian will run, as its options or its environment say."""
    options = cli.make_context(
        "granian", [*OPTIONS, *sys.argv[1:], TARGET], None, resilient_parsing=True, auto_envvar_prefix="GRANIAN"
    )
    return options.params.get("workers") or 1


if __name__ == "__main__":
    main()
