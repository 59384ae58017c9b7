"""Wake-ups: published off the request's path, and never in its way."""

from __future__ import annotations

import threading

import pytest

from core import wakeups
from core.wakeups import Waker, make_celery, publish_wakeup
from local.ports import free_port


def test_an_unavailable_broker_costs_a_moment_and_raises_nothing() -> None:
    publish_wakeup(make_celery(f"redis://127.0.0.1:{free_port()}/0"))


def test_wishes_that_come_while_one_is_under_way_become_one(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, go_on, published = threading.Semaphore(0), threading.Semaphore(0), []

    def publish(_: object) -> None:
        published.append(None)
        under_way.release()
        go_on.acquire(timeout=5)

    monkeypatch.setattr(wakeups, "publish_wakeup", publish)
    waker = Waker(make_celery("redis://127.0.0.1:1/0"))
    waker.wake()
    assert under_way.acquire(timeout=5)
    for _ in range(10):
        waker.wake()
    go_on.release()
    assert under_way.acquire(timeout=5)
    go_on.release()
    assert not under_way.acquire(timeout=0.1)
    assert len(published) == 2
