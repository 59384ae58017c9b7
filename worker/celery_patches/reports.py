"""Events about the drains that the timer hands over, so that Flower lists them like the tasks that wake-ups start.

Celery sends events about what came through its broker alone. No report found. They are sent in a thread of their own,
because the broker may not answer and a drain must not wait for it; what cannot be sent is dropped. This can go with the
timer.
"""

from __future__ import annotations

import time
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Any

from celery.utils import uuid

from core.outage_log import OutageLog, describe
from core.wakeups import DRAIN_TASK
from worker.job import DrainFailed

MOST_WAITING = 10
WAIT = 1.0


class Reports:
    """What the timer's drains did, until it was sent; ``send`` is one round of a thread."""

    def __init__(self, app: Any, worker: str) -> None:
        """Send through the application's broker, in the worker's name."""
        self._app, self._worker = app, worker
        self._outage = OutageLog("drains are not reported", "drains are reported again")
        self._waiting: Queue[tuple[float, float, dict[str, Any]]] = Queue(MOST_WAITING)

    def succeeded(self, began: float, result: object) -> None:
        """Note the result of a drain that was handed over then (s since 1970), unless it is empty, as in an outage."""
        if result:
            self._note(began, {"type": "task-succeeded", "result": repr(result), "runtime": time.time() - began})

    def failed(self, began: float, error: Exception) -> None:
        """Note how a drain failed; no more than the error's type, because its message may quote a text."""
        what = str(error) if isinstance(error, DrainFailed) else type(error).__name__
        self._note(began, {"type": "task-failed", "exception": what, "traceback": ""})

    def send(self) -> None:
        """Send what is noted next, or nothing after a second."""
        with suppress(Empty):
            began, ended, outcome = self._waiting.get(timeout=WAIT)
            try:
                with self._app.events.default_dispatcher(self._worker) as dispatcher:
                    drain = {"uuid": uuid(), "name": DRAIN_TASK}
                    dispatcher.send("task-received", args="()", kwargs="{}", timestamp=began, **drain)
                    dispatcher.send("task-started", timestamp=began, **drain)
                    dispatcher.send(timestamp=ended, **drain, **outcome)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with the broker
                self._outage.met(describe(error))
            else:
                self._outage.over()

    def _note(self, began: float, outcome: dict[str, Any]) -> None:
        with suppress(Full):
            self._waiting.put_nowait((began, time.time(), outcome))
