"""All stored strings as a file, newest first."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain

from flask import Blueprint, Response

from api.auth import readers_only
from api.http.openapi import Operation
from api.http.parameters import query, searched
from api.http.problems import ApiProblem
from api.http.responses import NOT_CACHED
from api.process.places import Places
from api.process.reader import Reader
from api.services import services
from core.errors import ReadFailed, ReadsBusy

blueprint = Blueprint("export", __name__)
blueprint.before_request(readers_only)

CONCURRENT_EXPORTS = 4
REST = 2.0
"""How long an export rests after each piece, as a multiple of the time that the piece took."""
DATABASE_TRIED_AGAIN = (0.5, 1.5)
"""Seconds after which an export that has begun asks an unavailable or busy database again."""
_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
_places = Places(CONCURRENT_EXPORTS, waiting=2, patience=2.0)


@blueprint.get("/dummies/export")
@Operation(
    "All stored strings as a file",
    responses={200: dict.fromkeys(("application/x-ndjson", "text/csv"), str)},
    parameters=("format", "q"),
    refusals=(400, 401, 503),
)
def export() -> Response:
    """Return every string that is stored when the request comes, newest first, or those that contain `q`.

    As NDJSON it is one object per line; as CSV, the same fields, which the first line names. A response that breaks
    off is incomplete: start again. While the database is unavailable it pauses.
    """
    kind, text = query().get("format", "ndjson"), searched()
    if kind not in _TYPES:
        raise ApiProblem("invalid-parameter", "Send format as ndjson or csv.")
    if not _places.take():
        raise ApiProblem("busy", "Export again later: others are under way.", retry_after=10)
    lines = _lines(services().reader, text, csv=kind == "csv")
    with ExitStack() as slot:
        slot.callback(_places.release)
        first = next(lines)
        response = Response(chain([first], lines), content_type=_TYPES[kind], headers=NOT_CACHED)
        response.headers["Content-Disposition"] = f'attachment; filename="dummies.{kind}"'
        response.headers["X-Accel-Buffering"] = "no"
        response.call_on_close(slot.pop_all().close)
    return response


def _lines(reader: Reader, text: str | None, *, csv: bool) -> Iterator[bytes]:
    """Yield the file piece by piece, with a rest of twice the time that each took, so that others are served.

    Raises ReadFailed or ReadsBusy before the first piece. Later it waits until it can read again and continues
    where it was: a response that has begun could only end as if it were complete. Empty pieces are not sent, but show
    whether the client is still there.
    """
    before = None
    while True:
        started = time.monotonic()
        try:
            lines, following = reader.export(text, before, csv=csv)
        except (ReadFailed, ReadsBusy):
            if before is None:
                raise
            time.sleep(random.uniform(*DATABASE_TRIED_AGAIN))  # noqa: S311
            yield b""
            continue
        yield lines.encode()
        if following is None:
            return
        before = following
        time.sleep(REST * (time.monotonic() - started))
