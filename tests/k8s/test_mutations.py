"""A policy that notices nothing is worth nothing: each must notice an overlay that was broken for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from k8s.mutations import MUTATIONS, Mutation
from k8s.objects import Documents
from k8s.policies import POLICIES

from k8s import policies

policies.load("rules_")
policies.load("mutations_")


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
