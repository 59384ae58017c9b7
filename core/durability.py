"""Whether Redis keeps what it acknowledges: no promise holds on a journal that forgets."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple, NoReturn

import structlog
from redis import Redis
from redis.exceptions import RedisError

from core.connection import connect_shards
from core.outage_log import OutageLog
from core.settings import CoreSettings

log = structlog.get_logger()

PATIENCE = 1.0
"""Seconds that the start waits for each reply of Redis, and half of that to connect."""
KNOWS_REPLICAS_DISKS = (7, 2)
MOST_LAG = 2
"""Seconds without a word from a replica, which reports every second, after which it does not count: a wait for it
would hold up what other shards could take."""


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

    @property
    def replicas(self) -> int:
        """How many replicas receive what is written: not those that are silent, or still copy what was there before."""
        found = (
            self.replication.get(f"slave{number}") for number in range(self.replication.get("connected_slaves", 0))
        )
        return sum(isinstance(each, dict) and each["state"] == "online" and each["lag"] <= MOST_LAG for each in found)


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
    for shard in connect_shards(settings.redis_url, settings.journal_shards, PATIENCE):
        _refuse_volatile(shard.redis, settings.journal_replicas)


def _refuse_volatile(redis: Redis, replicas: int) -> None:
    try:
        with redis:
            problem = read_info(redis).volatility
            version = redis.info("server")["redis_version"]
    except RedisError:
        return
    if problem:
        _refuse(f"REDIS_URL: {problem} (ALLOW_VOLATILE_JOURNAL=true allows it)")
    if replicas and tuple(map(int, version.split(".")[:2])) < KNOWS_REPLICAS_DISKS:
        _refuse(f"JOURNAL_REPLICAS: Redis {version} cannot tell what is on its replicas' disks: use 7.2 or newer")


def _refuse(line: str) -> NoReturn:
    print(line, file=sys.stderr)  # noqa: T201
    raise SystemExit(2)


class Durability:
    """The state last seen, logged when it changes: a volatile Redis, as a warning where allowed, and its replicas."""

    def __init__(self, settings: CoreSettings) -> None:
        """Begin with nothing seen."""
        self._allowed, self._needed = settings.allow_volatile_journal, settings.journal_replicas
        self.problem: str | None = None
        self._replicas: int | None = None
        self.too_few_replicas = False
        """Whether no write can be on as many replicas as it has to be."""
        self._too_few = OutageLog("too few replicas of Redis", "enough replicas of Redis again")

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
        self.too_few_replicas = info.replicas < self._needed
        if self.too_few_replicas:
            self._too_few.met(f"{info.replicas} replicate, {self._needed} must: nothing is accepted")
        else:
            self._too_few.over()
