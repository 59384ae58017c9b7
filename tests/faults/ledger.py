"""What the clients have seen, on disk before they continue: the checker trusts nothing else."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Literal, NamedTuple

Outcome = Literal["invoked", "acknowledged", "refused", "unknown"]
"""``refused`` is definite: a 4xx, or a 503 that says that nothing was accepted. ``unknown`` may have been accepted."""


class Event(NamedTuple):
    """What happened to one string, and when (s since 1970)."""

    at: float
    outcome: Outcome
    what: str


class Ledger:
    """Events by nonce, and the ids that were given; every line is on disk when the call returns."""

    def __init__(self, file: Path) -> None:
        """Write to this file."""
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_DSYNC, 0o600)
        self.events: dict[str, list[Event]] = defaultdict(list)
        self.ids: dict[str, set[str]] = defaultdict(set)

    def note(self, outcome: Outcome, nonces: list[str], what: str = "", ids: list[str] | None = None) -> None:
        """Note an outcome for each of the strings of one request."""
        now = time.time()
        line = json.dumps([now, outcome, what, nonces, ids], separators=(",", ":"))
        os.write(self._file, f"{line}\n".encode())
        for number, nonce in enumerate(nonces):
            self.events[nonce].append(Event(now, outcome, what))
            if ids is not None:
                self.ids[nonce].add(ids[number])

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def with_outcome(self, outcome: Outcome) -> set[str]:
        """Return the nonces that had this outcome at least once."""
        return {nonce for nonce, events in self.events.items() if any(event.outcome == outcome for event in events)}

    def possible(self) -> set[str]:
        """Return the nonces that may be stored: some request with them was not definitely refused."""
        return {nonce for nonce, events in self.events.items() if _may_be_stored(events)}

    def history(self, nonce: str) -> str:
        """Return all that is known of a string, a line for each event."""
        lines = [f"    {event.at:.3f} {event.outcome} {event.what}" for event in self.events.get(nonce, [])]
        return "\n".join([f"  {nonce} ids {sorted(self.ids.get(nonce, ()))}", *lines])


def _may_be_stored(events: list[Event]) -> bool:
    invoked = sum(event.outcome == "invoked" for event in events)
    return invoked > sum(event.outcome == "refused" for event in events)
