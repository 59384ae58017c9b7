"""The manifests in a real cluster under load: rolled out, scaled and broken without a failed request, and killed.

Run by `make test-cluster` against the current context of kubectl, in a namespace that is made for it and deleted
afterwards; settings.py says what may be set. It takes about ten minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from cluster.deployment import ROLLOUT_TIMEOUT, Deployment
from cluster.kubectl import NoCluster, connect
from cluster.overlay import TIERS
from cluster.settings import Settings
from steady_load import LEAST, compare, under_load
from support import Client, eventually

pytestmark = pytest.mark.timeout(0)  # every step has a limit of its own, and cleaning up must not be cut short
BROKEN_WITHIN = 20


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    """Everything, in a namespace of its own."""
    settings = Settings.read()
    try:
        kubectl = connect(settings.kubectl, f"ix-dummies-test-{uuid4().hex[:8]}")
    except NoCluster as error:
        pytest.skip(f"NO CLUSTER, the manifests are not tested: {error}")
    with Deployment(settings, kubectl) as started:
        print(f"up after {started.up_seconds:.0f} s: {' and '.join(started.urls)}")
        yield started


@pytest.fixture(scope="module")
def accepted() -> list[str]:
    """Every text that was accepted, for the last comparison."""
    return []


def restart_and_undo(deployment: Deployment, tier: str) -> None:
    """Roll out new pods, and go back."""
    deployment.restart(tier)
    deployment.undo(tier)


def scale_up_and_down(deployment: Deployment, tier: str) -> None:
    """Have three, and then one again."""
    deployment.scale(tier, 3)
    deployment.scale(tier, 1)


def break_and_undo(deployment: Deployment, tier: str) -> None:
    """Roll out an image that does not exist, see that it gets nowhere, and go back."""
    good = deployment.image(tier)
    broken = f"{good.rpartition(':')[0]}:does-not-exist"
    deployment.set_image(tier, broken)
    try:
        assert not deployment.completes(tier, within=BROKEN_WITHIN)
        assert deployment.readiness(tier) == {good: True, broken: False}
    finally:
        deployment.undo(tier)
    assert deployment.image(tier) == good


def kill(deployment: Deployment, tier: str) -> None:
    """Kill, and wait until strings are accepted again."""
    deployment.kill(tier)
    deployment.settle(tier)
    eventually(deployment.accepting, within=ROLLOUT_TIMEOUT)


def test_a_string_is_stored(deployment: Deployment) -> None:
    texts = ["안녕하세요, 쿠버네티스! 👋🏽", "a 'quoted'\tstring\nof \\N lines"]
    for url, text in zip(deployment.urls, texts, strict=True):
        with Client(base_url=url, timeout=10, trust_env=False) as client:
            client.submit(text).raise_for_status()
    eventually(deployment.drained, within=60)
    assert sorted(deployment.texts()) == sorted(texts)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("change", [restart_and_undo, scale_up_and_down, break_and_undo])
def test_no_request_fails(
    deployment: Deployment, accepted: list[str], change: Callable[[Deployment, str], None], tier: str
) -> None:
    load = under_load(deployment.urls, accepted, lambda: change(deployment, tier))
    assert not load.failures
    assert load.answered_meanwhile >= LEAST


@pytest.mark.parametrize("tier", ["worker", "api", "web", "redis", "postgresql"])
def test_killed_under_load_it_recovers(deployment: Deployment, accepted: list[str], tier: str) -> None:
    under_load(deployment.urls, accepted, lambda: kill(deployment, tier))
    eventually(deployment.drained, within=ROLLOUT_TIMEOUT)
    assert deployment.accepting()


def test_nothing_accepted_was_lost_or_doubled(deployment: Deployment, accepted: list[str]) -> None:
    eventually(deployment.drained, within=ROLLOUT_TIMEOUT)
    assert accepted
    assert compare(accepted, deployment.texts()) == ([], [])
