"""An overlay with the Redis Cluster keeps to every policy, and the cluster's parts fit each other."""

from __future__ import annotations

from itertools import product

import pytest
from k8s.objects import APP, Documents, Workload, of_kind, selects, titled, workloads
from k8s.policies import POLICIES, load
from k8s.render import add_redis_cluster, copy, missing, render
from k8s.rules_arrows import NAME_SERVERS
from k8s.rules_references import environment

from local.cluster import SCRIPTS

load("rules_")
OVERLAY = "production"
SHARDS = [f"redis-cluster-{number}" for number in range(3)]
CREATE = "redis-cluster-create"
CLIENTS = ["api", "worker", "doctor", "erase"]


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """The objects of an overlay for several nodes, with the component."""
    if reason := missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("redis-cluster")
    copy(folder)
    add_redis_cluster(folder, OVERLAY)
    return render(folder, OVERLAY)


@pytest.fixture(scope="module")
def shards(documents: Documents) -> list[Workload]:
    """The shards' StatefulSets."""
    return [each for each in workloads(documents, "StatefulSet") if each.labels[APP] == "redis-cluster"]


def test_every_policy_holds_but_for_the_arrows_and_the_one_budget(documents: Documents) -> None:
    """A budget for each shard would let a primary of each be evicted together: no replica could take over."""
    arrows = [f"{one} -> {other}:6379/TCP" for one, other in product([*CLIENTS, CREATE, *SHARDS], SHARDS)]
    arrows += [f"{one} -> {other}:16379/TCP" for one, other in product(SHARDS, SHARDS)]
    asking = product([*SHARDS, CREATE], NAME_SERVERS, ("TCP", "UDP"))
    arrows += [f"{one} -> {server}:53/{protocol}" for one, server, protocol in asking]
    expected = [f"{arrow} is allowed; the design has no such arrow" for arrow in arrows]
    pods = [f"StatefulSet/{shard}" for shard in SHARDS]
    expected.append(f"PodDisruptionBudget/redis-cluster: selects the pods of {pods}")
    # KEDA would count the stream of a single Redis
    expected.append("keda/app=keda-operator -> redis:6379/TCP is not allowed; the design has this arrow")
    only_api = "scaled are {'api': ['HorizontalPodAutoscaler']}"
    with_workers = "{'api': ['HorizontalPodAutoscaler'], 'worker': ['ScaledObject']}"
    expected.append(f"Deployment/api, Deployment/worker: {only_api}, not {with_workers}")
    checks = [policy.check for policy in POLICIES.values() if OVERLAY in policy.overlays]
    assert sorted(violation for check in checks for violation in check(documents)) == sorted(expected)


def test_a_shard_has_two_pods_which_are_never_on_one_node(shards: list[Workload]) -> None:
    assert [each.name for each in shards] == SHARDS
    for shard in shards:
        assert shard.document["spec"]["replicas"] == 2
        [rule] = shard.pod["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert rule["topologyKey"] == "kubernetes.io/hostname"
        assert [each.name for each in shards if selects(rule["labelSelector"], each.labels)] == [shard.name]


def test_nodes_that_wait_for_each_other_can_start_and_find_each_other(
    documents: Documents, shards: list[Workload]
) -> None:
    service = titled(documents, "Service/redis-cluster")
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True
    pods = [[f"{shard.name}-{number}.redis-cluster:6379" for number in range(2)] for shard in shards]
    layout = " ".join(",".join(shard) for shard in pods)
    for workload in [*shards, Workload(titled(documents, f"Job/{CREATE}"))]:
        assert environment(documents, workload.containers[0])["REDIS_NODES"] == layout
    for shard in shards:
        assert shard.document["spec"]["podManagementPolicy"] == "Parallel"
        assert shard.document["spec"]["serviceName"] == "redis-cluster"


def test_every_node_is_started_through_the_gate(documents: Documents, shards: list[Workload]) -> None:
    [files] = [each["data"] for each in of_kind(documents, "ConfigMap") if "redis-node.sh" in each["data"]]
    assert {name: text for name, text in files.items() if name.endswith(".sh")} == {
        path.name: path.read_text("utf-8") for path in SCRIPTS.glob("*.sh")
    }
    for shard in shards:
        [container] = shard.containers
        assert container["command"] == ["sh", "/etc/redis/start.sh"]
        assert environment(documents, container)["REDIS_START"] == "sh /etc/redis/start-pod.sh"
    assert files["start-pod.sh"].endswith('\nexec sh /etc/redis/redis-node.sh "$@"\n')
    assert "exec ${REDIS_START:-redis-server} " in titled(documents, "ConfigMap/redis")["data"]["start.sh"]


def test_its_pods_are_what_redis_is(documents: Documents, shards: list[Workload]) -> None:
    [redis] = Workload(titled(documents, "StatefulSet/redis")).containers
    for shard in shards:
        [container] = shard.containers
        for same in ("image", "resources", "securityContext", "livenessProbe"):
            assert container[same] == redis[same]


def test_no_overlay_has_it_by_default(overlays: dict[str, Documents]) -> None:
    assert not any(titled(documents, "Service/redis-cluster") for documents in overlays.values())
