"""The pool of the worker's processes: Celery's, whose end cannot be held up by a process that was killed."""

from __future__ import annotations

from celery.concurrency.prefork import TaskPool


class Pool(TaskPool):  # type: ignore[misc]
    """Celery's prefork pool without the clean-up that billiard does once more when the interpreter exits.

    All processes have ended by then. That clean-up waits for a lock which a killed one has taken with it, for ever.
    """

    def on_stop(self) -> None:
        """End in good order: what is under way is finished."""
        pool = self._pool
        super().on_stop()
        if pool is not None:
            pool._terminate.cancel()  # noqa: SLF001
