"""What containers ask for and may take, and that it fits where it must."""

from __future__ import annotations

from collections.abc import Iterator

from k8s.objects import Document, Documents, Workload, each_container, of_kind, quantity, titled, workloads
from k8s.policies import policy
from k8s.rules_rollouts import TIERS

SMALL_NODE = 1.4 * 2**30  # bytes that the node of 2 GiB has left for us
REDIS_FRACTION = 0.6  # of the limit; a rewrite of the file forks, and Lua's tables come on top
REDIS_UNITS = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30}
DURABLE = {
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "maxmemory-policy": "noeviction",
}


@policy()
def limits_are_not_below_requests(documents: Documents) -> Iterator[str]:
    for name, container in each_container(documents):
        resources = container.get("resources", {})
        limits = resources.get("limits", {})
        for resource, asked in resources.get("requests", {}).items():
            if resource in limits and quantity(limits[resource]) < quantity(asked):
                yield f"{name}: {resource} is limited to {limits[resource]}, less than the {asked} requested"


@policy()
def redis_fits_its_container(documents: Documents) -> Iterator[str]:
    redis = titled(documents, "StatefulSet/redis")
    (container,) = Workload(redis).containers
    limit = quantity(container["resources"]["limits"]["memory"])
    size = redis_conf(documents).get("maxmemory", "0b").lower()
    number = size.rstrip("bgkm")
    bytes_ = int(number) * REDIS_UNITS[size.removeprefix(number) or "b"]
    if not 0 < bytes_ <= REDIS_FRACTION * limit:
        yield f"StatefulSet/redis: maxmemory {size} is not within {REDIS_FRACTION:.0%} of {limit / 2**20:.0f} MiB"


@policy()
def redis_keeps_what_it_acknowledged(documents: Documents) -> Iterator[str]:
    conf = redis_conf(documents)
    for option, value in DURABLE.items():
        if conf.get(option) != value:
            yield f"ConfigMap/redis: {option} is {conf.get(option)}, not {value}"
    (container,) = Workload(titled(documents, "StatefulSet/redis")).containers
    claims = {claim["metadata"]["name"] for claim in _claims(titled(documents, "StatefulSet/redis"))}
    kept = {mount["mountPath"] for mount in container.get("volumeMounts", []) if mount["name"] in claims}
    if conf.get("dir") not in kept:
        yield f"StatefulSet/redis: {conf.get('dir')} is on no volume that stays"


@policy("ixcloud")
def everything_fits_the_small_node(documents: Documents) -> Iterator[str]:
    asked = {workload: memory(workload) for workload in workloads(documents)}
    steady = sum(size * replicas(documents, workload) for workload, size in asked.items())
    surge = max(size for workload, size in asked.items() if workload.name in TIERS)
    if steady + surge > SMALL_NODE:
        listed = ", ".join(f"{workload} {size / 2**20:.0f}" for workload, size in asked.items())
        yield f"{(steady + surge) / 2**20:.0f} MiB requested of {SMALL_NODE / 2**20:.0f} with a rollout: {listed}"


@policy()
def the_quota_holds_every_rollout(documents: Documents) -> Iterator[str]:
    quota = titled(documents, "ResourceQuota/namespace")
    hard = {name: quantity(value) for name, value in quota["spec"]["hard"].items()} if quota else {}
    most = {workload: most_replicas(documents, workload) for workload in workloads(documents)}
    services = of_kind(documents, "Service")
    taken = {
        "pods": 2 * sum(most.values()),
        "limits.memory": 2 * sum(count * limit(workload) for workload, count in most.items()),
        "persistentvolumeclaims": sum(len(_claims(each)) for each in of_kind(documents, "StatefulSet")),
        "services.loadbalancers": sum(each["spec"].get("type") == "LoadBalancer" for each in services),
        "services.nodeports": sum(
            len(each["spec"]["ports"]) for each in services if each["spec"].get("type") == "NodePort"
        ),
    }
    for what, amount in taken.items():
        if amount > hard.get(what, -1):
            yield f"ResourceQuota/namespace: {what} may be {hard.get(what)}; {amount:.0f} are needed"


@policy("ixcloud")
def pods_run_where_the_images_do(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents):
        if workload.pod.get("nodeSelector", {}).get("kubernetes.io/arch") != "amd64":
            yield f"{workload}: is not bound to amd64"


def redis_conf(documents: Documents) -> dict[str, str]:
    """Return the options of the Redis that is rolled out."""
    text = titled(documents, "ConfigMap/redis")["data"]["redis.conf"]
    lines = [line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#")]
    return {option.lower(): value for option, value in lines}


def memory(workload: Workload) -> float:
    """Return the bytes that the scheduler sets aside for a pod: init containers run one by one, before the rest."""
    first = [_asked(container) for container in workload.pod.get("initContainers", [])]
    return max([sum(_asked(container) for container in workload.containers), *first])


def replicas(documents: Documents, workload: Workload) -> int:
    """Return how many pods there are at rest; a suspended CronJob has none."""
    if workload.kind == "CronJob":
        return 0 if workload.document["spec"].get("suspend") else 1
    for scaler in of_kind(documents, "HorizontalPodAutoscaler"):
        if scaler["spec"]["scaleTargetRef"]["name"] == workload.name:
            return scaler["spec"].get("minReplicas", 1)
    return workload.document["spec"].get("replicas", 1)


def most_replicas(documents: Documents, workload: Workload) -> int:
    """Return how many pods there are at most, with one more during a rollout."""
    at_rest = workload.document["spec"].get("replicas", 1)
    scaled = [
        scaler["spec"].get("maxReplicas") or scaler["spec"].get("maxReplicaCount")
        for scaler in of_kind(documents, "HorizontalPodAutoscaler", "ScaledObject")
        if scaler["spec"]["scaleTargetRef"]["name"] == workload.name
    ]
    return max([at_rest, *scaled]) + 1


def limit(workload: Workload) -> float:
    """Return the bytes that a pod may take: init containers run one by one, before the rest."""
    first = [_most(container) for container in workload.pod.get("initContainers", [])]
    return max([sum(_most(container) for container in workload.containers), *first])


def _asked(container: Document) -> float:
    return quantity(container.get("resources", {}).get("requests", {}).get("memory", 0))


def _most(container: Document) -> float:
    return quantity(container.get("resources", {}).get("limits", {}).get("memory", 0))


def _claims(stateful_set: Document) -> Documents:
    return stateful_set["spec"].get("volumeClaimTemplates", [])
