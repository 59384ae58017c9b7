"""How long each of granian's threads has been at its request: what liveness is told by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

COUNT = 32
"""The threads that serve requests in a process; they mostly wait for the append."""


class RequestThreads:
    """A WSGI application in front of another one, which notes when a thread began its request or last made progress.

    A thread is at its request from the call until the answer is handed to granian, reading the body included. An answer
    that is streamed is begun with each piece: a reader that takes its pieces keeps it going.
    """

    def __init__(self, application: WSGIApplication, count: int, patience: float) -> None:
        """Watch over this many threads; one is stuck after ``patience`` seconds without progress."""
        self._application = application
        self._count, self._patience = count, patience
        self._progress: dict[int, float] = {}

    @property
    def stuck(self) -> bool:
        """Whether every thread is stuck, so that the process serves no one."""
        progress = list(self._progress.values())
        return len(progress) >= self._count and monotonic() - max(progress) > self._patience

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        thread = get_ident()
        self._progress[thread] = monotonic()
        try:
            answer = self._application(environ, start_response)
        except BaseException:
            del self._progress[thread]
            raise
        if isinstance(answer, list):
            del self._progress[thread]
            return answer
        return _Stream(answer, self._progress, thread)


class _Stream:
    """An answer in pieces."""

    def __init__(self, answer: Iterable[bytes], progress: dict[int, float], thread: int) -> None:
        self._answer, self._pieces = answer, iter(answer)
        self._progress, self._thread = progress, thread

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._progress[self._thread] = monotonic()
        return next(self._pieces)

    def close(self) -> None:
        """Give back what the answer holds; the server calls this in the end, also when the client is gone."""
        self._progress.pop(self._thread, None)
        if hasattr(self._answer, "close"):
            self._answer.close()
