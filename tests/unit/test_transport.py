"""How a worker waits for wake-ups."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from kombu.transport import redis

from worker.celery_patches.transport import BUSY_POLL_TIMEOUT, POLL_TIMEOUT, Transport


@pytest.mark.parametrize(
    ("busy", "given", "waits"),
    [
        (False, None, POLL_TIMEOUT),
        (False, 5, POLL_TIMEOUT),
        (False, 0.01, 0.01),
        (True, None, BUSY_POLL_TIMEOUT),
        (True, 5, BUSY_POLL_TIMEOUT),
    ],
)
def test_a_worker_that_was_too_busy_for_wake_ups_soon_asks_for_them_again(
    monkeypatch: pytest.MonkeyPatch, *, busy: bool, given: float | None, waits: float
) -> None:
    """Kombu asks only between two waits: one that came meanwhile would lie for the rest of half a second."""
    waited: list[float] = []
    monkeypatch.setattr(redis.Transport, "drain_events", lambda _self, _connection, timeout: waited.append(timeout))
    transport = Transport.__new__(Transport)
    transport.channels = [
        SimpleNamespace(qos=SimpleNamespace(can_consume=lambda each=each: each)) for each in (True, not busy)
    ]
    transport.drain_events(None, given)
    assert waited == [waits]
