"""The overlays, rendered once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from k8s.objects import Documents
from k8s.policies import OVERLAYS, POLICIES
from k8s.render import copy, missing, render


@pytest.fixture(scope="session")
def overlays(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Documents]:
    """Each overlay's objects, by its name; tests change only copies."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("manifests")
    copy(folder)
    return {overlay: render(folder, overlay) for overlay in OVERLAYS}


@pytest.fixture(scope="session")
def violations(overlays: dict[str, Documents]) -> Callable[[str, str], list[str]]:
    """The violations that a policy, by its name, finds in an overlay as it is."""
    return cache(lambda name, overlay: POLICIES[name].check(overlays[overlay]))
