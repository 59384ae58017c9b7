"""A page of stored strings, newest first, or of those that contain a text."""

from __future__ import annotations

import time

from api.http.contract import MAX_HISTORY_PAGE, HistoryPage, StringState
from api.http.parameters import DEFAULT_PAGE, integer, preview, searched
from api.http.problems import database_unavailable
from api.http.responses import utc
from api.process.reader import DatabaseUnavailable, Reader
from api.services import services
from api.strings import stored

_MAX_SEQ = 2**63 - 1
SEARCH_BUDGET = 0.2
"""Seconds after which a search answers with what it has found; the client decides whether to continue."""
SEARCH_STEP, LARGEST_STEP, STEP_GROWS = 1_000, 64_000, 4
"""Strings looked at in the first statement of a search, in a later one at most, and how fast it gets there."""


def page() -> HistoryPage:
    """Return the page of stored strings that the query asks for."""
    limit = integer("limit", MAX_HISTORY_PAGE) or DEFAULT_PAGE
    before, text, most = integer("cursor", _MAX_SEQ), searched(), preview()
    try:
        if text is not None:
            return _search(services().reader, text, limit, before, most)
        rows = services().reader.history(limit, before, most)
    except DatabaseUnavailable:
        raise database_unavailable() from None
    return HistoryPage([stored(row, most) for row in rows], str(rows[-1].seq) if len(rows) == limit else None)


def _search(reader: Reader, text: str, limit: int, before: int | None, most: int | None) -> HistoryPage:
    """Look further and further back, in statements that each end soon, until the page is full or the time is up."""
    found: list[StringState] = []
    step, until = SEARCH_STEP, time.monotonic() + SEARCH_BUDGET
    while True:
        matches, oldest = reader.search(text, before, step, limit - len(found), most)
        found += (stored(row, most) for row in matches)
        if oldest is None:
            return HistoryPage(found, None)
        full = len(found) == limit
        if full or time.monotonic() > until:
            last = matches[-1] if full else oldest
            return HistoryPage(found, str(last.seq), utc(last.stored_at))
        before, step = oldest.seq, min(step * STEP_GROWS, LARGEST_STEP)
