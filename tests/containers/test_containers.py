"""The images under load: replaced, scaled and killed, without a failed request where it is done gracefully.

Run by `make test-containers`; it takes about three minutes.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from containers.balancer import Balancer
from containers.stack import Stack, docker, missing, pre_stop, published, stop
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect, sync_playwright
from steady_load import SteadyLoad, compare
from support import Client, eventually, rows_in_flower

pytestmark = pytest.mark.timeout(300)
SETTLE = 3.0
LEAST_RATE = 200
GRACEFUL = ["api", "worker", "web"]
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
def service(stack: Stack) -> Iterator[Balancer]:
    """The page's one address."""
    with Balancer() as balancer:
        balancer.send_to(*page_ports(stack))
        yield balancer


@pytest.fixture(scope="module")
def accepted() -> list[str]:
    """Every text that was accepted, for the last comparison."""
    return []


def page_ports(stack: Stack) -> list[int]:
    """Return the ports of all containers of the page."""
    return [published(container, 8080) for container in stack.containers("web")]


def pipeline(service: Balancer) -> dict[str, Any]:
    """Return how the pipeline is doing."""
    with Client(base_url=service.url, timeout=10) as client:
        return client.pipeline()


def under_load(service: Balancer, accepted: list[str], action: Callable[[], None]) -> SteadyLoad:
    """Do something while clients submit, and let it settle."""
    with SteadyLoad([service.url]) as load:
        time.sleep(SETTLE)
        action()
        time.sleep(SETTLE)
    accepted += load.accepted
    print(load.report())
    return load


def replace(stack: Stack, service: Balancer, tier: str) -> None:
    """Put a new container in the place of the old one, as a rolling update does."""
    (old,) = stack.containers(tier)
    stack.scale(tier, 2)
    if tier == "web":
        service.send_to(*(port for port in page_ports(stack) if port != published(old, 8080)))
        pre_stop(old)
    assert stop(old) == 0


def scale_up_and_down(stack: Stack, service: Balancer, tier: str) -> None:
    """Have three, and then one again."""
    stack.scale(tier, 3)
    if tier != "web":
        stack.scale(tier, 1)
        return
    service.send_to(*page_ports(stack))
    time.sleep(SETTLE)
    _, *surplus = stack.containers(tier)
    service.send_to(published(stack.containers(tier)[0], 8080))
    for container in surplus:
        pre_stop(container)
        assert stop(container) == 0


def test_a_string_goes_from_the_browser_to_the_row(stack: Stack, service: Balancer) -> None:
    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        try:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        except PlaywrightError as error:
            pytest.skip(f"NO BROWSER: {error.message.splitlines()[0]}")
        page = browser.new_page(locale="ko-KR")
        page.goto(service.url)
        page.get_by_role("textbox").fill("안녕하세요, 컨테이너! 👋🏽")
        page.get_by_role("textbox").press("Enter")
        row = page.get_by_role("main").get_by_role("listitem").first
        expect(row).to_contain_text("저장됨", timeout=20_000)
        browser.close()
    assert stack.texts() == ["안녕하세요, 컨테이너! 👋🏽"]


def test_flower_shows_what_was_stored(stack: Stack, service: Balancer) -> None:
    (flower,) = stack.containers("flower")
    with Client(base_url=service.url, timeout=10) as client:
        eventually(lambda: client.submit(f"more {uuid4()}") and rows_in_flower(published(flower, 5555)) > 0, within=20)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("image", ["ix-api:dev", "ix-worker:dev"])
def test_a_name_server_that_is_silent_does_not_hold_up_a_call(image: str) -> None:
    """As docker's is about a stopped container where its upstream is silent; by default the call takes 20 s."""
    options = ["--rm", "--dns=127.0.0.1", "--entrypoint=python"]
    assert float(docker("run", *options, image, "-c", ASK_A_SILENT_NAME_SERVER)) < 5


@pytest.mark.parametrize("tier", GRACEFUL)
@pytest.mark.parametrize("change", [replace, scale_up_and_down])
def test_no_request_fails(
    stack: Stack,
    service: Balancer,
    accepted: list[str],
    change: Callable[[Stack, Balancer, str], None],
    tier: str,
) -> None:
    load = under_load(service, accepted, lambda: change(stack, service, tier))
    assert not load.failures
    assert load.rate >= LEAST_RATE
    assert len(stack.containers(tier)) == 1


@pytest.mark.parametrize("tier", ["worker", "api", "web", "redis", "postgresql"])
def test_killed_under_load_it_recovers(stack: Stack, service: Balancer, accepted: list[str], tier: str) -> None:
    load = under_load(service, accepted, lambda: stack.kill_and_restart(tier))
    assert len(load.accepted) > LEAST_RATE
    service.send_to(*page_ports(stack))
    eventually(lambda: pipeline(service)["accepting"], within=30)


def test_nothing_accepted_was_lost_or_doubled(stack: Stack, service: Balancer, accepted: list[str]) -> None:
    eventually(lambda: pipeline(service)["waiting"] == 0, within=60)
    assert len(accepted) > 10 * LEAST_RATE
    assert compare(accepted, stack.texts()) == ([], [])
