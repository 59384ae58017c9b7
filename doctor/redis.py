"""The journal's Redis as the doctor sees it: reachable, durable, with room, and in time."""

from __future__ import annotations

import time
from typing import Any

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

from core.durability import Info, read_info
from doctor.clock import compare
from doctor.finding import Finding, ill, unseen, well

ROOM = 0.9
"""The part of maxmemory above which the API refuses strings."""
WRONG_PASSWORD = ("WRONGPASS", "NOAUTH", "invalid username-password")


def look_at_redis(redis: Redis) -> list[Finding]:
    """Return what is found of Redis; where it cannot be reached, that alone."""
    reached = reach(redis, "Redis", "REDIS_URL")
    if not reached.well:
        return [reached]
    try:
        info = read_info(redis)
        before, (seconds, microseconds) = time.time(), redis.time()
    except RedisError as error:
        return [reached, ill("Redis' state", str(error), "let this user use INFO and TIME")]
    clock = compare("Redis' clock", seconds + microseconds / 1e6, (before + time.time()) / 2)
    return [reached, _file(info), _eviction(info), _memory(info.memory), clock]


def reach(redis: Redis, what: str, setting: str) -> Finding:
    """Return whether a Redis answers, and lets us in."""
    try:
        redis.ping()
    except AuthenticationError as error:
        return ill(what, str(error), f"mend user and password in {setting}")
    except RedisError as error:
        if any(sign in str(error) for sign in WRONG_PASSWORD):
            return ill(what, str(error), f"mend user and password in {setting}")
        return ill(what, f"does not answer: {error}", f"start it, open the way to it, or mend {setting}")
    return well(what, "answers")


def _file(info: Info) -> Finding:
    if info.persistence.get("aof_enabled") != 1:
        return ill("Redis' file", "it keeps nothing on disk", "start it with appendonly yes and appendfsync always")
    if info.persistence.get("aof_last_write_status", "ok") != "ok":
        return ill("Redis' file", "the last write failed", "make room on its disk")
    return well("Redis' file", "append-only; whether each command is on disk before it answers cannot be asked")


def _eviction(info: Info) -> Finding:
    policy = info.memory.get("maxmemory_policy")
    if policy != "noeviction":
        return ill("Redis' eviction", f"it evicts keys ({policy})", "start it with maxmemory-policy noeviction")
    return well("Redis' eviction", "refuses rather than evicts")


def _memory(memory: dict[str, Any]) -> Finding:
    used, most = memory["used_memory"], memory["maxmemory"]
    if not most:
        return unseen("Redis' memory", "no maxmemory is set: when it is used up, the kernel ends Redis")
    seen = f"{used / most:.0%} of {most / 1e6:.0f} MB used"
    if used >= ROOM * most:
        return ill("Redis' memory", f"full: {seen}", "have workers drain the journal, or give it more memory")
    return well("Redis' memory", seen)
