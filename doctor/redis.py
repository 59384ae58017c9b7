"""The journal's Redis: whether it is reachable and durable, has room, and its clock is right."""

from __future__ import annotations

import time
from typing import Any

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

from core.connection import Shard
from core.durability import Info, read_info
from core.scripts import ANSWER_WITHIN_MS, Replication
from core.shards import SLOTS
from doctor.finding import UNREACHED, Finding, compare_clocks, failed, passed, skipped

ROOM = 0.9
"""The part of maxmemory from which the API refuses strings by default (JOURNAL_MEMORY_FRACTION)."""
WRONG_PASSWORD = ("WRONGPASS", "NOAUTH", "invalid username-password")


def look_at_redis(redis: Redis, what: str = "Redis") -> list[Finding]:
    """Return the findings, which call it this; if Redis cannot be reached, only that."""
    reached = reach(redis, what, "REDIS_URL")
    if not reached.ok:
        return [reached]
    try:
        info = read_info(redis)
        before, (seconds, microseconds) = time.time(), redis.time()
    except RedisError as error:
        return [reached, failed(_part(what, "state"), str(error), "allow this user INFO and TIME")]
    clock = compare_clocks(_part(what, "clock"), seconds + microseconds / 1e6, (before + time.time()) / 2)
    return [reached, _file(info, what), _eviction(info, what), _memory(info.memory, what), clock]


def look_at_replicas(shard: Shard, replication: Replication, what: str) -> Finding:
    """Return whether a write is soon on as many replicas as a string must be before it is accepted."""
    what = _part(what, "replicas")
    with shard.redis.pipeline(transaction=False) as asked:
        asked.set(shard.keys.writable, "1")
        for wait in replication.waits:
            asked.execute_command(*wait)
        try:
            *_, last = asked.execute()
        except RedisError as error:
            return failed(what, str(error), "use Redis 7.2 or newer, and allow this user SET, WAIT and WAITAOF")
    reached = last if replication.in_memory else last[1]
    if reached < replication.replicas:
        seen = f"{reached} of {replication.replicas} have a write after {ANSWER_WITHIN_MS} ms: nothing is accepted"
        return failed(what, seen, "start the replicas, with appendonly yes, or add others")
    return passed(what, f"{reached} have a write{'' if replication.in_memory else ' on disk'}")


def look_at_cluster(redis: Redis) -> Finding:
    """Return whether each slot of the Redis Cluster has an owner that answers."""
    try:
        info = redis.execute_command("CLUSTER INFO")
    except RedisError as error:
        return failed("Redis Cluster", str(error), "allow this user CLUSTER INFO")
    seen = f"{info['cluster_slots_ok']} of {SLOTS} slots have an owner that answers, {info['cluster_size']} owners"
    if info["cluster_state"] != "ok" or int(info["cluster_slots_ok"]) != SLOTS:
        return failed("Redis Cluster", seen, "see which node fails: redis-cli cluster nodes")
    return passed("Redis Cluster", seen)


def reach(redis: Redis, what: str, setting: str) -> Finding:
    """Return whether a Redis answers and accepts the password."""
    try:
        redis.ping()
    except RedisError as error:
        if isinstance(error, AuthenticationError) or any(sign in str(error) for sign in WRONG_PASSWORD):
            return failed(what, str(error), f"fix user and password in {setting}")
        return failed(what, f"{UNREACHED}: {error}", f"start it, open the network to it, or fix {setting}")
    return passed(what, "answers")


def _file(info: Info, what: str) -> Finding:
    if info.persistence.get("aof_enabled") != 1:
        return failed(
            _part(what, "file"), "it keeps nothing on disk", "start it with appendonly yes and appendfsync always"
        )
    if info.persistence.get("aof_last_write_status", "ok") != "ok":
        return failed(_part(what, "file"), "the last write failed", "free space on its disk")
    return passed(_part(what, "file"), "append-only; appendfsync cannot be queried")


def _eviction(info: Info, what: str) -> Finding:
    policy = info.memory.get("maxmemory_policy")
    if policy != "noeviction":
        return failed(
            _part(what, "eviction"), f"it evicts keys ({policy})", "start it with maxmemory-policy noeviction"
        )
    return passed(_part(what, "eviction"), "refuses rather than evicts")


def _memory(memory: dict[str, Any], what: str) -> Finding:
    used, most = memory["used_memory"], memory["maxmemory"]
    if not most:
        return skipped(_part(what, "memory"), "no maxmemory is set: when memory runs out, the kernel kills Redis")
    seen = f"{used / most:.0%} of {most / 1e6:.0f} MB used"
    if used >= ROOM * most:
        return failed(
            _part(what, "memory"), f"full: {seen}", "start workers that drain the journal, or raise maxmemory"
        )
    return passed(_part(what, "memory"), seen)


def _part(what: str, part: str) -> str:
    return f"{what}'{'' if what.endswith('s') else 's'} {part}"
