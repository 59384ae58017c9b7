"""A script that never ends, sent by who has taken over the API: Redis is restarted and has lost nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from redis_pod import KEEPER, RedisPod, probes, skip_without_users
from strings import key_of, single, submissions_of
from support import eventually

from core.connection import connect
from core.ids import packed
from core.journal import Journal
from core.keys import KEYS
from core.watch import Watch

WRITES = """
redis.call('XADD', KEYS[1], '*', 'v', 1, 'n', 1, 'items', '[]')
redis.call('INCRBY', KEYS[2], 1000)
redis.call('HSET', KEYS[3], ARGV[1], 'overwritten')
"""
ENDLESS = {
    "a loop": "while true do end",
    "a single call": "string.find(string.rep('a', 200), string.rep('a-', 60) .. 'b')",
}
BUSY_AFTER = 5
"""Seconds that a script runs before Redis answers BUSY, by default."""
LOADED_KEYS = 1_500


def client_of(pod: RedisPod, user: str, seconds: float = 3) -> Redis:
    """Return a client that waits so long for a reply and repeats nothing."""
    return Redis.from_url(pod.url_as(user), socket_timeout=seconds, retry=Retry(NoBackoff(), 0))


def is_loading(pod: RedisPod) -> bool:
    """Tell whether it loads its data."""
    with client_of(pod, KEEPER) as keeper:
        try:
            return bool(keeper.info()["loading"])
        except RedisError:
            return False


@pytest.fixture(autouse=True)
def _with_users() -> None:
    skip_without_users()


@pytest.mark.parametrize("endless", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_script_that_has_written_costs_no_string(tmp_path: Path, endless: str) -> None:
    """SCRIPT KILL does not end it, and Redis does not heed SIGTERM meanwhile: its own probe has to have it killed."""
    accepted = [single(f"text {number}") for number in range(50)]
    with RedisPod(tmp_path / "redis", "--busy-reply-threshold", "100") as pod, connect(pod.url_as("api")) as api:
        journal = Journal(api)
        for unit in accepted:
            journal.append([unit])
        with connect(pod.url_as("worker")) as worker:
            Watch(worker).heartbeat("a worker")  # from now on the balance is kept
        before = journal.counts()
        assert all(pod.probe(kind) for kind in probes())

        with client_of(pod, "api", 0.5) as attacker, suppress(RedisError):
            keys = [KEYS.journal, KEYS.waiting, key_of(accepted[0].first_id)]
            attacker.evalsha(attacker.script_load(WRITES + endless), len(keys), *keys, packed(accepted[0].first_id))
        eventually(lambda: not pod.probe("livenessProbe"), within=20)
        with client_of(pod, KEEPER, 0.5) as keeper, pytest.raises(RedisError):
            keeper.script_kill()
        pod.stop_timeout = 1  # s, then it is killed
        pod.stop()

        pod.start()
        assert all(pod.probe(kind) for kind in probes())
        ids = [unit.first_id for unit in accepted]
        found = [journal.queued_string(*each) for each in zip(ids, journal.records(ids), strict=True)]
        assert [each.submission for each in found] == [submissions_of(unit)[0] for unit in accepted]
        after = journal.counts()
        assert after._replace(oldest_s=None, workers=0) == before._replace(oldest_s=None, workers=0)
        assert after.unaccounted == 0


def test_a_redis_that_is_silent_or_loads_its_data_is_alive(tmp_path: Path) -> None:
    pod = RedisPod(tmp_path / "redis")
    with pod, client_of(pod, KEEPER) as keeper:
        pipe = keeper.pipeline(transaction=False)
        for number in range(LOADED_KEYS):
            pipe.set(number, "x" * 100)
        pipe.bgrewriteaof()
        pipe.execute()
        eventually(lambda: not keeper.info()["aof_rewrite_in_progress"], within=30)
        pod.pause()
        assert pod.probe("livenessProbe")
        pod.kill()
    slow = RedisPod(tmp_path / "redis", "--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024")
    with ThreadPoolExecutor() as pool, ExitStack() as stack:
        stack.callback(slow.stop)
        starting = pool.submit(slow.start)
        eventually(lambda: is_loading(slow), within=30)
        assert not slow.probe("startupProbe")
        assert slow.probe("livenessProbe")
        assert not starting.done()
        with client_of(slow, KEEPER) as keeper:
            keeper.config_set("key-load-delay", 0)
        starting.result()
        assert slow.probe("startupProbe")


def test_a_busy_redis_is_killed_between_30_s_and_a_minute_after_it_began() -> None:
    alive = probes()["livenessProbe"]
    assert (alive["failureThreshold"] - 1) * alive["periodSeconds"] >= 30
    slowest = BUSY_AFTER + alive["failureThreshold"] * alive["periodSeconds"] + alive["terminationGracePeriodSeconds"]
    assert slowest <= 60
