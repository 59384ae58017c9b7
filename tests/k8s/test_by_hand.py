"""What operators do by hand fits what is deployed: a pod for Redis' files, and how many pods they ask for."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from k8s.objects import Document, Documents, Workload, called, of_kind, selects, titled
from k8s.policies import OVERLAYS
from k8s.rules_pods import POD
from k8s.rules_schemas import the_newest_kubernetes_takes_everything

from local.system import ROOT

SAME = "serviceAccountName", "automountServiceAccountToken", "enableServiceLinks", "securityContext"
SCALERS = {"hpa": "HorizontalPodAutoscaler", "scaledobject": "ScaledObject"}
TEXT = "\n".join(path.read_text("utf-8") for path in [*ROOT.glob("docs/runbooks/*.md"), ROOT / "docs/deploy.md"])
PATCHES = re.findall(
    r"kubectl patch (hpa|scaledobject) (\w+) .*?'(\{.*\})' *#.*\b(ixcloud|production)\b", TEXT
)  # kind, name, patch, overlay


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_pod_for_redis_files_is_what_redis_is_and_nothing_leads_to_it(
    overlays: dict[str, Documents], overlay: str
) -> None:
    documents = overlays[overlay]
    files = Workload(yaml.safe_load((ROOT / "k8s/redis-files.yaml").read_text("utf-8")))
    redis = Workload(titled(documents, "StatefulSet/redis"))
    assert list(POD.iter_errors(files.template)) == []
    assert list(the_newest_kubernetes_takes_everything([files.document])) == []
    assert {name: files.pod[name] for name in SAME} == {name: redis.pod[name] for name in SAME}
    [here], [there] = files.containers, redis.containers
    assert (here["image"], here["securityContext"]) == (there["image"], there["securityContext"])
    [claim] = redis.document["spec"]["volumeClaimTemplates"]
    assert files.pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == f"{claim['metadata']['name']}-redis-0"
    assert files.document["metadata"]["namespace"] == redis.document["metadata"]["namespace"]
    assert selecting(documents, files.labels) == ["deny-all"]


def selecting(documents: Documents, labels: dict[str, str]) -> list[str]:
    """Return the names of what takes in a pod with these labels."""
    selectors = [(each, each["spec"]["podSelector"]) for each in of_kind(documents, "NetworkPolicy")]
    selectors += [(each, each["spec"]["selector"]) for each in of_kind(documents, "PodDisruptionBudget")]
    services = [each for each in of_kind(documents, "Service") if "selector" in each["spec"]]
    selectors += [(each, {"matchLabels": each["spec"]["selector"]}) for each in services]
    return [each["metadata"]["name"] for each, selector in selectors if selects(selector, labels)]


def limits(scaler: Document, **changes: int) -> tuple[int, int]:
    """Return the fewest and the most pods that a scaler keeps, with these changes of its spec."""
    spec = scaler["spec"] | changes
    keda = scaler["kind"] == "ScaledObject"
    return (spec["minReplicaCount"], spec["maxReplicaCount"]) if keda else (spec["minReplicas"], spec["maxReplicas"])


@pytest.mark.parametrize("number", range(len(PATCHES)))
def test_a_patch_of_a_scaler_is_taken_by_the_overlay_that_its_comment_names(
    overlays: dict[str, Documents], number: int
) -> None:
    kind, name, patch, overlay = PATCHES[number]
    scaler = called(overlays[overlay], SCALERS[kind], name)
    assert scaler
    least, most = limits(scaler, **json.loads(patch)["spec"])
    assert limits(scaler)[0] < least <= most


def test_each_patch_of_a_scaler_names_its_overlay() -> None:
    assert len(PATCHES) == len(re.findall(r"kubectl patch (?:hpa|scaledobject)", TEXT)) >= 3


def test_scaling_by_hand_is_within_the_limits_that_an_autoscaler_would_restore(overlays: dict[str, Documents]) -> None:
    found = re.findall(r"kubectl scale deployment/(\w+) --replicas=(\d+)(.*)", TEXT)
    by_hand = [(name, int(replicas)) for name, replicas, rest in found if not re.search(r"#.*\bdev\b", rest)]
    assert by_hand
    for name, replicas in by_hand:
        least, most = limits(called(overlays["ixcloud"], "HorizontalPodAutoscaler", name))
        assert least <= replicas <= most
