"""Every overlay keeps to every policy that is for it, and each policy notices an overlay that was broken for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from k8s.mutations import MUTATIONS, Mutation
from k8s.objects import Documents
from k8s.policies import POLICIES, load

load("rules_")
load("mutations_")
CASES = [(name, overlay) for name, policy in POLICIES.items() for overlay in policy.overlays]


@pytest.mark.parametrize(("name", "overlay"), CASES)
def test_an_overlay_keeps_to_the_policy(name: str, overlay: str, violations: Callable[[str, str], list[str]]) -> None:
    found = violations(name, overlay)
    if found:
        pytest.fail("\n".join(found), pytrace=False)  # not the objects, which pytest would show


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_policy_notices_what_is_broken(
    mutation: Mutation, overlays: dict[str, Documents], violations: Callable[[str, str], list[str]]
) -> None:
    policy, before = POLICIES[mutation.policy], violations(mutation.policy, mutation.overlay)
    assert mutation.overlay in policy.overlays
    new = [each for each in policy.check(mutation.of(overlays[mutation.overlay])) if each not in before]
    if not any(mutation.named in violation for violation in new):
        pytest.fail(f"nothing names {mutation.named}: {new}", pytrace=False)


def test_each_policy_was_seen_to_notice_something() -> None:
    assert set(POLICIES) == {mutation.policy for mutation in MUTATIONS}


def test_each_mutation_is_another() -> None:
    names = [str(mutation) for mutation in MUTATIONS]
    assert len(names) == len(set(names))
