"""What an operator would look at when something does not get ready."""

from __future__ import annotations

import json
from typing import Any

from cluster.kubectl import Kubectl

TAIL = 8000
"""Characters of each answer that are printed, from its end."""


def is_ready(pod: dict[str, Any]) -> bool:
    """Tell whether a pod is ready, and not about to end."""
    conditions = pod["status"].get("conditions", [])
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


def explain(kubectl: Kubectl) -> None:
    """Print the pods, the events, and the logs of what is neither ready nor done; never raises for an answer."""
    _print(kubectl, "get", "pods", "-o", "wide")
    _print(kubectl, "get", "events", "--sort-by=.metadata.creationTimestamp")
    found = kubectl.attempt("get", "pods", "-o", "json")
    for pod in json.loads(found.stdout)["items"] if found.returncode == 0 else []:
        if is_ready(pod) or pod["status"]["phase"] == "Succeeded":
            continue
        logs = ("logs", pod["metadata"]["name"], "--all-containers", "--prefix", "--tail=60")
        _print(kubectl, *logs)
        if any(each["restartCount"] for each in pod["status"].get("containerStatuses", [])):
            _print(kubectl, *logs, "--previous")


def _print(kubectl: Kubectl, *arguments: str) -> None:
    done = kubectl.attempt(*arguments)
    print(f"\n--- kubectl {' '.join(arguments)}\n{done.stdout[-TAIL:]}{done.stderr[-TAIL:]}")
