"""Faults of machines that are lost, cut off or silent, and of the changes that are made to a journal in shards."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis import Redis
from redis.exceptions import RedisError

from core.connection import connect
from faults.cluster_world import TIMEOUT, ClusterWorld
from faults.harm import Harm, Seen, comes
from local.cluster import Node

SHUT_OUT = ("-psync", "-sync", "-replconf")
FAILED_OVER_AFTER = 3 * TIMEOUT / 1000
BACKLOG_FOR = 1.0
"""Seconds for which strings gather before their machine is destroyed."""


def in_shards(harmful: Callable[[ClusterWorld, Node, Harm], Seen]) -> Callable[[Harm], Seen]:
    """Return a fault of the primary of a random shard; it is over when each shard has a primary and a replica."""

    def inject(harm: Harm) -> Seen:
        world = world_of(harm)
        if not comes(world.is_whole):
            return False
        seen = harmful(world, world.owner_of(harm.random.randrange(world.shard_count)), harm)
        return seen and comes(world.is_whole)

    return inject


def world_of(harm: Harm) -> ClusterWorld:
    """Return the world, which is one on a cluster."""
    assert isinstance(harm.world, ClusterWorld)
    return harm.world


def _destroy(world: ClusterWorld, node: Node, seconds: float = 0) -> None:
    """Kill a node and erase its folder; it is started again, empty, after this time."""
    world.cluster.held.add(node)
    node.kill()
    shutil.rmtree(node.folder)
    time.sleep(seconds)
    world.cluster.held.discard(node)


def destroy_primary(world: ClusterWorld, primary: Node, harm: Harm) -> Seen:
    """Destroy a primary; another one is there after the time."""
    with _backlog(world):
        return _replace_primary(world, primary, harm)


def _replace_primary(world: ClusterWorld, primary: Node, harm: Harm) -> Seen:
    replica = world.replica_of(primary)
    _destroy(world, primary, harm.seconds)
    return comes(lambda: replica.ask("INFO").get("role") == "master")


@contextmanager
def _backlog(world: ClusterWorld) -> Iterator[None]:
    """Have strings wait meanwhile: PostgreSQL is silent. Else each would be a row before its machine is lost."""
    world.primary.pause()
    try:
        time.sleep(BACKLOG_FOR)
        yield
    finally:
        world.primary.resume()


def destroy_replica(world: ClusterWorld, primary: Node, harm: Harm) -> Seen:
    """Destroy its replica."""
    _destroy(world, world.replica_of(primary), harm.seconds)
    return True


def destroy_replica_again(world: ClusterWorld, primary: Node, harm: Harm) -> Seen:
    """Destroy its replica, and once more when that copies the data."""
    replica = world.replica_of(primary)
    _destroy(world, replica)
    seen = comes(lambda: replica.ask("INFO").get("role") == "slave")
    _destroy(world, replica, harm.seconds)
    return seen


def fail_over(world: ClusterWorld, primary: Node, _: Harm) -> Seen:
    """Have its replica take over in good order."""
    replica = world.replica_of(primary)
    with _client(replica) as redis:
        redis.execute_command("CLUSTER", "FAILOVER")
    return comes(lambda: replica.ask("INFO").get("role") == "master")


def shut_out(_: ClusterWorld, primary: Node, harm: Harm) -> Seen:
    """Let no replica follow it for a while."""
    with _client(primary) as redis:
        seen = _refuse_replicas(redis)
        time.sleep(harm.seconds)
        redis.acl_setuser("default", enabled=True, reset=False, commands=["+psync", "+sync", "+replconf"])
        redis.client_kill_filter(_type="replica")
    return seen


def destroy_alone(world: ClusterWorld, primary: Node, harm: Harm) -> Seen:
    """Let no replica follow it for a while, then destroy it: what it took meanwhile is nowhere else."""
    with _backlog(world):
        with _client(primary) as redis:
            seen = _refuse_replicas(redis)
        time.sleep(harm.seconds)
        return _replace_primary(world, primary, harm) and seen


def destroy_beside_restart(world: ClusterWorld, primary: Node, harm: Harm) -> Seen:
    """Stop its replica for a while, then destroy it; the replica restarts and has only what it had written to disk."""
    replica = world.replica_of(primary)
    if not comes((replica.folder / "appendonlydir" / "whole").exists):
        return False
    with _backlog(world):
        replica.pause()
        time.sleep(harm.seconds)
        world.cluster.held.update([primary, replica])
        primary.kill()
        replica.kill()
        shutil.rmtree(primary.folder)
        world.cluster.held.difference_update([primary, replica])
        return comes(lambda: replica.ask("INFO").get("role") == "master")


def _refuse_replicas(redis: Redis) -> Seen:
    redis.acl_setuser("default", enabled=True, reset=False, commands=list(SHUT_OUT))
    return bool(redis.client_kill_filter(_type="replica"))


def silence_replica(world: ClusterWorld, primary: Node, harm: Harm) -> Seen:
    """Stop its replica, whose connections stay."""
    return _silence(world.replica_of(primary), harm.seconds)


def silence_primary(_: ClusterWorld, primary: Node, harm: Harm) -> Seen:
    """Stop it; when it goes on, another may have taken its place."""
    return _silence(primary, harm.seconds)


def _silence(node: Node, seconds: float) -> Seen:
    node.pause()
    time.sleep(seconds)
    node.resume()
    return True


def cut_off(world: ClusterWorld, primary: Node, harm: Harm) -> Seen:
    """Have it neither hear the other nodes nor speak to them, while the tiers go on talking to it."""
    replica, bus = world.replica_of(primary), f"bus{world.cluster.nodes.index(primary)}"
    with _client(primary) as redis:
        world.link(bus, "blackhole")
        redis.execute_command("DEBUG", "PAUSE-CRON", "1")
        try:
            time.sleep(harm.seconds)
            return comes(lambda: replica.ask("INFO").get("role") == "master")
        finally:
            redis.execute_command("DEBUG", "PAUSE-CRON", "0")
            world.link(bus, "pass")


def _client(node: Node) -> Redis:
    return connect(f"redis://:{node.password}@{node.address}/0")


def kill_broker(harm: Harm) -> Seen:
    """Kill the Redis of the wake-ups."""
    harm.world.redis.kill()
    time.sleep(harm.seconds)
    harm.world.redis.start()
    return True


def destroy_postgres(harm: Harm) -> Seen:
    """Destroy PostgreSQL's primary, and promote its standby."""
    world_of(harm).replace_database()
    return True


def add_shard(harm: Harm) -> Seen:
    """Raise the number of shards: the workers first, one after the other, then the APIs."""
    world = world_of(harm)
    world.shard_count += 1
    for number, worker in enumerate(world.workers):
        worker.terminate()
        world.workers[number] = world.start_worker()
    for number, api in enumerate(world.apis):
        world.drain_api(number)
        time.sleep(1)
        api.terminate()
        world.apis[number] = world.start_api(number)
    redis, keys = world.shards[-1]

    def is_used() -> bool:
        try:
            return bool(redis.get(keys.appended))
        except RedisError:
            return False

    return comes(is_used) and comes(world.is_whole)
