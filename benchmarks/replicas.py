"""What replicas and shards cost: this system on one Redis, on one with a replica, and on a Redis Cluster.

All copies are on the machine that carries everything else. Each string is on the disks of its primary and of one
replica before it is acknowledged. A Redis before 7.2 cannot tell; there its replica does the same work, and is only
asked for what it has received (WAIT).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from benchmarks import load, rounds
from benchmarks.contenders import Contender
from benchmarks.environment import REDIS_MEMORY, ROOM, STORED_WITHIN, Environment, cpu_seconds
from benchmarks.figures import Figures
from benchmarks.observer import scraped
from benchmarks.profile import Profile
from core.durability import KNOWS_REPLICAS_DISKS
from local.cluster import NODES, SHARDS, Cluster, node_port
from local.ports import free_port
from local.ready import get
from local.redis import Redis, _version, find_server
from local.replica import Replica
from local.server import ServerError
from local.system import api_command, worker_command

TRIES, SETTLED_AFTER = 3, 5.0


class Deployment(NamedTuple):
    """One of them, and the main processes of each tier."""

    contender: Contender
    pids: Callable[[], dict[str, Sequence[int]]]


def measure(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure each in turn, with 64 clients, from the request to the row."""
    with ExitStack() as started:
        deployments = [Deployment(environment.ours._replace(key="one"), environment.pids)]
        try:
            deployments += [started.enter_context(journal(environment)) for journal in (_replica, _cluster)]
        except ServerError as error:
            figures.skip(f"the cost of replicas and shards: {error}")
            return
        for deployment in deployments:
            rounds.run_trial(environment, deployment.contender, rounds.MANY, profile.one_s)
        for number in range(profile.rounds):
            for deployment in deployments[number % 3 :] + deployments[: number % 3]:
                _measure(environment, deployment, profile.many_s, figures)


def _measure(environment: Environment, deployment: Deployment, seconds: float, figures: Figures) -> None:
    """Measure one; again, and the report says so, where a disk has kept a replica so long that strings were refused."""
    key, pids = f"journal.{deployment.contender.key}", deployment.pids()
    for _ in range(TRIES):
        before = cpu_seconds(pids)
        try:
            trial = rounds.run_trial(environment, deployment.contender, rounds.MANY, seconds)
            break
        except load.LoadFailed as error:
            figures.skip(f"a trial of {key}, measured again: {error}")
            time.sleep(SETTLED_AFTER)  # what was refused may have been kept
    else:
        raise load.LoadFailed(f"{key}: {TRIES} trials failed")
    figures.add(f"{key}.stored", trial.stored_per_s)
    figures.add(f"{key}.p99_ms", trial.load.p99_ms)
    rounds.record_cpu(figures, f"{key}.cpu", before, cpu_seconds(pids), trial.load.answered)


@contextmanager
def _replica(environment: Environment) -> Iterator[Deployment]:
    """Run another Redis with a replica, and an API and a worker with it."""
    with ExitStack() as started:
        primary = started.enter_context(Redis(environment.folder / "primary", free_port(), maxmemory=REDIS_MEMORY))
        replica = started.enter_context(Replica(environment.folder / "replica", primary))
        where, pids = {"REDIS_URL": primary.url}, [primary.pid, replica.pid]
        yield started.enter_context(_served(environment, "replica", where, lambda: pids))


@contextmanager
def _cluster(environment: Environment) -> Iterator[Deployment]:
    """Run three primaries, a replica of each, and an API and a worker with three shards."""
    ports = [node_port() for _ in range(NODES)]
    with Cluster(environment.folder / "cluster", ports) as cluster:
        where = {
            "REDIS_URL": cluster.url,
            "CELERY_BROKER_URL": environment.system.redis.url,
            "JOURNAL_SHARDS": str(SHARDS),
        }
        with _served(environment, "cluster", where, lambda: [node.pid for node in cluster.nodes]) as deployment:
            yield deployment


@contextmanager
def _served(
    environment: Environment, key: str, env: dict[str, str], redis: Callable[[], list[int]]
) -> Iterator[Deployment]:
    """Run an API and a worker with a replicated journal until the end. Raises ServerError if it accepts nothing."""
    system, port = environment.system, free_port()
    volatile = _version(find_server()) < KNOWS_REPLICAS_DISKS
    env = env | ROOM | {"JOURNAL_REPLICAS": "1", "ALLOW_VOLATILE_JOURNAL": str(volatile)}
    with scraped() as observed, ExitStack() as ended:
        commands = api_command(port), worker_command(name=f"{key}@%h")
        names = f"api-{key}", f"worker-{key}"
        api, worker = (
            system.start(command, name, env | more | system.metrics_env(name))
            for command, name, more in zip(commands, names, observed, strict=True)
        )
        ended.callback(api.stop)
        ended.callback(worker.stop)
        deadline = time.monotonic() + STORED_WITHIN
        while not json.loads(get(port, "/pipeline") or "{}").get("accepting"):
            if time.monotonic() > deadline:
                raise ServerError(f"the API accepted nothing, see its log: {api.log}")
            time.sleep(0.1)
        contender = environment.ours._replace(key=key, url=f"http://127.0.0.1:{port}/dummies/")
        postgres = [system.postgres.pid]
        yield Deployment(
            contender, lambda: {"api": [api.pid], "worker": [worker.pid], "redis": redis(), "postgres": postgres}
        )
