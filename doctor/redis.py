"""The journal's Redis: whether it is reachable and durable, has room, and its clock is right."""

from __future__ import annotations

import time
from typing import Any

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

from core.durability import Info, read_info
from doctor.finding import UNREACHED, Finding, compare_clocks, failed, passed, skipped

ROOM = 0.9
"""The part of maxmemory from which the API refuses strings by default (JOURNAL_MEMORY_FRACTION)."""
WRONG_PASSWORD = ("WRONGPASS", "NOAUTH", "invalid username-password")


def look_at_redis(redis: Redis) -> list[Finding]:
    """Return the findings; if Redis cannot be reached, only that."""
    reached = reach(redis, "Redis", "REDIS_URL")
    if not reached.ok:
        return [reached]
    try:
        info = read_info(redis)
        before, (seconds, microseconds) = time.time(), redis.time()
    except RedisError as error:
        return [reached, failed("Redis' state", str(error), "allow this user INFO and TIME")]
    clock = compare_clocks("Redis' clock", seconds + microseconds / 1e6, (before + time.time()) / 2)
    return [reached, _file(info), _eviction(info), _memory(info.memory), clock]


def reach(redis: Redis, what: str, setting: str) -> Finding:
    """Return whether a Redis answers and accepts the password."""
    try:
        redis.ping()
    except RedisError as error:
        if isinstance(error, AuthenticationError) or any(sign in str(error) for sign in WRONG_PASSWORD):
            return failed(what, str(error), f"fix user and password in {setting}")
        return failed(what, f"{UNREACHED}: {error}", f"start it, open the network to it, or fix {setting}")
    return passed(what, "answers")


def _file(info: Info) -> Finding:
    if info.persistence.get("aof_enabled") != 1:
        return failed("Redis' file", "it keeps nothing on disk", "start it with appendonly yes and appendfsync always")
    if info.persistence.get("aof_last_write_status", "ok") != "ok":
        return failed("Redis' file", "the last write failed", "free space on its disk")
    return passed("Redis' file", "append-only; appendfsync cannot be queried")


def _eviction(info: Info) -> Finding:
    policy = info.memory.get("maxmemory_policy")
    if policy != "noeviction":
        return failed("Redis' eviction", f"it evicts keys ({policy})", "start it with maxmemory-policy noeviction")
    return passed("Redis' eviction", "refuses rather than evicts")


def _memory(memory: dict[str, Any]) -> Finding:
    used, most = memory["used_memory"], memory["maxmemory"]
    if not most:
        return skipped("Redis' memory", "no maxmemory is set: when memory runs out, the kernel kills Redis")
    seen = f"{used / most:.0%} of {most / 1e6:.0f} MB used"
    if used >= ROOM * most:
        return failed("Redis' memory", f"full: {seen}", "start workers that drain the journal, or raise maxmemory")
    return passed("Redis' memory", seen)
