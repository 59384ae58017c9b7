"""What is logged of trouble that goes on: in its own words, once, not for every call that meets it."""

from __future__ import annotations

import threading
import time

import structlog

log = structlog.get_logger()

REPEATED_AFTER = 60.0
"""Seconds after which trouble that goes on is logged again, with how often it was met."""


OVER_AFTER = 3.0
"""Seconds without trouble after which it is over."""


class OutageLog:
    """Logs that there is trouble, why, and that it is over; threads may share it."""

    def __init__(self, event: str, over: str = "") -> None:
        """Take what log lines say of it, and of its end, where that is said."""
        self._event, self._over = event, over
        self._lock = threading.Lock()
        self._met: dict[str, int] = {}
        self._said_at = self._met_at = 0.0
        self.down = False
        """Whether there was trouble when it was last heard of."""

    def met(self, reason: str) -> None:
        """Note that a call failed, and why; logged when the reason is a new one or a minute has passed."""
        now = time.monotonic()
        with self._lock:
            self.down, self._met_at = True, now
            repeated = self._met.get(reason)
            self._met[reason] = (repeated or 0) + 1
            if repeated is not None and now - self._said_at < REPEATED_AFTER:
                return
            self._said_at = now
            self._met[reason] = 1
            if len(self._met) > 100:  # noqa: PLR2004 - reasons that all differ, as those with an address in them do
                self._met = {reason: 1}
        log.warning(self._event, reason=reason, times=repeated or 1)

    def over(self) -> None:
        """Note that all is well; logged when it was not before, and has been since for a few seconds.

        Where some calls fail and others do not, as on a server that takes no writes, the trouble goes on.
        """
        if self.down and time.monotonic() - self._met_at > OVER_AFTER:
            with self._lock:
                was_down, self.down = self.down, False
                self._met.clear()
            if was_down:
                log.info(self._over)


def words(error: BaseException) -> str:
    """Return an error in its own words, in one line: its message, or its type where it has none."""
    return " ".join(str(error).split()) or type(error).__name__
