"""The objects of a rendered overlay, and Kubernetes' notions for them: pod templates, selectors, quantities."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]
Documents = list[Document]

NAMESPACE = "ix-dummies"
APP = "app.kubernetes.io/name"
TEMPLATES = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
SERVING = ("Deployment", "StatefulSet", "DaemonSet")
UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "k": 10**3, "M": 10**6, "G": 10**9, "m": 1e-3, "": 1}


@dataclass(frozen=True)
class Workload:
    """An object that makes pods, and what its pods are."""

    document: Document

    @property
    def template(self) -> Document:
        """The pod as the object would make it."""
        found = self.document
        for step in TEMPLATES[self.document["kind"]]:
            found = found[step]
        return found

    @property
    def kind(self) -> str:
        """The kind of the object."""
        return self.document["kind"]

    @property
    def name(self) -> str:
        """The name of the object."""
        return self.document["metadata"]["name"]

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the pods."""
        return self.template["metadata"].get("labels", {})

    @property
    def pod(self) -> Document:
        """The pods' spec."""
        return self.template["spec"]

    @property
    def containers(self) -> list[Document]:
        """The containers that stay."""
        return self.pod["containers"]

    @property
    def all_containers(self) -> list[Document]:
        """Those that run before, and those that stay."""
        return [*self.pod.get("initContainers", []), *self.containers]

    @property
    def ports(self) -> dict[str, int]:
        """The containers' ports by name; one without a name goes by its number."""
        ports = [port for container in self.containers for port in container.get("ports", [])]
        return {port.get("name", str(port["containerPort"])): port["containerPort"] for port in ports}

    def __str__(self) -> str:
        return title(self.document)

    def __hash__(self) -> int:
        return hash(str(self))


def title(document: Document) -> str:
    """Return how violations name an object: kind and name, without the hash that generated names end with."""
    name = document["metadata"]["name"]
    if document["kind"] in {"ConfigMap", "Secret"}:
        name = re.sub(r"-[0-9a-z]{10}$", "", name)
    return f"{document['kind']}/{name}"


def of_kind(documents: Documents, *kinds: str) -> Documents:
    """Return the objects of some kinds."""
    return [document for document in documents if document["kind"] in kinds]


def titled(documents: Documents, wanted: str) -> Document | None:
    """Return the object of this kind and name."""
    return next((document for document in documents if title(document) == wanted), None)


def called(documents: Documents, kind: str, name: str) -> Document | None:
    """Return the object of this kind under its full name, as others refer to it."""
    return next((each for each in of_kind(documents, kind) if each["metadata"]["name"] == name), None)


def workloads(documents: Documents, *kinds: str) -> list[Workload]:
    """Return what makes pods, of some kinds or of all."""
    return [Workload(document) for document in of_kind(documents, *(kinds or TEMPLATES))]


def each_container(documents: Documents, *kinds: str) -> Iterator[tuple[str, Document]]:
    """Yield each container, with what violations call it."""
    for workload in workloads(documents, *kinds):
        for container in workload.all_containers:
            yield f"{workload}: container {container['name']}", container


def selects(selector: Document, labels: dict[str, str]) -> bool:
    """Tell whether a label selector takes in an object with these labels; an empty one takes in everything."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        _holds(expression, labels) for expression in selector.get("matchExpressions", [])
    )


def _holds(expression: Document, labels: dict[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    raise ValueError(f"no such operator: {expression['operator']}")


def quantity(text: str | float) -> float:
    """Return the number that a quantity such as 100m or 128Mi is, in cores or bytes."""
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", str(text)).groups()
    return float(number) * UNITS[unit]
