"""Faults of Redis and of what is in it: the broker's queue, the consumer group, the files, the memory."""

from __future__ import annotations

import os
import shutil
import time

from core.entries import VERSION
from core.keys import GROUP, KEYS
from core.wakeups import QUEUE
from faults import small_disk
from faults.harm import Harm, Seen, comes, keep_doing
from local.ports import free_port
from local.redis import Redis

JUNK = (b"", b"{", b"[]", b"\xff\xfe", b"\x80\x04}.", b'{"body": "e30=", "headers": {}, "properties": {}}')
"""Not JSON, JSON of another shape, pickle, and a message that lacks its delivery tag."""


def steal_wakeup(harm: Harm) -> Seen:
    """Take messages off the Celery queue before any worker does."""
    return keep_doing(harm.seconds, lambda: harm.world.client.lpop(QUEUE))


def send_junk(harm: Harm) -> Seen:
    """Send messages that are no wake-ups: the workers drop and log them."""
    before = _dropped(harm)
    harm.world.client.lpush(QUEUE, *JUNK)
    return comes(lambda: _dropped(harm) >= before + len(JUNK))


def _dropped(harm: Harm) -> int:
    logs = harm.world.system.folder.glob("worker*.log")
    return sum(log.read_bytes().count(b"it is not a wake-up") for log in logs)


def flush_broker(harm: Harm) -> Seen:
    """Delete the whole queue, and with it what kombu knows of unacknowledged messages."""
    keys = (QUEUE, "unacked", "unacked_index", "unacked_mutex")
    return keep_doing(harm.seconds, lambda: harm.world.client.delete(*keys))


def delete_group(harm: Harm) -> Seen:
    """Delete the consumer group, and with it what is claimed."""
    return bool(harm.world.client.xgroup_destroy(KEYS.journal, GROUP))


def append_newer(harm: Harm) -> Seen:
    """Append an entry that only newer workers can read, and complete it as one of them would."""
    client = harm.world.client
    with client.pipeline() as newer_api:
        newer_api.xadd(KEYS.journal, {"v": VERSION + 1, "n": 1, "texts": "\x93"})
        newer_api.incr(KEYS.waiting)
        newer_api.incr(KEYS.appended)
        entry = newer_api.execute()[0]
    seen = comes(lambda: client.xpending_range(KEYS.journal, GROUP, entry, entry, 1))
    with client.pipeline() as newer_worker:
        newer_worker.xack(KEYS.journal, GROUP, entry)
        newer_worker.xdel(KEYS.journal, entry)
        newer_worker.decr(KEYS.waiting)
        newer_worker.incr(KEYS.stored)
        newer_worker.execute()
    return seen


def kill_redis(harm: Harm) -> Seen:
    """Kill Redis; start it again on its files."""
    harm.world.redis.kill()
    time.sleep(harm.seconds)
    harm.world.redis.start()
    return True


def truncate_aof(harm: Harm) -> Seen:
    """Start a copy of Redis' files with their last bytes cut off: it must load all but the last, torn command.

    A torn command was never acknowledged: Redis answers once it is on disk.
    """
    copy = harm.world.folder / f"torn{time.monotonic_ns()}"
    shutil.copytree(harm.world.redis.folder, copy, ignore=shutil.ignore_patterns("lock", "server.log"))
    logs = [file for file in copy.rglob("*.aof") if file.stat().st_size > 100]
    newest = max(logs, key=lambda file: file.name)
    os.truncate(newest, newest.stat().st_size - harm.random.randrange(1, 20))
    with Redis(copy, free_port()) as torn:
        return torn.answers()


def pause_server(name: str, harm: Harm) -> Seen:
    """Stop a server's processes; connections stay open, and nothing answers."""
    server = getattr(harm.world, name)
    server.pause()
    time.sleep(harm.seconds)
    server.resume()
    return bool(server.running)


def fill_redis(harm: Harm) -> Seen:
    """Leave Redis no memory beyond what it uses at present."""
    harm.world.client.config_set("maxmemory", harm.world.client.info("memory")["used_memory"])
    try:
        seen = comes(lambda: b'"accepting":false' in (harm.world.reach(0) or b""))
        time.sleep(harm.seconds)
    finally:
        harm.world.client.config_set("maxmemory", "512mb")
    return seen


def fill_disk(harm: Harm) -> Seen:
    """Leave the append-only file no room: Redis ends rather than acknowledge what it cannot keep."""
    redis = harm.world.redis
    small_disk.fill(redis.folder)
    try:
        seen = comes(lambda: not redis.running)
        time.sleep(harm.seconds)
    finally:
        small_disk.empty(redis.folder)
        redis.start()
    return seen
