"""The process is alive as long as one of its request threads makes progress."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from structlog.contextvars import get_contextvars

from api.process.request_threads import RequestThreads

THREADS = 3


class Application:
    """Answers when it is told to, with a list or piece by piece."""

    def __init__(self) -> None:
        """Begin with no request."""
        self.begun = threading.Semaphore(0)
        self.goes_on = threading.Event()
        self.closed = False

    def __call__(self, environ: dict[str, Any], _start_response: object) -> Iterable[bytes]:
        """Answer a request, or fail, or stream."""
        self.begun.release()
        assert self.goes_on.wait(10)
        if environ["is"] == "failing":
            raise ValueError
        return self if environ["is"] == "stream" else [b"whole"]

    def __iter__(self) -> Iterator[bytes]:
        yield from (b"a", b"b")

    def close(self) -> None:
        """End the stream."""
        self.closed = True


@pytest.mark.parametrize("kind", ["whole", "failing"])
def test_all_threads_must_be_stuck(kind: str) -> None:
    application = Application()
    threads = RequestThreads(application, THREADS, patience=0)
    with ThreadPoolExecutor(THREADS) as pool:
        for number in range(THREADS):
            assert not threads.stuck, number
            pool.submit(threads, {"is": kind}, print)
            assert application.begun.acquire(timeout=10)
        assert threads.stuck
        application.goes_on.set()
    assert not threads.stuck


def test_not_before_the_patience_is_over() -> None:
    application = Application()
    threads = RequestThreads(application, 1, patience=60)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(threads, {"is": "whole"}, print)
        assert application.begun.acquire(timeout=10)
        assert not threads.stuck
        application.goes_on.set()


def test_a_stream_is_under_way_until_it_is_closed() -> None:
    application = Application()
    application.goes_on.set()
    threads = RequestThreads(application, 1, patience=0)
    stream = threads({"is": "stream"}, print)  # type: ignore[arg-type]
    assert threads.stuck
    assert list(stream) == [b"a", b"b"]
    assert threads.stuck
    stream.close()  # type: ignore[attr-defined]
    assert application.closed
    assert not threads.stuck


def test_a_stream_logs_with_its_requests_id_in_whatever_thread_it_continues() -> None:
    """And leaves the thread without one; granian takes the pieces after the call has returned."""

    def application(_: object, __: object) -> Iterator[bytes]:
        yield str(get_contextvars()).encode()

    threads = RequestThreads(application, 1, patience=30)
    pieces = iter(threads({"HTTP_X_REQUEST_ID": "mine"}, print))  # type: ignore[arg-type]
    assert get_contextvars() == {}
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(next, pieces).result(10) == b"{'request_id': 'mine'}"
        assert pool.submit(get_contextvars).result(10) == {}


def test_a_stream_whose_pieces_are_taken_is_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("api.process.request_threads.monotonic", lambda: now)
    application = Application()
    application.goes_on.set()
    threads = RequestThreads(application, 1, patience=30)
    pieces = iter(threads({"is": "stream"}, print))  # type: ignore[arg-type]
    now = 20.0
    next(pieces)
    now = 40.0
    assert not threads.stuck
    next(pieces)
    now = 60.0
    assert not threads.stuck
    now = 71.0
    assert threads.stuck
