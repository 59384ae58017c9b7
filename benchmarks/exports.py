"""Reading the whole table: what an export costs those who submit meanwhile, and how soon a search answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import psutil

from benchmarks import load, turns
from benchmarks.effort import Effort
from benchmarks.figures import Figures
from benchmarks.stage import Stage, family

PIECE = 1024 * 1024
SEARCHES = 20
NOWHERE = "/dummies/?q=not-there-at-all"
LOOK_EVERY = 0.05


class Reader(threading.Thread):
    """Reads an export as fast as it comes until it is told to end, and looks at the API's largest process meanwhile."""

    def __init__(self, stage: Stage) -> None:
        """Prepare to read from the stage's API."""
        super().__init__(daemon=True)
        self._address = urlsplit(stage.system.api_url)
        self._processes = family(stage.api.pid)
        self._ending = threading.Event()
        self.rows, self.most_mb = 0, 0.0

    def run(self) -> None:
        """Read."""
        connection = HTTPConnection(self._address.hostname or "", self._address.port, timeout=30)
        connection.request("GET", "/dummies/export")
        answer, looked_at = connection.getresponse(), 0.0
        with suppress(OSError, HTTPException):
            while not self._ending.is_set() and (piece := answer.read(PIECE)):
                self.rows += piece.count(b"\n")
                if time.monotonic() > looked_at + LOOK_EVERY:
                    looked_at = time.monotonic()
                    self.most_mb = max(self.most_mb, *map(_resident_mb, self._processes))
        connection.close()

    def end(self) -> None:
        """Give up, and wait until that is done."""
        self._ending.set()
        self.join(30)


@contextmanager
def exporting(stage: Stage) -> Iterator[Reader]:
    """Have an export under way."""
    reader = Reader(stage)
    reader.start()
    try:
        yield reader
    finally:
        reader.end()


def play(stage: Stage, effort: Effort, figures: Figures) -> None:
    """Submit alone and beside an export in turns; export alone; search for what is nowhere."""
    stage.restart_worker()
    for _ in range(effort.rounds):
        figures.add("export.submit_alone", load.submit(stage.ours.url, turns.MANY, effort.many_s).rate)
        with exporting(stage) as reader:
            figures.add("export.submit_beside", load.submit(stage.ours.url, turns.MANY, effort.many_s).rate)
        figures.add("export.api_mb", reader.most_mb)
        started = time.monotonic()
        with exporting(stage) as reader:
            time.sleep(effort.many_s)
        figures.add("export.rows", reader.rows / (time.monotonic() - started))
        figures.add("search.first_ms", _slowest_search(stage))


def _slowest_search(stage: Stage) -> float:
    connection = HTTPConnection("127.0.0.1", stage.system.api_port, timeout=30)
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
