"""Places for requests that take long: without a bound, those that wait for one would hold every thread."""

from __future__ import annotations

import threading


class Places:
    """At most ``size`` threads have a place at a time; at most ``waiting`` others wait ``patience`` seconds for one."""

    def __init__(self, size: int, waiting: int, patience: float) -> None:
        """All places are free."""
        self._free = threading.BoundedSemaphore(size)
        self._most_waiting, self.patience = waiting, patience
        self._waiting: set[int] = set()

    @property
    def is_awaited(self) -> bool:
        """Whether some thread waits for a place."""
        return bool(self._waiting)

    def take(self) -> bool:
        """Take a place; return whether there was one, or one became free in time."""
        if self._free.acquire(blocking=False):
            return True
        thread = threading.get_ident()
        self._waiting.add(thread)
        try:
            return len(self._waiting) <= self._most_waiting and self._free.acquire(timeout=self.patience)
        finally:
            self._waiting.discard(thread)

    def release(self) -> None:
        """Give the place back."""
        self._free.release()
