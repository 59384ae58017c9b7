"""What every overlay must comply with: each policy looks at the rendered objects and returns its violations.

A policy is a function in a module ``rules_*.py`` that takes the objects and returns a sentence for each violation,
which begins with the object's kind and name. ``@policy()`` enters it here for all overlays, ``@policy("dev")`` for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from pathlib import Path

from k8s.objects import Documents

OVERLAYS = ("dev", "ixcloud", "production")
Check = Callable[[Documents], list[str]]


@dataclass(frozen=True)
class Policy:
    """A check, and the overlays that it is for."""

    check: Check
    overlays: tuple[str, ...]


POLICIES: dict[str, Policy] = {}


def policy(*overlays: str) -> Callable[[Callable[[Documents], Iterator[str]]], Check]:
    """Enter a generator of violations as a policy, which returns them as a list."""

    def enter(generator: Callable[[Documents], Iterator[str]]) -> Check:
        @wraps(generator)
        def check(documents: Documents) -> list[str]:
            return list(generator(documents))

        POLICIES[generator.__name__] = Policy(check, overlays or OVERLAYS)
        return check

    return enter


def load(prefix: str) -> None:
    """Import every module here whose name begins so: what they hold enters itself."""
    for module in sorted(Path(__file__).parent.glob(f"{prefix}*.py")):
        import_module(f"k8s.{module.stem}")
