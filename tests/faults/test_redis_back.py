"""A restart of Redis costs at most two seconds of refusals, whichever process is asked, and whatever for."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from redis import Redis as RedisClient
from redis.exceptions import RedisError
from support import Client, eventually

from faults.world import World
from local import nginx
from local.ready import get

pytestmark = pytest.mark.timeout(120)
BACK_WITHIN = 5.0
"""Seconds; less than one on a quiet machine."""
LOOK_UPS = 8
SLOW_LOADING = ("--key-load-delay", "100")
"""Redis' own way to load slowly: a number of µs for each command, as if its files were a hundred times as long."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A whole system that these tests share."""
    if nginx.find() is None:
        pytest.skip("NO NGINX, Redis' restarts are not tested: install nginx-light")
    with World(tmp_path_factory.mktemp("world")) as started:
        yield started


def answers(world: World) -> list[int]:
    """Ask each process for one string, for a bulk, and for several look-ups, all of them concurrently."""
    with ThreadPoolExecutor(LOOK_UPS * 4) as pool:
        asked = [pool.submit(ask, port, what) for port in world.api_ports for what in range(2 + LOOK_UPS)]
        return [each.result() for each in asked]


def ask(port: int, what: int) -> int:
    """Send one request on a connection of its own; return the status of the answer."""
    with Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        if what == 0:
            return client.submit(f"{uuid4()}").status_code
        if what == 1:
            return client.post("/dummies/bulk", json={"texts": [f"{uuid4()} {n}" for n in range(1200)]}).status_code
        return client.get("/dummies/", params={"id": str(uuid4())}).status_code


def all_served(world: World) -> bool:
    """Tell whether nothing is refused."""
    return set(answers(world)) == {200, 202}


def seen_away(world: World) -> bool:
    """Tell whether each process has noticed that Redis does not answer."""
    said = [get(port, "/pipeline") for port in world.api_ports]
    return all(each and json.loads(each)["journal"]["status"] == "away" for each in said)


def killed(world: World) -> None:
    world.redis.kill()
    eventually(lambda: seen_away(world), within=30)
    world.redis.start()


def stopped(world: World) -> None:
    world.redis.pause()
    eventually(lambda: seen_away(world), within=30)
    world.redis.resume()


def slow_to_load(world: World) -> None:
    """It answers LOADING, and not even that most of the time."""
    usual = world.redis.command
    world.redis.command = lambda: [*usual(), *SLOW_LOADING]  # type: ignore[method-assign]
    try:
        killed(world)
    finally:
        world.redis.command = usual  # type: ignore[method-assign]


def busy(world: World) -> None:
    """A script runs without end, until it is killed."""
    world.client.config_set("lua-time-limit", 100)
    script = threading.Thread(target=run_for_ever, args=[world.redis.url])
    script.start()
    eventually(lambda: 503 in answers(world), within=30)
    world.client.script_kill()
    script.join(10)


def run_for_ever(url: str) -> None:
    with RedisClient.from_url(url, socket_timeout=30) as client, pytest.raises(RedisError, match="killed"):
        client.eval("while true do end", 0)


def unreachable(world: World) -> None:
    """Connections can be made, but nothing passes."""
    world.link("api-redis", "blackhole")
    eventually(lambda: seen_away(world), within=30)
    world.link("api-redis", "pass")


def on_another_machine(world: World) -> None:
    """The machine is lost without closing its connections; a look has just begun when Redis is back on another one."""
    world.link("api-redis", "vanish")
    eventually(lambda: seen_away(world), within=30)
    looks = int(world.link("api-redis", "count"))
    eventually(lambda: int(world.link("api-redis", "count")) > looks, within=30)
    world.link("api-redis", "pass")


@pytest.mark.parametrize("outage", [killed, stopped, slow_to_load, busy, unreachable, on_another_machine])
def test_refusals_end_soon_after_redis_is_back(world: World, outage: Callable[[World], None]) -> None:
    eventually(lambda: all_served(world), within=30)
    outage(world)
    eventually(world.redis.answers, within=30)
    eventually(lambda: all_served(world), within=BACK_WITHIN)
    assert all_served(world)
