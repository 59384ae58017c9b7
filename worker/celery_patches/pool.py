"""The worker's process pool: Celery's, with a way out when it is stuck.

billiard's processes share the lock under which they fetch work. One that is killed while it holds the lock, such as by
the kernel when memory runs out, never releases it: the others wait forever, and so does the pool's end. Seen with
billiard 4.3; reported as celery/billiard#104 and explained in celery/billiard#457. This can go when the pool recovers
from it by itself. Entries that the processes held are claimed again when their leases expire.
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
    """Celery's prefork pool, which a killed process cannot keep from ending."""

    def on_stop(self) -> None:
        """Finish the drains that run, then end; if that takes too long, exit without them."""
        pool = self._pool
        give_up = threading.Timer(STUCK_AFTER, self._give_up)
        give_up.daemon = True
        give_up.start()
        super().on_stop()
        give_up.cancel()
        if pool is not None:
            # all have ended; at exit billiard would wait for the lock once more
            pool._terminate.cancel()  # noqa: SLF001

    def restart(self, reason: str) -> None:
        """Kill the pool, and replace this process by one with the same command and process id."""
        log.error("worker restarts", reason=reason)
        self._kill_all()
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - the command that started it

    def _give_up(self) -> None:
        log.error("pool is stuck, worker exits without it", seconds=STUCK_AFTER)
        self._kill_all()
        os._exit(1)

    def _kill_all(self) -> None:
        for process in list(self._pool._pool) if self._pool else ():  # noqa: SLF001
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
