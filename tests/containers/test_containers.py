"""The images under load: replaced, scaled and killed, without a failed request where it is done gracefully.

Run by `make test-containers`; it takes about five minutes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from browsing import launch
from containers.fronts import API, Fronts
from containers.stack import Stack, docker, missing, pre_stop, published, stop
from playwright.sync_api import expect, sync_playwright
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from steady_load import LEAST, compare, under_load
from support import Client, eventually, rows_in_flower

pytestmark = pytest.mark.timeout(300)
BACK_WITHIN = 2.0
GRACEFUL = ["api", "worker", "web"]
LARGE = {
    "text/plain": "\n".join(["👋" + "x" * 820] * 9999).encode(),
    "application/json": b'{"texts":[' + b",".join([b"[]"] * 2_700_000) + b"]}",
}
"""Bulks by their media type; of the first every character takes four bytes in memory, of the second each value 72."""
ASK_A_SILENT_NAME_SERVER = """
import socket, time
from redis import RedisError
from core.connection import connect
with socket.socket(type=socket.SOCK_DGRAM) as silent:
    silent.bind(("127.0.0.1", 53))
    began = time.monotonic()
    try:
        connect("redis://redis/0").ping()
    except RedisError:
        print(time.monotonic() - began)
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Everything, from images made of this folder."""
    reason = missing()
    if reason:
        pytest.skip(f"NO CONTAINER ENGINE, the images are not tested: {reason}")
    with Stack() as started:
        print(f"up after {started.up_seconds:.0f} s")
        yield started


@pytest.fixture(scope="module")
def fronts(stack: Stack) -> Iterator[Fronts]:
    """The page's one address, and the API's."""
    with Fronts() as fronts:
        fronts.send_to(*stack.containers("web"))
        yield fronts


@pytest.fixture(scope="module")
def accepted() -> list[str]:
    """Every text that was accepted, for the last comparison."""
    return []


@pytest.fixture(scope="module")
def two(stack: Stack, fronts: Fronts) -> None:
    """Two containers of the API, and of the page, from now on."""
    for tier in ("api", "web"):
        stack.scale(tier, 2)
    fronts.send_to(*stack.containers("web"))


def replace(stack: Stack, fronts: Fronts, tier: str) -> None:
    """Put a new container in the place of the old one, as a rolling update does."""
    (old,) = stack.containers(tier)
    stack.scale(tier, 2)
    if tier == "web":
        fronts.send_to(*(each for each in stack.containers(tier) if each != old))
        pre_stop(old)
    assert stop(old) == 0


def scale_up_and_down(stack: Stack, fronts: Fronts, tier: str) -> None:
    """Have three, and then one again."""
    stack.scale(tier, 3)
    if tier != "web":
        stack.scale(tier, 1)
        return
    first, *surplus = stack.containers(tier)
    fronts.send_to(first, *surplus)
    assert fronts.all_served()  # by all three
    fronts.send_to(first)
    for container in surplus:
        pre_stop(container)
        assert stop(container) == 0


def kill(stack: Stack, fronts: Fronts, tier: str) -> None:
    """Kill, start again, and wait until strings are accepted."""
    stack.kill_and_restart(tier)
    fronts.send_to(*stack.containers("web"))
    eventually(fronts.accepting, within=30)


def submit_large(port: int, kind: str) -> int:
    """Send one bulk of 8 MB; return the status."""
    with Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        return client.post("/dummies/bulk", content=LARGE[kind], headers={"Content-Type": kind}).status_code


def processes(container: str) -> list[str]:
    """Return the ids of the processes that serve; granian replaces one that was killed for its memory."""
    return [line.split()[0] for line in docker("top", container, "-o", "pid,args").splitlines() if " -m api " in line]


def redis_answers(stack: Stack) -> bool:
    """Tell whether Redis has loaded its data."""
    (container,) = stack.containers("redis")
    try:
        with Redis(port=published(container, 6379), socket_timeout=1, retry=Retry(NoBackoff(), 0)) as redis:
            return bool(redis.ping())
    except RedisError:
        return False


def test_a_string_goes_from_the_browser_to_the_row(stack: Stack, fronts: Fronts) -> None:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(locale="ko-KR")
        page.goto(fronts.page)
        page.get_by_role("textbox").fill("안녕하세요, 컨테이너! 👋🏽")
        page.get_by_role("textbox").press("Enter")
        row = page.get_by_role("main").get_by_role("listitem").first
        expect(row).to_contain_text("저장됨", timeout=20_000)
        browser.close()
    assert stack.texts() == ["안녕하세요, 컨테이너! 👋🏽"]


def test_flower_shows_what_was_stored(stack: Stack, fronts: Fronts) -> None:
    (flower,) = stack.containers("flower")
    with Client(base_url=fronts.api, timeout=10) as client:
        eventually(lambda: client.submit(f"more {uuid4()}") and rows_in_flower(published(flower, 5555)) > 0, within=20)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("image", ["ix-api:dev", "ix-worker:dev"])
def test_a_name_server_that_is_silent_does_not_hold_up_a_call(image: str) -> None:
    """Docker's name server is, about a stopped container, if its upstream is silent; by default the call takes 20 s."""
    options = ["--rm", "--dns=127.0.0.1", "--entrypoint=python"]
    assert float(docker("run", *options, image, "-c", ASK_A_SILENT_NAME_SERVER)) < 5


@pytest.mark.parametrize("tier", GRACEFUL)
@pytest.mark.parametrize("change", [replace, scale_up_and_down])
def test_no_request_fails(
    stack: Stack,
    fronts: Fronts,
    accepted: list[str],
    change: Callable[[Stack, Fronts, str], None],
    tier: str,
) -> None:
    load = under_load(fronts.urls, accepted, lambda: change(stack, fronts, tier))
    assert not load.failures
    assert load.answered_meanwhile >= LEAST
    assert len(stack.containers(tier)) == 1


@pytest.mark.parametrize("tier", ["worker", "api", "web", "redis", "postgresql"])
def test_killed_under_load_it_recovers(stack: Stack, fronts: Fronts, accepted: list[str], tier: str) -> None:
    under_load(fronts.urls, accepted, lambda: kill(stack, fronts, tier))


def killed(container: str) -> None:
    docker("kill", "--signal", "KILL", container)


def stopped(container: str) -> None:
    docker("stop", container)


def paused(container: str) -> None:
    docker("pause", container)


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(("outage", "end"), [(killed, "start"), (stopped, "start"), (paused, "unpause")])
def test_refusals_end_soon_after_redis_is_back(
    stack: Stack, fronts: Fronts, outage: Callable[[str], None], end: str
) -> None:
    """Its name is unknown meanwhile, or looking it up is not answered at all; both processes notice that it is back."""
    eventually(fronts.all_served, within=30)
    (redis,) = stack.containers("redis")
    outage(redis)
    eventually(lambda: all(each["journal"]["status"] == "away" for each in fronts.pipelines()), within=20)
    docker(end, redis)
    eventually(lambda: redis_answers(stack), within=20)
    back = sent = time.monotonic()
    while not fronts.all_served():  # that takes a while itself; when it was sent counts
        assert sent - back < BACK_WITHIN
        sent = time.monotonic()
    print(f"what was sent after {sent - back:.1f} s was served")
    assert fronts.all_served()


def test_nothing_accepted_was_lost_or_doubled(stack: Stack, fronts: Fronts, accepted: list[str]) -> None:
    eventually(lambda: all(each["waiting"] == 0 for each in fronts.pipelines()), within=60)
    assert accepted
    assert compare(accepted, stack.texts()) == ([], [])


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("kind", LARGE)
def test_large_bulks_do_not_exhaust_an_api_container(stack: Stack, fronts: Fronts, kind: str) -> None:
    """More of them than one nginx lets through, of the kinds that take most; how many are refused is not looked at."""
    stack.scale("api", 1)
    (api,) = stack.containers("api")
    before = processes(api)
    ports = [published(each, API) for each in stack.containers("web")] * 8
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(submit_large, ports, [kind] * len(ports)))
    print(Counter(statuses))
    assert set(statuses) <= {202, 413, 503}
    assert processes(api) == before
    eventually(fronts.all_served, within=30)
