"""Logging of outages: once, in the error's own words, not for every call that fails."""

from __future__ import annotations

import threading
import time

import structlog

log = structlog.get_logger()

REPEATED_AFTER = 60.0
"""Seconds after which an outage that persists is logged again, with the number of failures."""
OVER_AFTER = 3.0
"""Seconds without a failure after which an outage is over."""


class OutageLog:
    """Logs that an outage began, why, and that it is over; threads may share it."""

    def __init__(self, event: str, over: str = "") -> None:
        """Take the event of an outage, and that of its end where it is logged."""
        self._event, self._over = event, over
        self._lock = threading.Lock()
        self._met: dict[str, int] = {}
        self._said_at = self._met_at = 0.0
        self.down = False
        """Whether an outage persists: a call failed, and ``over`` has not found it to have ended."""

    def met(self, reason: str) -> None:
        """Note that a call failed, and why; logged when the reason is new or a minute has passed."""
        now = time.monotonic()
        with self._lock:
            self.down, self._met_at = True, now
            repeated = self._met.get(reason)
            self._met[reason] = (repeated or 0) + 1
            if repeated is not None and now - self._said_at < REPEATED_AFTER:
                return
            self._said_at = now
            self._met[reason] = 1
            if len(self._met) > 100:  # noqa: PLR2004 - reasons that all differ, such as those with an address
                self._met = {reason: 1}
        log.warning(self._event, reason=reason, times=repeated or 1)

    def over(self) -> None:
        """Note that a call succeeded; logged when none has failed for a few seconds after an outage.

        Where only some calls fail, as on a server that takes no writes, the outage persists.
        """
        if self.down and time.monotonic() - self._met_at > OVER_AFTER:
            with self._lock:
                was_down, self.down = self.down, False
                self._met.clear()
            if was_down:
                log.info(self._over)


def describe(error: BaseException) -> str:
    """Return an error in its own words, in one line: its message, or its type where it has none."""
    return " ".join(str(error).split()) or type(error).__name__
