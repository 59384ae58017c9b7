"""How soon everything recovers, how a rollout goes, and what a long outage costs.

OUTAGE= and REDIS_AWAY= (s) make the two outages longer than in everyday runs.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import psutil
import pytest
from strings import REMEMBERED_KEYS
from support import Client, count_rows, eventually

from core.keys import GROUP, KEYS
from core.timeouts import GRACE_PERIOD, LEASE, STUCK_AFTER
from core.wakeups import QUEUE
from faults import points
from faults.checker import Found, check, report
from faults.clients import Clients
from faults.harm import Harm
from faults.harm_processes import roll_apis, roll_workers
from faults.ledger import Ledger
from faults.run import look
from faults.texts import text_of
from faults.world import SETTLED_WITHIN, World, wait_for_calm
from local import nginx
from local.ready import get

pytestmark = pytest.mark.timeout(900)
OUTAGE = float(os.environ.get("OUTAGE", "20"))
REDIS_AWAY = float(os.environ.get("REDIS_AWAY", "10"))
OUTAGE_RATE = 300.0
BACKLOG = 10_000
LONG = 300.0
MOST_BYTES, MOST_BYTES_SHORT = 300, 400
"""Redis' memory for a pending string beyond its text; after a short outage buffers and tables weigh on few strings."""
MOST_P99_MS = 50
"""How long an answer may take (p99); not checked in everyday runs, since other tests run beside them."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A whole system for one test."""
    if nginx.find() is None:
        pytest.skip("NO NGINX, recovery is not tested: install nginx-light")
    with World(tmp_path / "world") as started:
        yield started


@pytest.fixture
def client(world: World) -> Iterator[Client]:
    """A client of the page's address."""
    with Client(base_url=world.url, timeout=20) as made:
        yield made


def stored_within(world: World, strings: int, seconds: float) -> float:
    """Wait until this many rows are there."""
    return eventually(lambda: count_rows(world.system) == strings, within=seconds)


def test_what_a_killed_worker_had_claimed_is_stored_a_lease_later(world: World, client: Client) -> None:
    file = points.arm(world.points, "worker-after-claim")
    client.submit_all(f"claimed {number}" for number in range(100))
    eventually(lambda: not file.exists(), within=30)
    stored_within(world, 100, LEASE + 2)


def test_a_backlog_is_stored_soon_after_postgresql_is_back(world: World, client: Client) -> None:
    world.postgres.stop()
    client.submit_all(f"waiting {number}" for number in range(BACKLOG))
    eventually(lambda: world.client.exists(KEYS.database_away), within=20)
    eventually(lambda: failed_tries(world) >= 5, within=40)  # the backoff has reached its most
    world.postgres.start()
    stored_within(world, BACKLOG, 5)


def failed_tries(world: World) -> int:
    """Return how many attempts to reach PostgreSQL failed."""
    return int((world.client.get(KEYS.database_away) or b"0 0").split()[1])


def test_everything_works_again_soon_after_redis_is_back(world: World, client: Client) -> None:
    client.submit("before").raise_for_status()
    stored_within(world, 1, 10)
    world.redis.kill()
    time.sleep(REDIS_AWAY)
    world.redis.start()
    eventually(lambda: client.submit("after", key="after").status_code == 202, within=20)
    stored_within(world, 2, 20)


def test_a_rollout_under_load_fails_no_request_and_repeats_no_batch(world: World, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    with Clients(world.url, ledger, 150, seed=1) as clients:
        world.clients = clients
        eventually(lambda: len(clients.answers) > 100, within=20)
        harm = Harm(world, Random(1), 0)
        assert roll_apis(harm)
        assert roll_workers(harm)
    wait_for_calm(world, 0, 30)
    ledger.close()
    assert {answer.what for answer in clients.answers} == {"202"}
    verdict = check(ledger, look(world, ledger, []))
    assert verdict.ok, report(verdict, ledger, 1)
    logs = "".join(world.log_of(worker) for worker in world.workers)
    assert "deliveries" not in logs


def test_a_worker_whose_pool_takes_nothing_restarts(world: World, client: Client) -> None:
    client.submit("before").raise_for_status()
    stored_within(world, 1, 10)
    ended, worker = world.workers
    ended.terminate(GRACE_PERIOD)
    for process in psutil.Process(worker.pid).children():
        process.suspend()
    client.submit("after").raise_for_status()
    stored_within(world, 2, STUCK_AFTER + 10)
    assert worker.running
    for process in psutil.Process(worker.pid).children():
        process.suspend()
    worker.terminate(GRACE_PERIOD)


def test_a_worker_told_to_end_finishes_its_current_batch(world: World, client: Client) -> None:
    client.submit("before").raise_for_status()
    stored_within(world, 1, 10)
    ended, worker = world.workers
    ended.terminate(GRACE_PERIOD)  # no one else is there to store it
    with ThreadPoolExecutor() as pool, world.connected() as cursor:
        cursor.execute("BEGIN; LOCK TABLE dummies IN ACCESS EXCLUSIVE MODE")
        client.submit_all(f"in hand {number}" for number in range(50))
        eventually(lambda: deliveries(world), within=30)
        ending = pool.submit(worker.terminate, GRACE_PERIOD)
        eventually(lambda: "Warm shutdown" in world.log_of(worker), within=30)
        assert deliveries(world) == {1}
        cursor.execute("COMMIT")
        ending.result()
    assert count_rows(world.system) == 51
    assert world.waiting() == 0
    assert deliveries(world) == set()


def deliveries(world: World) -> set[int]:
    """Return how often the entries that are claimed were delivered."""
    pending = world.client.xpending_range(KEYS.journal, GROUP, "-", "+", 1000)
    return {entry["times_delivered"] for entry in pending}


def test_a_long_outage_of_postgresql_costs_neither_speed_nor_memory(world: World, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    world.postgres.stop()
    eventually(lambda: get(world.web_port, "/pipeline") is not None, within=30)
    memory, most_messages = world.client.info("memory")["used_memory"], 0
    with Clients(world.url, ledger, OUTAGE_RATE, seed=2) as clients:
        until = time.monotonic() + OUTAGE
        while time.monotonic() < until:
            most_messages = max(most_messages, world.client.llen(QUEUE))
            time.sleep(0.2)
    waiting = world.waiting()
    grown = (world.client.info("memory")["used_memory"] - memory - of_keys(world)) / waiting - text_bytes(ledger)
    took = [answer.took * 1000 for answer in clients.answers]
    p99 = statistics.quantiles(took, n=100)[98]
    lines = sum(world.log_of(process).count("\n") for process in (*world.apis, *world.workers))
    print(f"{waiting} wait after {OUTAGE:.0f} s; p99 {p99:.1f} ms; {grown:.0f} B a string beyond its text;", end=" ")
    print(f"at most {most_messages} messages; {lines} lines of log")
    assert {answer.what for answer in clients.answers} == {"202"}
    assert p99 < MOST_P99_MS or OUTAGE < LONG
    assert grown <= (MOST_BYTES if OUTAGE >= LONG else MOST_BYTES_SHORT)
    assert most_messages <= 10
    assert lines < 200 + 4 * OUTAGE
    world.postgres.start()
    assert wait_for_calm(world, 0, SETTLED_WITHIN) is not None
    ledger.close()
    found: Found = look(world, ledger, [])
    verdict = check(ledger, found)
    assert verdict.ok, report(verdict, ledger, 2)


def of_keys(world: World) -> float:
    """Return what the remembered idempotency keys take (B): they go a minute later, however long the outage."""
    keys = list(world.client.scan_iter(REMEMBERED_KEYS, count=1000))
    return statistics.mean(world.client.memory_usage(key) for key in keys[:100]) * len(keys)


def text_bytes(ledger: Ledger) -> float:
    """Return the mean length of the acknowledged texts, in bytes as they are in the journal's JSON."""
    nonces = ledger.with_outcome("acknowledged")
    return statistics.mean(len(json.dumps(text_of(nonce), ensure_ascii=False).encode()) - 2 for nonce in nonces)
