"""Another client, and the probes, while an attack goes on: all must be served within their own time-outs."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from attacks.conftest import Attacked
from attacks.limits import family

ADDRESS = "127.0.0.9"
PERIOD = 0.05  # s between two requests
PATIENCE = 5.0  # s, as the page's
PROBE_TIMEOUT = 3.0  # s, as the kubelet's


class Bystander:
    """Submits single strings from an address of its own, loads the page, and asks the probes; a context manager.

    It fails at the end if anything was refused or late, if the API or nginx was restarted meanwhile, or if less than
    ``least`` strings were submitted.
    """

    def __init__(self, attacked: Attacked, least: int = 5) -> None:
        self.latencies: list[float] = []
        """Seconds of each submission."""
        self.failures: list[str] = []
        self._attacked, self._least = attacked, least
        self._over = threading.Event()
        web = attacked.web
        work: list[tuple[Callable[[], None], float]] = [
            (lambda: self._submit(web.api_port), PERIOD),
            (lambda: self._get(web.port, "/", PATIENCE), 0.5),
            (lambda: self._get(attacked.operations, "/healthz", PROBE_TIMEOUT), 0.5),
            (lambda: self._get(attacked.operations, "/readyz", PROBE_TIMEOUT), 0.5),
        ]
        self._threads = [threading.Thread(target=self._repeat, args=each) for each in work]

    def within(self, share: float) -> float:
        """Return the milliseconds that this share of the submissions took at most."""
        return sorted(self.latencies)[int(len(self.latencies) * share)] * 1000

    def __enter__(self) -> Self:
        self._serving = serving_pids(self._attacked)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while kind is None and len(self.latencies) < self._least and not self.failures:
            time.sleep(PERIOD)
        self._over.set()
        for thread in self._threads:
            thread.join()
        if kind is None:
            assert not self.failures, self.failures[:5]
            assert serving_pids(self._attacked) == self._serving, "a process was restarted"
            p50, p99 = map(self.within, (0.5, 0.99))
            print(f"{len(self.latencies)} strings of another client, p50 {p50:.0f} ms, p99 {p99:.0f} ms")

    def _repeat(self, act: Callable[[], None], period: float) -> None:
        while not self._over.wait(period):
            try:
                act()
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))

    def _submit(self, port: int) -> None:
        started = time.monotonic()
        self._ask(port, PATIENCE, 202, "POST", "/dummies/", json.dumps({"text": "bystander"}))
        self.latencies.append(time.monotonic() - started)

    def _get(self, port: int, path: str, timeout: float) -> None:
        self._ask(port, timeout, 200, "GET", path)

    def _ask(self, port: int, timeout: float, status: int, *request: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout, source_address=(ADDRESS, 0))
        try:
            connection.request(*request, headers={"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != status:
            raise http.client.HTTPException(f"{request[:2]}: {answer.status} {body[:200]!r}")


def serving_pids(attacked: Attacked) -> set[int]:
    """Return the processes that serve: granian's and nginx'."""
    nginx = int((attacked.web.folder / "nginx.pid").read_text("ascii"))
    return {process.pid for pid in (attacked.api.pid, nginx) for process in family(pid)}
