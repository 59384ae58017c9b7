"""Logging of outages: once, in the error's own words, not for every call that fails."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

import structlog

log = structlog.get_logger()

REPEATED_AFTER = 60.0
"""Seconds after which a failure that persists is logged again, with the number of times since."""
OVER_AFTER = 3.0
"""Seconds without a failure after which an outage is over."""
MOST_KINDS = 100
"""Kinds that are told apart within a minute; further ones, such as reasons that each have an address, are one."""
OTHERS = "others"


class _Said(NamedTuple):
    at: float
    """When the minute began (monotonic)."""
    lines: int = 1
    times_since: int = 0


class OncePerMinute:
    """Tells when something that happens again and again is due for a line; threads may share it."""

    def __init__(self) -> None:
        """Begin with nothing met."""
        self._lock = threading.Lock()
        self._said: dict[str, _Said] = {}

    def times(self, kind: str, lines: int = 1) -> int:
        """Count one of this kind, which may have this many lines a minute.

        Returns how many there were since its last line, or 0 while none is due.
        """
        now = time.monotonic()
        with self._lock:
            kind = self._told_apart(kind, now)
            said = self._said.get(kind)
            if said and now - said.at < REPEATED_AFTER:
                due = said.lines < lines
                self._said[kind] = said._replace(lines=said.lines + due, times_since=said.times_since + (not due))
                return int(due)
            self._said[kind] = _Said(now)
        return said.times_since + 1 if said else 1

    def forget(self) -> None:
        """Begin again with nothing met."""
        with self._lock:
            self._said.clear()

    def _told_apart(self, kind: str, now: float) -> str:
        if kind in self._said or len(self._said) < MOST_KINDS:
            return kind
        self._said = {each: said for each, said in self._said.items() if now - said.at < REPEATED_AFTER}
        return kind if len(self._said) < MOST_KINDS else OTHERS


class OutageLog:
    """Logs that an outage began, why, and that it is over; threads may share it.

    Each reason takes one line a minute at most, however often it is met.
    """

    def __init__(self, event: str, over: str = "", **context: str) -> None:
        """Take the event of an outage, that of its end where it is logged, and what each line has besides."""
        self._event, self._over, self._context = event, over, context
        self._reasons, self._ending = OncePerMinute(), threading.Lock()
        self._met_at = 0.0
        self.down = False
        """Whether an outage persists: a call failed, and ``over`` has not found it to have ended."""

    def about(self, **context: str) -> None:
        """Add to what each line has besides the reason, such as the server that was called."""
        self._context |= context

    def met(self, reason: str, **details: object) -> None:
        """Note that a call failed, and why; logged, with the details, unless it was within the last minute."""
        self.down, self._met_at = True, time.monotonic()
        if times := self._reasons.times(reason):
            log.warning(self._event, reason=reason, times=times, **self._context, **details)

    def over(self) -> None:
        """Note that a call succeeded; logged when none has failed for a few seconds after an outage.

        Where only some calls fail, as on a server that takes no writes, the outage persists.
        """
        if self.down and time.monotonic() - self._met_at > OVER_AFTER:
            with self._ending:
                was_down, self.down = self.down, False
            if was_down:
                self._reasons.forget()
                if self._over:
                    log.info(self._over, **self._context)


def describe(error: BaseException) -> str:
    """Return an error in its own words, in one line: its message, or its type where it has none."""
    return " ".join(str(error).split()) or type(error).__name__
