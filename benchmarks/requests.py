"""The system alone: a paced load, and bulk requests until their rows are stored."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from benchmarks import paced, rounds
from benchmarks.client import Client
from benchmarks.environment import Environment, Incomplete
from benchmarks.figures import Figures
from benchmarks.profile import Profile

BULK_STRINGS = 10_000
BULK_CLIENTS = 4
STORED_AFTER = """
SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY 1000 * extract(epoch FROM stored_at - received_at))::float
FROM dummies"""


def measure_paced(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure at half of the rate that 64 clients reached in this round."""
    environment.empty(environment.ours)
    rate = figures.rounds[f"ours.{rounds.MANY}.stored"][-1] / 2
    took = paced.run(environment.ours.url, rate, profile.paced_s)
    environment.last_stored("dummies", len(took))
    figures.add("paced.rate", rate)
    figures.add("paced.ack_p99_ms", statistics.quantiles(took, n=100)[98])
    figures.add("paced.stored_p99_ms", environment.fetch_row(STORED_AFTER)[0])


def measure_bulk(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure bulk requests of 10,000 strings by four clients, until all rows are stored."""
    environment.empty(environment.ours)
    figures.add("bulk.stored", store_bulk(environment, profile.bulk))


def store_bulk(environment: Environment, strings: int) -> float:
    """Send this many strings in bulk; return rows per second, from the first request to the last row."""
    newest = environment.newest()
    bodies = [
        "\n".join(f"{part:04d}-{line:012d}" for line in range(BULK_STRINGS)).encode()
        for part in range(strings // BULK_STRINGS)
    ]
    start = time.time()
    with ThreadPoolExecutor(BULK_CLIENTS) as pool:
        shares = [bodies[number::BULK_CLIENTS] for number in range(BULK_CLIENTS)]
        accepted = sum(pool.map(lambda share: send_all(environment.system.api_url, share), shares))
    if accepted != strings:
        raise Incomplete(f"{accepted} of {strings} strings were accepted in bulk")
    return accepted / (environment.last_stored("dummies", accepted, newest) - start)


def send_all(api: str, bodies: Sequence[bytes]) -> int:
    """Send these bodies, each a bulk, one after another; return how many strings were accepted."""
    with Client(api) as client:
        responses = [client.submit("/dummies/bulk", body, "text/plain; charset=utf-8", str(uuid4())) for body in bodies]
    return sum(len(response["ids"]) for response in responses)
