"""The pipeline: whether workers answer, a wake-up reaches one, and a string is stored."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing

from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from core.append import Unit
from core.connection import Shard, connect
from core.counts import Counts, added_up
from core.errors import DummiesError
from core.journal import Journal
from core.journals import Journals
from core.outage_log import describe
from core.scripts import Replication
from core.wakeups import QUEUE, make_celery, publish_wakeup
from doctor.finding import Finding, failed, passed, skipped
from doctor.postgres import connector_of
from doctor.redis import reach

PATIENCE = 5.0
"""Seconds in which a worker should send a heartbeat, answer, take a wake-up, or store a string."""
START = "start a worker: python -m worker"


def look_at_journal(shards: Sequence[Shard], broker_url: str) -> list[Finding]:
    """Return whether the balance holds, no string fails, workers are alive, and a wake-up reaches one."""
    try:
        counts = _counts(Journals(shards).each)
    except DummiesError as error:
        return [failed("journal", str(error.__cause__ or error), "let this user read it: k8s/base/redis/users.acl")]
    return [*_balance(counts), _draining(counts), *_workers(counts.workers, broker_url)]


def send_canary(shards: Sequence[Shard], replication: Replication, owner_url: str) -> Finding:
    """Send one string through the pipeline, and delete its row."""
    canary = Unit(str(uuid.uuid4()), ["a string of the doctor's"], time.time_ns() // 1000)
    try:
        Journals(shards, replication).of(canary.first_id).append([canary])
    except DummiesError as error:
        return failed("test string", f"not accepted: {error}", "fix Redis first")
    started = time.monotonic()
    with closing(connector_of(owner_url).connect()) as owner, owner.cursor() as cursor:

        def stored() -> bool:
            cursor.execute("DELETE FROM public.dummies WHERE id = %s", [canary.first_id])
            return bool(cursor.rowcount)

        if not _comes(stored):
            return failed("test string", f"not stored within {PATIENCE:.0f} s; it waits as {canary.first_id}", START)
    return passed("test string", f"stored after {time.monotonic() - started:.2f} s, and deleted")


def _counts(journals: Sequence[Journal]) -> Counts:
    """Return the counts, once a worker is heard if possible: a busy machine, or a clock that was set, can hide it."""
    until = time.monotonic() + PATIENCE
    while True:
        counts = added_up([journal.counts() for journal in journals])
        if counts.workers or time.monotonic() > until:
            return counts
        time.sleep(0.1)


def _balance(counts: Counts) -> list[Finding]:
    if counts.unaccounted:
        balance = failed(
            "balance",
            f"{counts.unaccounted} accepted strings are neither stored nor waiting, failed or discarded",
            "find out who deleted them, or restored an older copy; then: python -m worker.maintenance clear-imbalance",
        )
    else:
        balance = passed("balance", f"all {counts.appended} accepted strings are accounted for")
    if counts.set_aside:
        seen = f"{counts.set_aside} strings fail when they are tried alone: {counts.aside_reason}"
        return [balance, failed("set aside", seen, "fix what PostgreSQL reports; they are retried at least every 30 s")]
    return [balance, passed("set aside", "no string fails alone")]


def _draining(counts: Counts) -> Finding:
    if counts.paused:
        seen = f"paused by {counts.paused.operator}: {counts.paused.reason}"
        return failed("draining", seen, "once the maintenance is over: python -m worker.maintenance resume")
    return passed("draining", "not paused")


def _workers(heard: int, broker_url: str) -> list[Finding]:
    workers = failed("workers", f"none was alive for {PATIENCE:.0f} s", START)
    if heard:
        workers = passed("workers", f"{heard} alive")
    with connect(broker_url) as broker:
        reached = reach(broker, "broker", "CELERY_BROKER_URL")
        return [workers, reached, _wake(broker, broker_url, heard=bool(heard))] if reached.ok else [workers, reached]


def _wake(broker: Redis, broker_url: str, *, heard: bool) -> Finding:
    celery = make_celery(broker_url)
    try:
        if celery.control.ping(timeout=PATIENCE, limit=1):
            publish_wakeup(celery)
            if _comes(lambda: broker.llen(QUEUE) == 0):
                return passed("wake-up", "taken by a worker")
            return failed("wake-up", f"not taken within {PATIENCE:.0f} s", "look at the workers' log")
    except (RedisError, OperationalError) as error:
        return failed("wake-up", describe(error), "fix the broker, or its user's rights")
    if heard:
        return failed("wake-up", "the workers use another broker", "set the same CELERY_BROKER_URL for all tiers")
    return skipped("wake-up", "no worker is alive")


def _comes(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
