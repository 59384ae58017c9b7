"""A consumer that is back soon after its broker is."""

from __future__ import annotations

from functools import partial
from typing import Any

from celery.worker.consumer import Consumer


class QuickConsumer(Consumer):  # type: ignore[misc]
    """Tries to reach a lost broker every 2 s at most; Celery's own waits grow to 30 s, kombu's defaults."""

    def ensure_connected(self, conn: Any) -> Any:
        """Return the connection once it stands."""
        conn.ensure_connection = partial(conn.ensure_connection, interval_start=0.5, interval_step=0.5, interval_max=2)
        return super().ensure_connected(conn)
