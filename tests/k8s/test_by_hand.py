"""What operators do by hand fits what is deployed: a pod for Redis' files."""

from __future__ import annotations

import pytest
import yaml
from k8s.objects import Documents, Workload, of_kind, selects, titled
from k8s.policies import OVERLAYS
from k8s.rules_pods import POD

from local.system import ROOT

SAME = "serviceAccountName", "automountServiceAccountToken", "enableServiceLinks", "securityContext"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_pod_for_redis_files_is_what_redis_is_and_nothing_leads_to_it(
    overlays: dict[str, Documents], overlay: str
) -> None:
    documents = overlays[overlay]
    files = Workload(yaml.safe_load((ROOT / "k8s/redis-files.yaml").read_text("utf-8")))
    redis = Workload(titled(documents, "StatefulSet/redis"))
    assert list(POD.iter_errors(files.template)) == []
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
