"""The pool of the worker's processes: Celery's, and the ways out of it where it is stuck.

billiard's processes share the lock under which they fetch work. One that is killed while it waits for some, as the
kernel does when memory runs out, takes the lock with it: the others wait for ever, and nothing in the pool can tell.
What they had in hand is claimed again, by whoever finds its lease run out.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress

import structlog
from celery.concurrency.prefork import TaskPool

from core.timeouts import STUCK_AFTER

log = structlog.get_logger()


class Pool(TaskPool):  # type: ignore[misc]
    """Celery's prefork pool, whose end cannot be held up by a process that was killed."""

    def on_stop(self) -> None:
        """End in good order: what is under way is finished. Where that takes too long, end all the same."""
        pool = self._pool
        give_up = threading.Timer(STUCK_AFTER, self._give_up)
        give_up.daemon = True
        give_up.start()
        super().on_stop()
        give_up.cancel()
        if pool is not None:
            # all have ended; at the interpreter's end billiard would wait for the lock once more
            pool._terminate.cancel()  # noqa: SLF001

    def restart(self, reason: str) -> None:
        """Replace this process by a new one of the same command, under the same process id; the pool's own end."""
        log.error("the worker restarts", reason=reason)
        self._kill_all()
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - the very command that started it

    def _give_up(self) -> None:
        log.error("the pool is stuck, the worker ends without it", seconds=STUCK_AFTER)
        self._kill_all()
        os._exit(1)

    def _kill_all(self) -> None:
        for process in list(self._pool._pool) if self._pool else ():  # noqa: SLF001
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
