"""Everything fits the schemas of Kubernetes, old and new, with no field that they do not know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

import kubernetes_validate
from k8s.objects import Document, Documents, of_kind, title
from k8s.policies import policy

# Kinds that KEDA and the Prometheus operator bring, which no schema of Kubernetes has:
# https://keda.sh/docs/latest/reference/scaledobject-spec/
CUSTOM = {
    ("keda.sh/v1alpha1", "ScaledObject"),
    ("keda.sh/v1alpha1", "TriggerAuthentication"),
    ("monitoring.coreos.com/v1", "PodMonitor"),
}
SCALED_OBJECT = {
    "scaleTargetRef",
    "minReplicaCount",
    "maxReplicaCount",
    "pollingInterval",
    "cooldownPeriod",
    "triggers",
}
TRIGGER = {"type", "metadata", "authenticationRef"}
STREAM = {"address", "username", "stream", "streamLength", "enableTLS"}


def standard(documents: Documents) -> Documents:
    """Return the objects that Kubernetes itself knows."""
    return [each for each in documents if (each["apiVersion"], each["kind"]) not in CUSTOM]


@policy()
def the_newest_kubernetes_takes_everything(documents: Documents) -> Iterator[str]:
    for document in standard(documents):
        problem = _problem(json.dumps(document))
        if problem:
            yield f"{title(document)}: {problem}"


@policy("production")
def keda_takes_its_objects(documents: Documents) -> Iterator[str]:
    for each in of_kind(documents, "ScaledObject"):
        parts = [(each["spec"], SCALED_OBJECT)]
        for trigger in each["spec"]["triggers"]:
            parts += [(trigger, TRIGGER), (trigger["metadata"], STREAM)]
        for unknown in (name for part, known in parts for name in sorted(part.keys() - known)):
            yield f"{title(each)}: KEDA does not know {unknown}"
        for name in _not_text(each):
            yield f"{title(each)}: {name} of a trigger must be a text"
    for each in of_kind(documents, "TriggerAuthentication"):
        if each["spec"].keys() != {"secretTargetRef"}:
            yield f"{title(each)}: KEDA does not know {sorted(each['spec'].keys() - {'secretTargetRef'})}"


@cache
def _problem(document: str) -> str | None:
    try:
        kubernetes_validate.validate(json.loads(document), kubernetes_validate.latest_version(), strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{'.'.join(map(str, error.path))}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        return error.message
    return None


def _not_text(scaled: Document) -> list[str]:
    settings = [pair for trigger in scaled["spec"]["triggers"] for pair in trigger["metadata"].items()]
    return [name for name, value in settings if not isinstance(value, str)]
