"""Whether Redis keeps what it acknowledges: no promise holds on a journal that forgets."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import structlog
from redis import Redis
from redis.exceptions import RedisError

from core.connection import connect
from core.settings import CoreSettings

log = structlog.get_logger()

PATIENCE = 1.0
"""Seconds that the start waits for each reply of Redis, and half of that to connect."""


class Info(NamedTuple):
    """The sections ``memory``, ``persistence`` and ``replication`` of Redis' INFO."""

    memory: dict[str, Any]
    persistence: dict[str, Any]
    replication: dict[str, Any]

    @property
    def volatility(self) -> str | None:
        """Why acknowledged strings could be lost, with the remedy; None when they could not."""
        problems = []
        if self.persistence.get("aof_enabled") != 1:
            problems.append("it keeps nothing on disk: start it with appendonly yes")
        if (policy := self.memory.get("maxmemory_policy")) != "noeviction":
            problems.append(f"it evicts keys ({policy}): start it with maxmemory-policy noeviction")
        return f"Redis loses what it has acknowledged, {'; '.join(problems)}" if problems else None


def read_info(redis: Redis) -> Info:
    """Return these sections, in one round trip. Raises RedisError."""
    asked = redis.pipeline(transaction=False)
    for section in Info._fields:
        asked.info(section)
    return Info(*asked.execute())


def refuse_volatile(settings: CoreSettings) -> None:
    """Stop the process, with one line, when Redis would lose what it acknowledges and the settings do not allow that.

    A Redis that does not answer within roughly 2 s stops nothing: outages are normal, and it is checked again later.
    """
    if settings.allow_volatile_journal:
        return
    try:
        with connect(settings.redis_url, timeout=PATIENCE) as redis:
            problem = read_info(redis).volatility
    except RedisError:
        return
    if problem:
        print(f"REDIS_URL: {problem} (ALLOW_VOLATILE_JOURNAL=true allows it)", file=sys.stderr)  # noqa: T201
        raise SystemExit(2)


class Durability:
    """The state last seen, logged when it changes: a volatile Redis, as a warning where allowed, and its replicas."""

    def __init__(self, *, volatile_allowed: bool) -> None:
        """Begin with nothing seen."""
        self._allowed = volatile_allowed
        self.problem: str | None = None
        self._replicas: int | None = None

    @property
    def refused(self) -> bool:
        """Whether submissions must be refused at present."""
        return self.problem is not None and not self._allowed

    def note(self, info: Info) -> None:
        """Note what INFO says."""
        problem = info.volatility
        if problem and problem != self.problem:
            say = log.warning if self._allowed else log.error
            say("journal is volatile", reason=problem)
        elif self.problem and not problem:
            log.info("journal is durable again")
        self.problem = problem
        replicas = info.replication.get("connected_slaves")
        if self._replicas is not None and replicas != self._replicas:
            log.warning("replicas of Redis changed", connected=replicas, before=self._replicas)
        self._replicas = replicas
