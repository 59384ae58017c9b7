"""How long each of granian's threads has been at its request: liveness depends on it."""

from __future__ import annotations

from collections.abc import Iterable
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING

from werkzeug.wsgi import ClosingIterator

from api.http.request_ids import BEGAN, bound, unbind

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

COUNT = 32
"""The threads that serve requests in a process; they mostly wait for the append."""


class RequestThreads:
    """A WSGI application in front of another one, which notes when a thread began its request or last made progress.

    A thread is at its request from the call until the answer is handed to granian, reading the body included. In an
    answer that is streamed each piece is progress: a client that reads on keeps the thread from being stuck.
    """

    def __init__(self, application: WSGIApplication, count: int, patience: float) -> None:
        """Watch this many threads; one is stuck after ``patience`` seconds without progress."""
        self._application = application
        self._count, self._patience = count, patience
        self._progress: dict[int, float] = {}

    @property
    def stuck(self) -> bool:
        """Whether every thread is stuck, so that the process serves no one."""
        progress = list(self._progress.values())
        return len(progress) >= self._count and monotonic() - max(progress) > self._patience

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; what is logged meanwhile has its id, and what the thread logs afterwards has none."""
        thread = get_ident()
        self._progress[thread] = environ[BEGAN] = monotonic()
        try:
            answer = self._application(environ, start_response)
        except BaseException:
            del self._progress[thread]
            raise
        finally:
            unbind()
        if isinstance(answer, list):
            del self._progress[thread]
            return answer
        pieces, close = iter(answer), getattr(answer, "close", None)

        def following() -> bytes | None:  # the server may call it from another thread, which had another request
            self._progress[thread] = monotonic()
            with bound(environ):
                return next(pieces, None)

        def done() -> None:
            self._progress.pop(thread, None)
            if close:
                with bound(environ):
                    close()

        # the server closes it in the end, also when the client is gone
        return ClosingIterator(iter(following, None), [done])
