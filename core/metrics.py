"""Metrics in Prometheus' format: the registry of a tier, and how its processes add up.

Without ``PROMETHEUS_MULTIPROC_DIR`` figures are those of one process. With it they are in files of that folder, a set
for each slot. A process takes the lowest slot that no living one holds, and goes on counting from its files: however
many processes are replaced, there are no more files than ran side by side, and no counter falls.
"""

from __future__ import annotations

import fcntl
import os
from bisect import bisect_right
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from core.settings import stop, variable

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
REGISTRY = CollectorRegistry()
"""Not the library's own, which Flower shows as its own figures."""


class SortedHistogram(Histogram):
    """A histogram that takes many values in the time of a few."""

    def observe_all(self, amounts: Iterable[float]) -> None:
        """Observe each of these amounts."""
        ordered = sorted(amounts)
        self._sum.inc(sum(ordered))
        below = 0
        for bound, bucket in zip(self._upper_bounds, self._buckets, strict=True):
            up_to = bisect_right(ordered, bound)
            if up_to > below:
                bucket.inc(up_to - below)
            below = up_to


class _Slot:
    """The number under which this process has its files; a process that is forked takes another one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._take()
        os.register_at_fork(after_in_child=self._take)

    def _take(self) -> None:
        for number in count():
            held = (self._folder / f"slot_{number}.lock").open("w")
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.close()
            else:
                self._held, self._number = held, number  # the lock ends with the process
                return

    def __call__(self) -> int:
        return self._number


def _share() -> str | None:
    """Have metrics that are made from now on share their figures through the folder; return it, None without one."""
    try:
        folder = variable(FOLDER)
        values.ValueClass = values.MutexValue  # the library shares figures also where the variable is empty
        if folder:
            Path(folder).mkdir(0o700, parents=True, exist_ok=True)
            values.ValueClass = values.MultiProcessValue(_Slot(Path(folder)))  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        stop([f"{FOLDER}: {error}"])
    return folder


def collected(*more: Collector) -> CollectorRegistry:
    """Return the figures of the tier's processes, and what these collectors add, to be rendered."""
    own: Collector = MultiProcessCollector(None, _FOLDER) if _FOLDER else REGISTRY  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    for each in (own, *more):
        registry.register(each)
    return registry


disable_created_metrics()  # type: ignore[no-untyped-call]
_FOLDER = _share()
