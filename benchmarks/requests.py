"""The system alone, over HTTP: a paced load, and bulk requests until their rows are there."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from benchmarks import paced, turns
from benchmarks.client import Client
from benchmarks.effort import Effort
from benchmarks.figures import Figures
from benchmarks.stage import Incomplete, Stage

BULK_STRINGS = 10_000
BULK_CLIENTS = 4
STORED_AFTER = """
SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY 1000 * extract(epoch FROM stored_at - received_at))::float
FROM dummies"""


def play_paced(stage: Stage, effort: Effort, figures: Figures) -> None:
    """Send at half of the rate that this round's turn of 64 clients had."""
    stage.empty(stage.ours)
    rate = figures.rounds[f"ours.{turns.MANY}.stored"][-1] / 2
    took = paced.run(stage.ours.url, rate, effort.paced_s)
    stage.last_stored("dummies", len(took))
    figures.add("paced.rate", rate)
    figures.add("paced.ack_p99_ms", statistics.quantiles(took, n=100)[98])
    figures.add("paced.stored_p99_ms", stage.fetch_row(STORED_AFTER)[0])


def play_bulk(stage: Stage, effort: Effort, figures: Figures) -> None:
    """Send bulk requests of 10,000 strings by four clients, and wait for the rows."""
    stage.empty(stage.ours)
    bodies = [
        "\n".join(f"{part:04d}-{line:012d}" for line in range(BULK_STRINGS)).encode()
        for part in range(effort.bulk // BULK_STRINGS)
    ]
    start = time.time()
    with ThreadPoolExecutor(BULK_CLIENTS) as pool:
        shares = [bodies[number::BULK_CLIENTS] for number in range(BULK_CLIENTS)]
        accepted = sum(pool.map(lambda share: _send(stage.system.api_url, share), shares))
    if accepted != effort.bulk:
        raise Incomplete(f"{accepted} strings of {effort.bulk} were accepted in bulk")
    figures.add("bulk.stored", accepted / (stage.last_stored("dummies", accepted) - start))


def _send(api: str, bodies: list[bytes]) -> int:
    with Client(api) as client:
        answers = [client.submit("/dummies/bulk", body, "text/plain; charset=utf-8", str(uuid4())) for body in bodies]
    return sum(len(answer["ids"]) for answer in answers)
