"""Lua scripts, and what makes their writes outlive their server: the wait for its replicas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from redis import Redis
from redis.commands.core import Script
from redis.exceptions import NoScriptError, RedisError

from core.keys import Keys
from core.settings import CoreSettings

_LUA = Path(__file__).parent / "lua"
_WITH_RECORDS = {"append", "complete", "dead_letter", "discard", "find", "retry", "split"}
ANSWER_WITHIN_MS, FLUSHED_WITHIN_MS = 1_100, 500
"""How long the two waits for replicas may take: together less than the time-out of a call, two seconds."""

Run = Callable[[Sequence[str], Sequence[Any]], Any]
"""Runs a script with these keys and arguments, and returns its reply."""


class NotReplicated(RedisError):  # type: ignore[misc]
    """A write is on the disk of fewer replicas than it should be; it may be kept or lost."""


class Replication(NamedTuple):
    """On the disks of how many replicas a write must be, too, before it counts.

    Where ``in_memory`` is true it is enough that they have received it, as Redis before 7.2 can tell no more.
    """

    replicas: int = 0
    in_memory: bool = False

    @classmethod
    def of(cls, settings: CoreSettings) -> Replication:
        """Return what the settings ask for."""
        return cls(settings.journal_replicas, settings.allow_volatile_journal)

    @property
    def waits(self) -> list[tuple[str | int, ...]]:
        """The commands that wait for the connection's last write.

        A replica that is asked by WAITAOF alone answers before it has flushed its file, and again up to a second later
        (8.0.2: 0.9 s each). When WAIT has returned it has flushed, so that the next answer says so: 1 to 2 ms.
        """
        received = ("WAIT", self.replicas, ANSWER_WITHIN_MS)
        return [received] if self.in_memory else [received, ("WAITAOF", 1, self.replicas, FLUSHED_WITHIN_MS)]


ALONE = Replication()
"""A write counts when it is on Redis' own disk."""


def load_script(redis: Redis, name: str) -> Script:
    """Return the Lua script of that name; it is sent to Redis once, and called by its hash afterwards."""
    files = ["records", name] if name in _WITH_RECORDS else [name]
    return redis.register_script("".join((_LUA / f"{file}.lua").read_text(encoding="utf-8") for file in files))


def load_durable(redis: Redis, name: str, keys: Keys, replication: Replication) -> Run:
    """Return a script whose reply counts: what it wrote, or found, is where ``replication`` wants it.

    Without replicas this is what Redis itself does (``appendfsync always``). Else a call raises NotReplicated where too
    few answer in time, and RedisError as any other.
    """
    script = load_script(redis, name)
    return partial(_run_and_wait, script, keys.writable, replication) if replication.replicas else script


def _run_and_wait(
    script: Script, mark: str, replication: Replication, keys: Sequence[str], arguments: Sequence[Any]
) -> Any:
    """Run and wait, in one round trip on one connection.

    A wait covers all that the server wrote up to the connection's last write. A script that finds everything there
    writes nothing: its wait would cover nothing, and what it found may be on this server alone. Hence the mark.
    """
    reply, *others = replies = _send(script, mark, replication, keys, arguments)
    if isinstance(reply, NoScriptError):  # a replica that has become the primary does not know it
        script.registered_client.script_load(script.script)
        reply, *others = replies = _send(script, mark, replication, keys, arguments)
    for each in replies:
        if isinstance(each, Exception):
            raise each if each is reply else NotReplicated(str(each)) from each
    waited = others[-1]
    here, reached = (1, waited) if replication.in_memory else waited
    if not here or reached < replication.replicas:
        where = f"{reached} of {replication.replicas} replicas" if here else "Redis' own disk: not"
        raise NotReplicated(f"on {where} within {ANSWER_WITHIN_MS} ms")
    return reply


def _send(
    script: Script, mark: str, replication: Replication, keys: Sequence[str], arguments: Sequence[Any]
) -> list[Any]:
    with script.registered_client.pipeline(transaction=False) as asked:
        asked.evalsha(script.sha, len(keys), *keys, *arguments)
        asked.set(mark, "1")
        for wait in replication.waits:
            asked.execute_command(*wait)
        return list(asked.execute(raise_on_error=False))
