"""The memory that the request bodies of a process and what is made of them may take together, counted in bytes."""

from __future__ import annotations

import threading

BUDGET = 61 * 1024 * 1024
"""Bytes; 64 MiB with the 32 requests of up to 16 KiB that may be on the fast path, which counts nothing."""
PATIENCE = 2.0
"""Seconds that a body waits until it may be read, and again until it may be decoded."""
_STRING = 340
"""Bytes that each string of a bulk takes besides its text: the objects that it is in, and its id in the response."""
_SHARE = 32
"""1/32 of what is taken must stay free for smaller requests: so large ones never take all."""


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

    def _take(self, size: int, left: int, patience: float) -> bool:
        with self._freed:
            if not self._freed.wait_for(lambda: self.free - size >= left, patience):
                return False
            self.free -= size
            return True


def _with_share(size: int) -> int:
    return size + size // _SHARE
