"""The memory that the request bodies of a process and what is made of them may take together, counted in bytes."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable

from core.loops import repeat

BUDGET = 61 * 1024 * 1024
"""Bytes; 64 MiB with the 32 requests of up to 16 KiB that may be on the fast path, which counts nothing."""
PATIENCE = 2.0
"""Seconds that a body waits until it may be read, and again until it may be decoded."""
_STRING = 340
"""Bytes that each string of a bulk takes besides its text: the objects that it is in, and its id in the response."""
_SHARE = 32
"""1/32 of what is taken must stay free for smaller requests: so large ones never take all."""
_LARGE = 1024 * 1024
"""What was taken (bytes) that the system gets back."""
_FREE_AFTER = 1.0
"""Seconds after a request has given back what it took until that is free indeed."""
_malloc_trim: Callable[[int], object] = getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)
"""Only glibc has it, and needs it: by itself it gives back what lies above all that is in use."""


def growth(size: int, strings: int) -> int:
    """Return the most bytes that a body of ``size`` bytes takes besides itself, of which ``strings`` strings may come.

    An emoji makes each character of its string take four bytes; and the body is copied once, into lines, or to find
    what is wrong with it.
    """
    return 5 * size + _STRING * min(strings, size // 2 + 1)


class MemoryBudget:
    """A number of bytes that requests take and give back."""

    def __init__(self, size: int) -> None:
        """Hold this many bytes."""
        self.free = size
        self._freed = threading.Condition()
        self._trimmer = _Trimmer()

    def take_piece(self, size: int, later: int, *, first: bool) -> bool:
        """Take a piece of a body that will take ``later`` bytes more; return whether there was room.

        There must be room for all of it. So whoever took the last piece can be decoded, and bodies that wait for that
        cannot keep one another from it. Only the first piece is waited for, because who waits for it holds nothing yet.
        """
        return self._take(size, _with_share(later), PATIENCE if first else 0)

    def take(self, size: int) -> bool:
        """Take the bytes for decoding a body; return whether there was room for them in time."""
        return self._take(size, _with_share(size) - size, PATIENCE)

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        with self._freed:
            self.free += size
            self._freed.notify_all()
        if size > _LARGE:
            self._trimmer.note()

    def _take(self, size: int, left: int, patience: float) -> bool:
        with self._freed:
            if not self._freed.wait_for(lambda: self.free - size >= left, patience):
                return False
            self.free -= size
            return True


def _with_share(size: int) -> int:
    return size + size // _SHARE


class _Trimmer:
    """Gives the system back what large requests took; the thread starts with the first one."""

    def __init__(self) -> None:
        self._noted = threading.Event()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def note(self) -> None:
        """Note that a large request is over."""
        self._noted.set()
        with self._start:
            if self._thread is None:
                self._thread = repeat(self._trim, "trimmer")

    def _trim(self) -> None:
        self._noted.wait()
        while self._noted.is_set():  # not while more of them come
            self._noted.clear()
            time.sleep(_FREE_AFTER)
        _malloc_trim(0)
