"""A consumer that reconnects within 2 s of its broker's return, and says once why the broker is unavailable.

kombu waits 2, 4, … 30 s between its tries, and Celery (5.7) has no setting for it: after an outage of 60 s it took 13 s
until a wake-up was heard again, and 4 s with this. It also logs each try, some 20 a second where the broker accepts
connections but refuses a command. No report found. This can go when the interval can be set.
"""

from __future__ import annotations

import logging
import warnings
from functools import partial
from typing import Any

from celery.exceptions import CPendingDeprecationWarning
from celery.worker.consumer import Consumer
from celery.worker.consumer.consumer import CONNECTION_ERROR, CONNECTION_RETRY

from core.outage_log import describe
from core.wakeups import outage


class QuickConsumer(Consumer):  # type: ignore[misc]
    """Retries a lost broker at least every 2 s."""

    def ensure_connected(self, conn: Any) -> Any:
        """Return the connection once it is established."""
        conn.ensure_connection = partial(conn.ensure_connection, interval_start=0.5, interval_step=0.5, interval_max=2)
        return super().ensure_connected(conn)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Prepare to connect again, without a warning each time of what another version may do."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CPendingDeprecationWarning)
            super().on_connection_error_after_connected(exc)


def note_outages() -> None:
    """Have what Celery logs of each try be noted as an outage of the broker, which is logged once a minute."""
    for module in ("consumer", "connection"):
        logging.getLogger(f"celery.worker.consumer.{module}").addFilter(_is_no_try)


def _is_no_try(record: logging.LogRecord) -> bool:
    arguments = record.args if isinstance(record.args, tuple) else ()
    if record.msg == CONNECTION_ERROR or CONNECTION_RETRY in arguments:
        outage.met(describe(next(each for each in arguments if isinstance(each, Exception))))
        return False
    return not (outage.down and (record.levelno == logging.INFO or str(record.msg).startswith("Frequent restarts")))
