"""Reading the whole table: how much an export slows down submissions, and how soon a search responds."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import psutil

from benchmarks import load, rounds
from benchmarks.environment import Environment, family
from benchmarks.figures import Figures
from benchmarks.profile import Profile

PIECE = 1024 * 1024
SEARCHES = 20
NOWHERE = "/dummies/?q=not-there-at-all"
LOOK_EVERY = 0.05


class Reader(threading.Thread):
    """Reads an export as fast as it comes until stopped, and samples the memory of the API's largest process."""

    def __init__(self, environment: Environment) -> None:
        """Prepare to read from the API."""
        super().__init__(daemon=True)
        self._address = urlsplit(environment.system.api_url)
        self._processes = family(environment.api.pid)
        self._stopping = threading.Event()
        self.rows, self.most_mb = 0, 0.0

    def run(self) -> None:
        """Read until the export ends or is stopped."""
        connection = HTTPConnection(self._address.hostname or "", self._address.port, timeout=30)
        connection.request("GET", "/dummies/export")
        response, looked_at = connection.getresponse(), 0.0
        with suppress(OSError, HTTPException):
            while not self._stopping.is_set() and (piece := response.read(PIECE)):
                self.rows += piece.count(b"\n")
                if time.monotonic() > looked_at + LOOK_EVERY:
                    looked_at = time.monotonic()
                    self.most_mb = max(self.most_mb, *map(_resident_mb, self._processes))
        connection.close()

    def stop(self) -> None:
        """Stop reading and wait until the thread has ended."""
        self._stopping.set()
        self.join(30)


@contextmanager
def exporting(environment: Environment) -> Iterator[Reader]:
    """Run an export in the background."""
    reader = Reader(environment)
    reader.start()
    try:
        yield reader
    finally:
        reader.stop()


def measure(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure submitting alone and during an export, exporting alone, and a search that finds nothing."""
    environment.restart_worker()
    for _ in range(profile.rounds):
        figures.add("export.submit_alone", load.submit(environment.ours.url, rounds.MANY, profile.many_s).rate)
        with exporting(environment) as reader:
            figures.add("export.submit_beside", load.submit(environment.ours.url, rounds.MANY, profile.many_s).rate)
        figures.add("export.api_mb", reader.most_mb)
        started = time.monotonic()
        with exporting(environment) as reader:
            time.sleep(profile.many_s)
        figures.add("export.rows", reader.rows / (time.monotonic() - started))
        figures.add("search.first_ms", _slowest_search(environment))


def _slowest_search(environment: Environment) -> float:
    connection = HTTPConnection("127.0.0.1", environment.system.api_port, timeout=30)
    took = []
    for _ in range(SEARCHES):
        started = time.monotonic()
        connection.request("GET", NOWHERE)
        connection.getresponse().read()
        took.append((time.monotonic() - started) * 1000)
    connection.close()
    return max(took)


def _resident_mb(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        return float(process.memory_info().rss) / 1e6
    return 0.0
