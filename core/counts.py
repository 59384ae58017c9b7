"""The books: how many strings are where, and whether every accepted one is accounted for."""

from __future__ import annotations

from typing import NamedTuple

from core.rollback import Rollback


class Counts(NamedTuple):
    """State of the journal; ``oldest_s`` is None when nothing waits, ``unavailable_since`` (s) when PostgreSQL answers.

    ``appended`` counts all strings that were ever appended; ``set_back`` is the note that it was seen to fall.
    ``waiting`` includes the strings that are set aside because they failed alone; ``aside_reason`` says how one did.
    """

    waiting: int
    stored: int
    failed: int
    oldest_s: float | None
    workers: int
    unavailable_since: float | None
    appended: int
    set_back: Rollback | None
    discarded: int
    retried: int
    balance_base: int | None
    entries: int
    set_aside: int
    aside_reason: str | None

    @property
    def unaccounted(self) -> int:
        """How many appended strings the books do not account for; 0 while the promise's invariant holds.

        Every string that was ever appended is stored, waits, has failed, or was discarded or put back by an operator,
        and then appended once more. Where the books balance, but not with what the stream holds, it is what waits.
        """
        settled = self.stored + self.failed + self.discarded + self.retried
        out = self.appended - settled - self.waiting
        out = 0 if self.balance_base is None else out - self.balance_base  # None: no worker keeps the books yet
        holds = self.waiting >= self.entries if self.entries else not self.waiting
        return out if out or holds else max(self.waiting, self.entries)
