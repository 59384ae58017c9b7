"""Reading request bodies into memory, of which those of a process have a bounded part."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from api.http.declared import check_declared
from api.http.problems import ApiProblem

MAX_BULK_BYTES = 8 * 1024 * 1024
MAX_DISCARDED = 2 * MAX_BULK_BYTES
SHARE = 65536
SHARES = 544
"""Bytes of a share, and how many there are for all bodies in memory: four bulks of 8 MiB and 32 small requests."""
_shares = threading.BoundedSemaphore(SHARES)


@contextmanager
def body_in_memory(limit: int) -> Iterator[bytes]:
    """Read the body of the request in hand to its end; it counts as in memory within the block.

    A body takes its shares as it comes, so one that is sent slowly keeps no room from others. Raises ApiProblem where
    there is no room, or for a body that is not what is declared, RequestEntityTooLarge for one of more bytes than the
    limit. What is refused is read all the same, for the sake of proxies that still send.
    """
    request.max_content_length = limit
    with ExitStack() as shares:
        yield _read(shares)  # into no name here: within the block it can be let go of


def _read(shares: ExitStack) -> bytes:
    body = bytearray()
    taken = 0
    try:
        while piece := request.stream.read(SHARE):
            body += piece
            if len(body) > taken * SHARE:
                _take_share(shares)
                taken += 1
    except (RequestEntityTooLarge, ApiProblem):
        body.clear()
        _discard(request.environ["wsgi.input"])
        raise
    whole = bytes(body)
    check_declared(whole)
    return whole


def _take_share(shares: ExitStack) -> None:
    if not _shares.acquire(blocking=False):
        raise ApiProblem("busy", "Nothing was kept. Send fewer large requests at once.", retry_after=2)
    shares.callback(_shares.release)


def _discard(stream: IO[bytes]) -> None:
    """Read on, up to what a proxy lets pass: one that is cut off while it sends cannot pass on why."""
    left = MAX_DISCARDED
    while left > 0 and (chunk := stream.read(SHARE)):
        left -= len(chunk)
