"""A page of stored strings, newest first, or of those that contain a text."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from api.http.contract import MAX_HISTORY_PAGE, HistoryPage, StringState
from api.http.parameters import DEFAULT_PAGE, integer, preview, searched
from api.http.responses import utc
from api.http.room import Room
from api.process.reader import Reader, Search
from api.services import services
from api.strings import stored
from core.errors import ReadsBusy
from core.submission import StoredString

_MAX_SEQ = 2**63 - 1
SEARCH_BUDGET = 0.2
"""Seconds after which a search answers with what it has found; the client decides whether to continue."""
SEARCH_STEP, LARGEST_STEP, STEP_GROWS = 1_000, 64_000, 4
"""Strings looked at in the first statement of a search, in a later one at most, and how fast it gets there."""


class _Found(NamedTuple):
    """What a search found: the places of strings, newest first, and how far it looked, unless to the end."""

    seqs: list[int]
    reached: Search | None


def page() -> HistoryPage:
    """Return the page of stored strings that the query asks for."""
    limit = integer("limit", MAX_HISTORY_PAGE) or DEFAULT_PAGE
    before, text, most = integer("cursor", _MAX_SEQ), searched(), preview()
    if text is not None:
        return _hits(services().reader, _search(services().reader, text, limit, before), limit, most)
    return _strings(services().reader, limit, before, most)


def _strings(reader: Reader, limit: int, before: int | None, most: int | None) -> HistoryPage:
    """Return a page, which has fewer than ``limit`` where no more fit into it, or there are no more."""
    rows = reader.history(limit, before, most)
    items = _fitting(rows, most)
    if not rows:
        return HistoryPage([], None)
    more = len(items) < len(rows) or len(rows) == limit or reader.history(1, rows[-1].seq, 0)
    return HistoryPage(items, str(rows[len(items) - 1].seq) if more else None)


def _hits(reader: Reader, found: _Found, limit: int, most: int | None) -> HistoryPage:
    """Return a page of what was found; what does not fit is searched again for the next page."""
    rows = reader.places(found.seqs, most) if found.seqs else []
    items = _fitting(rows, most)
    if items and (len(items) < len(found.seqs) or len(items) == limit):
        last = rows[len(items) - 1]
        return HistoryPage(items, str(last.seq), utc(last.stored_at))
    if found.reached:
        return HistoryPage(items, str(found.reached.oldest), utc(found.reached.stored_at))
    return HistoryPage(items, None)


def _search(reader: Reader, text: str, limit: int, before: int | None) -> _Found:
    """Look further and further back, in statements that each end soon.

    It ends when the page is full, the time is up, or another search waits.
    """
    seqs: list[int] = []
    reached, step, until = None, SEARCH_STEP, time.monotonic() + SEARCH_BUDGET
    while True:
        try:
            following = reader.search(text, before, step, limit - len(seqs))
        except ReadsBusy:
            if reached is None:
                raise
            return _Found(seqs, reached)
        if following is None:
            return _Found(seqs, None)
        reached = following
        seqs += reached.found
        if len(seqs) == limit or time.monotonic() > until or reader.others_search:
            return _Found(seqs, reached)
        before, step = reached.oldest, min(reached.looked_at * STEP_GROWS, LARGEST_STEP)


def _fitting(rows: Sequence[StoredString], most: int | None) -> list[StringState]:
    """Return the first of these strings, as many as a response has room for."""
    return list(takewhile(Room().holds, (stored(row, most) for row in rows)))
