"""Whatever Redis answers, and whatever its clock says: nothing waits forever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from redis import Redis as RedisClient
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from support import REFUSE, UNPLANT, Client, count_rows, eventually, query, redis_of, waiting

from core.keys import KEYS
from local.ports import free_port
from local.redis import Redis, wheel_server
from local.system import System

pytestmark = pytest.mark.timeout(180)
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


class Trouble(NamedTuple):
    """What Redis is made to answer to whatever the tiers ask of it, and how that ends."""

    begin: Callable[[RedisClient], object]
    end: Callable[[RedisClient], object]


def config(name: str, value: str, before: str) -> Trouble:
    """Change a setting."""
    return Trouble(lambda redis: redis.config_set(name, value), lambda redis: redis.config_set(name, before))


def forbid(*words: str) -> Trouble:
    """Revoke rights."""
    return Trouble(
        lambda redis: redis.execute_command("ACL", "SETUSER", "default", *words),
        lambda redis: redis.execute_command("ACL", "SETUSER", "default", "+@all"),
    )


def run_endlessly(redis: RedisClient) -> None:
    """Keep Redis busy until the script is killed."""
    own_address = {name: redis.connection_pool.connection_kwargs[name] for name in ("host", "port", "password")}

    def run() -> None:
        once = Retry(NoBackoff(), 0)
        with suppress(RedisError), RedisClient(**own_address, socket_timeout=60, retry=once) as own:
            own.eval("while true do end", 0)

    threading.Thread(target=run, daemon=True).start()


REDIS_TROUBLES = {
    "NOREPLICAS": config("min-replicas-to-write", "1", "0"),
    "BUSY": Trouble(
        lambda redis: (redis.config_set("lua-time-limit", 50), run_endlessly(redis)),
        lambda redis: redis.script_kill(),
    ),
    "NOPERM script": forbid("-evalsha"),
    "NOPERM within a script": forbid("-zadd", "-xlen", "-exists"),
    "READONLY": Trouble(
        lambda redis: redis.replicaof("127.0.0.1", str(free_port())), lambda redis: redis.replicaof("NO", "ONE")
    ),
}


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system on the oldest Redis, whose errors within scripts read otherwise, with one worker."""
    system = System(tmp_path_factory.mktemp("system"))
    system.redis = Redis(system.folder / "redis", system.redis.port, binary=wheel_server())
    with system:
        system.start_api()
        system.start_worker()
        yield system


@pytest.mark.parametrize(
    ("version", "name"),
    [*(("oldest", name) for name in REDIS_TROUBLES), ("system", "BUSY"), ("system", "READONLY")],
)
def test_a_worker_survives_whatever_redis_answers(request: pytest.FixtureRequest, version: str, name: str) -> None:
    """Afterwards it is heard of, and a string is stored that no wake-up announces, even after an outage."""
    system: System = request.getfixturevalue(version)
    with Client(base_url=system.api_url, timeout=10) as client, redis_of(system) as redis:
        eventually(lambda: client.pipeline()["worker_count"] == 1, within=30)
        trouble, worker = REDIS_TROUBLES[name], next(system.folder.glob("worker*.log"))
        before = len(worker.read_text())
        trouble.begin(redis)
        try:
            assert client.submit(f"during {name}").status_code in {202, 503}
            eventually(lambda: not client.part_is("journal", "up"), within=30)
            assert client.submit(f"during {name}").json()["type"].endswith(":journal-away")
            eventually(lambda: "journal unavailable" in worker.read_text()[before:], within=30)
        finally:
            trouble.end(redis)
        eventually(lambda: client.pipeline()["worker_count"] == 1, within=30)
        redis.set(KEYS.wakeup, "1", px=10_000)
        eventually(lambda: client.submit(f"after {name}", f"after {name}").status_code == 202, within=30)
        eventually(lambda: waiting(system) == 0, within=30)
        assert client.pipeline()["unaccounted"] == 0


@pytest.mark.parametrize("hours", [-9, 9])
def test_redis_clock_may_be_put_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    """With strings in hand, waiting and set aside, while PostgreSQL is down: all are stored soon after it is back."""
    if FAKETIME is None:
        pytest.skip("NO FAKETIME, no clock can be put wrong: install faketime")
    offset = tmp_path / "offset"
    offset.write_text("+0")
    with monkeypatch.context() as only_redis:
        only_redis.setenv("LD_PRELOAD", str(FAKETIME))
        only_redis.setenv("FAKETIME_TIMESTAMP_FILE", str(offset))
        only_redis.setenv("FAKETIME_CACHE_DURATION", "1")
        only_redis.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        system = System(tmp_path / "system")
        system.redis = Redis(system.folder / "redis", system.redis.port, binary=wheel_server())
        system.redis.start()
    with system, Client(base_url=system.api_url, timeout=10) as client:
        system.start_api()
        system.start_worker()
        query(system, REFUSE.format("IF NEW.text = 'odd' THEN RAISE 'odd'; END IF;"))
        ids = [client.submit(text).json()["id"] for text in ("odd", "even")]
        eventually(lambda: client.pipeline()["set_aside"] == 1 and count_rows(system) == 1, within=20)
        system.postgres.stop()
        ids += client.submit_all(f"waits {n}" for n in range(100))
        eventually(lambda: redis_of(system).exists(KEYS.database_away), within=30)
        offset.write_text(f"{hours:+d}h")
        eventually(lambda: abs(redis_of(system).time()[0] - time.time()) > 3600, within=30)
        eventually(lambda: client.pipeline()["worker_count"] == 1, within=30)
        system.postgres.start()
        query(system, UNPLANT)
        eventually(lambda: waiting(system) == 0, within=60)
        assert {state["status"] for state in client.states(ids)} == {"stored"}
        assert client.pipeline()["unaccounted"] == 0
