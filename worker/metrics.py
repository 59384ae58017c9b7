"""The worker's metrics: the pool's processes count, and the worker serves what they counted on a port of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from core import operations_port
from core.entries import Strings
from core.errors import DummiesError
from core.metrics import REGISTRY, SortedHistogram, collected
from worker.failures import Outage, Refused, TooSlow, Unanswered
from worker.tally import Tally

BATCH_STRINGS = Histogram(
    "dummies_batch_strings",
    "Strings in a batch that was sent to PostgreSQL.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
    registry=REGISTRY,
)
STORE_SECONDS = Histogram(
    "dummies_store_seconds",
    "Time that a batch's INSERT and COMMIT took, or until that failed; connecting counts, too.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
STORE_FAILURES = Counter(
    "dummies_store_failures", "Batches that were not stored, by what that means.", ["kind"], registry=REGISTRY
)
for kind in (Outage, Unanswered, TooSlow, Refused):
    STORE_FAILURES.labels(kind.__name__)  # from 0 on: a rate would not show the first one
ROWS = Counter("dummies_stored_rows", "Rows that were inserted.", registry=REGISTRY)
DUPLICATES = Counter("dummies_skipped_duplicates", "Strings that had a row already.", registry=REGISTRY)
ACCEPTED_TO_STORED = SortedHistogram(
    "dummies_accepted_to_stored_seconds",
    "Time from a string's acceptance, by the API's clock, to the return of its COMMIT, by the worker's.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600),
    registry=REGISTRY,
)
WAKEUPS_TAKEN = Counter("dummies_wakeups_taken", "Wake-ups for which a drain began.", registry=REGISTRY)


@contextmanager
def storing(strings: int) -> Iterator[None]:
    """Measure how a batch of this many strings is stored within the block."""
    BATCH_STRINGS.observe(strings)
    try:
        with STORE_SECONDS.time():
            yield
    except DummiesError as error:
        STORE_FAILURES.labels(type(error).__name__).inc()
        raise


def note_settled(tally: Tally) -> None:
    """Note what became of the strings of a batch."""
    ROWS.inc(tally.stored)
    DUPLICATES.inc(tally.skipped)


def note_stored(batch: Sequence[Strings]) -> None:
    """Note that a batch has just been committed."""
    now = time.time()
    took = [now - at / 1e6 for strings in batch for at in strings.received_at]
    if min(took) < 0:  # the API's clock is ahead
        took = [max(0.0, each) for each in took]
    ACCEPTED_TO_STORED.observe_all(took)


def serve(port: int) -> None:
    """Serve ``/metrics`` on this port of every address; stop the process where the port is taken."""
    registry = collected()

    def respond(request: bytes) -> bytes:
        found = request.startswith((b"GET /metrics ", b"GET /metrics?"))
        status, body = ("200 OK", generate_latest(registry)) if found else ("404 Not Found", b"GET /metrics\n")
        lines = (f"HTTP/1.1 {status}", f"Content-Type: {CONTENT_TYPE_PLAIN_0_0_4}", f"Content-Length: {len(body)}")
        return "\r\n".join((*lines, "Connection: close", "", "")).encode("ascii") + body

    operations_port.serve(operations_port.listen("METRICS_PORT", port), respond)
