"""A steady load that tolerates no failure, and the comparison of what was accepted with what is stored."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit
from uuid import uuid4

from support import eventually

TIMEOUT = 15.0
RATE = 300.0
CLIENTS = 32
SOME = 300
"""Strings that must be accepted before a change, and again after it, however long that takes."""
LEAST = CLIENTS
"""Requests that are answered during a change which must go unnoticed: one of each client, on average."""


class Failure(NamedTuple):
    """A request that was not accepted: when (s since 1970), where, and what came instead."""

    at: float
    url: str
    what: str


class SteadyLoad:
    """Clients that submit single strings at a steady rate to each URL in turn; a context manager.

    Every other client keeps its connection, as browsers and programs do; the rest open one for each request. No client
    repeats a request: anything but a 202 is a failure.
    """

    def __init__(self, urls: Sequence[str], rate: float = RATE, clients: int = CLIENTS) -> None:
        """Send this many requests a second in all."""
        self.accepted: dict[str, str] = {}
        """The id of each accepted text."""
        self.failures: list[Failure] = []
        self.answered_meanwhile = 0
        """Requests that were answered during the change."""
        self._name = uuid4().hex[:8]
        self._numbers = itertools.count()
        self._ending = threading.Event()
        self._began = self._ended = time.monotonic()
        arguments = [(urls[n % len(urls)], clients / rate, n // len(urls) % 2 == 0) for n in range(clients)]
        self._threads = [threading.Thread(target=self._run, args=each, daemon=True) for each in arguments]

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(TIMEOUT + 1)
        self._ended = time.monotonic()

    @property
    def answered(self) -> int:
        """Requests that have ended, in whatever way."""
        return len(self.accepted) + len(self.failures)

    def go_on(self) -> None:
        """Wait until some more strings were accepted; fails when that takes a minute."""
        goal = len(self.accepted) + SOME
        eventually(lambda: len(self.accepted) >= goal, within=60)

    def report(self) -> str:
        """Return a report of what happened, in a few lines."""
        reasons = Counter(failure.what for failure in self.failures)
        rate = self.answered / (self._ended - self._began)
        lines = [f"{len(self.accepted)} accepted, {len(self.failures)} failed, {rate:.0f} a second"]
        lines += [f"  {count} times {what}" for what, count in reasons.most_common(10)]
        return "\n".join(lines)

    def _run(self, url: str, period: float, keep: bool) -> None:  # noqa: FBT001
        address = urlsplit(url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT)
        due = time.monotonic()
        while not self._ending.wait(max(0, due - time.monotonic())):
            due += period  # after a slow answer the next ones come sooner, so that the rate holds
            text = f"{self._name} {next(self._numbers)}"
            try:
                self.accepted[text] = _submit(connection, text, keep=keep)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                due = max(due, time.monotonic())
                self.failures.append(Failure(time.time(), url, str(error) or repr(error)))
        connection.close()


def _submit(connection: http.client.HTTPConnection, text: str, *, keep: bool) -> str:
    headers = {"Content-Type": "application/json", "Connection": "keep-alive" if keep else "close"}
    connection.request("POST", "/dummies/", json.dumps({"text": text}), headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != http.HTTPStatus.ACCEPTED:
        raise http.client.HTTPException(f"{answer.status} {body[:120]!r}")
    return str(json.loads(body)["id"])


def under_load(urls: Sequence[str], accepted: list[str], change: Callable[[], None]) -> SteadyLoad:
    """Make a change while clients submit, with some strings accepted before and after it; note all that were."""
    load = SteadyLoad(urls)
    try:
        with load:
            load.go_on()
            before = load.answered
            change()
            load.answered_meanwhile = load.answered - before
            load.go_on()
    finally:
        accepted += load.accepted
        print(load.report())
    return load


class Comparison(NamedTuple):
    """Accepted strings that are not stored, and strings that are stored more than once."""

    lost: list[str]
    doubled: list[str]


def compare(accepted: Iterable[str], stored: Iterable[str]) -> Comparison:
    """Compare the accepted texts with all rows' texts; a stored text that was not accepted is no fault."""
    counts = Counter(stored)
    return Comparison(
        [text for text in accepted if not counts[text]], [text for text, count in counts.items() if count > 1]
    )
