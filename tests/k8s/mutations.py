"""Ways to break an overlay, each of which a policy must notice.

A module ``mutations_*.py`` enters its own with ``MUTATIONS.extend``. A path leads into an object, its steps separated
by slashes; in a list a step is a place, or ``name=api`` for the item of this name.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from k8s.objects import Document, Documents, titled

POD = "spec/template/spec"
CONTAINER = f"{POD}/containers/0"
Place = tuple[str, str]


@dataclass(frozen=True)
class Mutation:
    """What is changed in an overlay, the policy that must notice, and what its violation must name."""

    policy: str
    overlay: str
    what: str
    named: str
    change: Callable[[Documents], None]

    def __str__(self) -> str:
        return f"{self.policy}-{self.overlay}-{self.what}"

    def of(self, documents: Documents) -> Documents:
        """Return a changed copy."""
        copy = deepcopy(documents)
        self.change(copy)
        assert copy != documents, f"{self} changes nothing"
        return copy


MUTATIONS: list[Mutation] = []


def put(policy: str, overlay: str, target: str, path: str, value: Any, named: str = "") -> Mutation:
    """Set a field of an object."""

    def change(documents: Documents) -> None:
        *steps, last = path.split("/")
        found = _follow(_object(documents, target), steps)
        found[_step(found, last)] = value

    return Mutation(policy, overlay, f"{target} {path}={str(value)[:30]}", named or target, change)


def drop(policy: str, overlay: str, target: str, path: str, named: str = "") -> Mutation:
    """Remove a field of an object."""

    def change(documents: Documents) -> None:
        *steps, last = path.split("/")
        found = _follow(_object(documents, target), steps)
        del found[_step(found, last)]

    return Mutation(policy, overlay, f"{target} without {path}", named or target, change)


def remove(policy: str, overlay: str, target: str, named: str) -> Mutation:
    """Remove an object."""

    def change(documents: Documents) -> None:
        documents.remove(_object(documents, target))

    return Mutation(policy, overlay, f"no {target}", named, change)


def add(policy: str, overlay: str, document: Document, named: str) -> Mutation:
    """Add an object."""
    name = f"{document['kind']} {document['metadata']['name']}"
    return Mutation(policy, overlay, f"one more {name}", named, lambda documents: documents.append(deepcopy(document)))


def edit(policy: str, overlay: str, place: Place, old: str, new: str, named: str = "") -> Mutation:
    """Replace a piece of a text, whose place is an object and a path."""
    target, path = place

    def change(documents: Documents) -> None:
        *steps, last = path.split("/")
        found = _follow(_object(documents, target), steps)
        key = _step(found, last)
        assert old in found[key], f"{target} {path} has no {old}"
        found[key] = found[key].replace(old, new)

    return Mutation(policy, overlay, f"{target} {path}: {old} to {new}"[:90], named or target, change)


def _object(documents: Documents, wanted: str) -> Document:
    found = titled(documents, wanted)
    assert found, f"there is no {wanted} to change"
    return found


def _follow(found: Any, steps: list[str]) -> Any:
    for step in steps:
        found = found[_step(found, step)]
    return found


def _step(found: Any, step: str) -> str | int:
    if not isinstance(found, list):
        return step
    if "=" in step:
        return next(place for place, item in enumerate(found) if item["name"] == step.removeprefix("name="))
    return int(step)
