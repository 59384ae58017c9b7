"""Every overlay keeps to every policy that is for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from k8s.policies import POLICIES, load

load("rules_")
CASES = [(name, overlay) for name, policy in POLICIES.items() for overlay in policy.overlays]


@pytest.mark.parametrize(("name", "overlay"), CASES)
def test_an_overlay_keeps_to_the_policy(name: str, overlay: str, violations: Callable[[str, str], list[str]]) -> None:
    found = violations(name, overlay)
    if found:
        pytest.fail("\n".join(found), pytrace=False)  # not the objects, which pytest would show
