"""Stored strings, newest first: in pages, searched, or all of them as a file."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain

from flask import Blueprint, Response

from api.answers import NOT_CACHED
from api.contract import MAX_HISTORY_PAGE, HistoryPage, StringState
from api.openapi import describe
from api.parameters import DEFAULT_PAGE, integer, query, searched
from api.problems import ApiProblem, database_unavailable
from api.rows import DatabaseUnavailable, Row, Rows
from api.services import services

blueprint = Blueprint("history", __name__)

_MAX_SEQ = 2**63 - 1
SEARCH_BUDGET = 0.2
"""Seconds after which a search answers with what it has found; going on is up to the client."""
SEARCH_STEP, LARGEST_STEP, STEP_GROWS = 1_000, 64_000, 4
"""Strings looked at in the first statement of a search, in a later one at most, and how soon it gets there."""
EXPORTS_AT_ONCE = 2
EXPORT_PATIENCE = 2.0
REST = 2.0
"""How long an export rests after each piece, as a multiple of the time that the piece took."""
DATABASE_TRIED_AGAIN = (0.5, 1.5)
"""Seconds after which an export that has begun asks a database again that was away."""
BYTE_ORDER_MARK = "\ufeff"
"""Without it spreadsheets take a CSV for Latin letters."""
_CSV_HEAD = f"{BYTE_ORDER_MARK}id,text,received_at,stored_at\r\n"
_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
_export_slots = threading.BoundedSemaphore(EXPORTS_AT_ONCE)


def history() -> HistoryPage:
    """Return the page of stored strings that the query asks for."""
    limit = integer("limit", MAX_HISTORY_PAGE) or DEFAULT_PAGE
    before, text = integer("cursor", _MAX_SEQ), searched()
    try:
        if text is not None:
            return _search(services().rows, text, limit, before)
        rows = services().rows.history(limit, before)
    except DatabaseUnavailable:
        raise database_unavailable() from None
    return HistoryPage(list(map(stored, rows)), str(rows[-1].seq) if len(rows) == limit else None)


def stored(row: Row) -> StringState:
    """Return the state of a stored string."""
    return StringState(row.id, "stored", row.received_at, row.text, row.stored_at)


@blueprint.get("/dummies/export")
@describe(
    "All stored strings as a file",
    answers={200: dict.fromkeys(("application/x-ndjson", "text/csv"), str)},
    parameters=("format", "q"),
    refusals=(400, 503),
)
def export() -> Response:
    """Answer with every string that is stored when the request comes, newest first, or those that contain `q`.

    As NDJSON it is an object with id, text, received_at and stored_at a line; as CSV, the same columns. An answer that
    breaks off is not whole: begin again. While the database is away it pauses.
    """
    kind, text = query().get("format", "ndjson"), searched()
    if kind not in _TYPES:
        raise ApiProblem("invalid-parameter", "Send format as ndjson or csv.")
    if not _export_slots.acquire(timeout=EXPORT_PATIENCE):
        raise ApiProblem("busy", "Export again later: others are under way.", retry_after=10)
    lines = _lines(services().rows, text, csv=kind == "csv")
    with ExitStack() as slot:
        slot.callback(_export_slots.release)
        try:
            first = next(lines)
        except DatabaseUnavailable:
            raise database_unavailable() from None
        response = Response(chain([first], lines), content_type=_TYPES[kind], headers=NOT_CACHED)
        response.headers["Content-Disposition"] = f'attachment; filename="dummies.{kind}"'
        response.headers["X-Accel-Buffering"] = "no"
        response.call_on_close(slot.pop_all().close)
    return response


def _lines(rows: Rows, text: str | None, *, csv: bool) -> Iterator[bytes]:
    """Yield the file piece by piece; after each it rests for twice the time it took, so that others are served.

    Raises DatabaseUnavailable before the first piece. Later it waits until PostgreSQL is back and continues where it
    was: a response that has begun can only be ended as if it were whole. Empty pieces are not sent, but show
    whether the client is still there.
    """
    head, before, begun = _CSV_HEAD if csv else "", None, False
    while True:
        started = time.monotonic()
        try:
            lines, before_next = rows.export(text, before, csv=csv)
        except DatabaseUnavailable:
            if not begun:
                raise
            time.sleep(random.uniform(*DATABASE_TRIED_AGAIN))  # noqa: S311
            yield b""
            continue
        yield (head + lines).encode()
        if before_next is None:
            return
        head, before, begun = "", before_next, True
        time.sleep(REST * (time.monotonic() - started))


def _search(rows: Rows, text: str, limit: int, before: int | None) -> HistoryPage:
    """Look further and further back, in statements that each end soon, until the page is full or the time is up."""
    found: list[Row] = []
    step, until = SEARCH_STEP, time.monotonic() + SEARCH_BUDGET
    while True:
        matches, oldest = rows.search(text, before, step, limit - len(found))
        found += matches
        if oldest is None:
            return HistoryPage(list(map(stored, found)), None)
        before = oldest.seq
        if len(found) == limit:
            return HistoryPage(list(map(stored, found)), str(found[-1].seq), found[-1].stored_at)
        if time.monotonic() > until:
            return HistoryPage(list(map(stored, found)), str(before), oldest.stored_at)
        step = min(step * STEP_GROWS, LARGEST_STEP)
