"""The room for strings in a response.

A response stays in memory until it is read, and granian keeps 512 connections. A process has memory for as many
responses of this size, or of one text of 64 KiB, which JSON may make six times as large.
"""

from __future__ import annotations

from api.http.contract import StringState
from api.http.responses import encode

RESPONSE_BYTES = 256 * 1024
"""The most that the strings of a response take, unless the first takes more, and without what is left of those cut."""
BEGINNING = 100
"""Characters that are left of a text for which there is no room."""


class Room:
    """What is left of a response's room."""

    def __init__(self) -> None:
        """Leave all of it."""
        self._used = 0

    def holds(self, string: StringState) -> bool:
        """Return whether there is room for this one too, as there is for the first; then it is taken."""
        size = len(encode(string))
        if self._used and self._used + size > RESPONSE_BYTES:
            return False
        self._used += size
        return True

    def fit(self, string: StringState) -> StringState:
        """Return the string, with no more than the beginning of its text where there is no room for the whole."""
        if string.text is not None and len(string.text) > BEGINNING and not self.holds(string):
            string.text, string.truncated = string.text[:BEGINNING], True
        return string
