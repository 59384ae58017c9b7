"""What a pod may do: Pod Security "restricted", a read-only root, and no way to the cluster's API."""

from __future__ import annotations

from collections.abc import Iterator

from k8s.objects import APP, NAMESPACE, Documents, each_container, of_kind, title, titled, workloads
from k8s.policies import policy

CLUSTER_WIDE = {"Namespace"}  # kinds that are in no namespace; nothing else here is
# https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


@policy()
def the_namespace_enforces_restricted(documents: Documents) -> Iterator[str]:
    namespace = titled(documents, f"Namespace/{NAMESPACE}")
    labels = namespace["metadata"].get("labels", {}) if namespace else {}
    if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
        yield f"Namespace/{NAMESPACE}: does not enforce Pod Security restricted"


@policy()
def everything_is_in_the_namespace(documents: Documents) -> Iterator[str]:
    for document in documents:
        namespace = document["metadata"].get("namespace")
        if document["kind"] not in CLUSTER_WIDE and namespace != NAMESPACE:
            yield f"{title(document)}: is in namespace {namespace}"


@policy()
def nothing_runs_as_root(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents):
        pod = workload.pod.get("securityContext", {})
        for container in workload.all_containers:
            context = pod | container.get("securityContext", {})
            uid = context.get("runAsUser")
            if context.get("runAsNonRoot") is not True or not isinstance(uid, int) or uid < 1:
                yield f"{workload}: container {container['name']} runs as {uid}, runAsNonRoot may be off"


@policy()
def system_calls_are_filtered(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents):
        for part in (workload.pod, *workload.all_containers):
            profile = part.get("securityContext", {}).get("seccompProfile")
            if (profile or part is workload.pod) and (profile or {}).get("type") != "RuntimeDefault":
                yield f"{workload}: seccomp profile is {profile}"


@policy()
def pods_keep_off_the_node(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents):
        for flag in ("hostNetwork", "hostPID", "hostIPC"):
            if workload.pod.get(flag):
                yield f"{workload}: {flag}"
        for volume in workload.pod.get("volumes", []):
            for forbidden in sorted(set(volume) - {"name"} - VOLUMES):
                yield f"{workload}: volume {volume['name']} is a {forbidden}"
        for container in workload.all_containers:
            for port in container.get("ports", []):
                if port.get("hostPort"):
                    yield f"{workload}: container {container['name']} has hostPort {port['hostPort']}"


@policy()
def containers_gain_no_privilege(documents: Documents) -> Iterator[str]:
    for name, container in each_container(documents):
        context = container.get("securityContext", {})
        if context.get("allowPrivilegeEscalation") is not False:
            yield f"{name}: allowPrivilegeEscalation is not false"
        if context.get("privileged"):
            yield f"{name}: is privileged"
        if context.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{name}: capabilities are {context.get('capabilities')}"


@policy()
def root_file_systems_are_read_only(documents: Documents) -> Iterator[str]:
    for name, container in each_container(documents):
        if container.get("securityContext", {}).get("readOnlyRootFilesystem") is not True:
            yield f"{name}: readOnlyRootFilesystem is not true"


@policy()
def pods_have_no_token(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents):
        if workload.pod.get("automountServiceAccountToken") is not False:
            yield f"{workload}: mounts a service account's token"
    for account in of_kind(documents, "ServiceAccount"):
        if account.get("automountServiceAccountToken") is not False:
            yield f"{title(account)}: hands out a token"


@policy()
def each_workload_has_an_account_of_its_own(documents: Documents) -> Iterator[str]:
    accounts = {account["metadata"]["name"] for account in of_kind(documents, "ServiceAccount")}
    for workload in workloads(documents):
        account = workload.pod.get("serviceAccountName")
        if account not in accounts or account != workload.labels.get(APP):
            yield f"{workload}: runs under the account {account}"


@policy()
def no_service_links(documents: Documents) -> Iterator[str]:
    # A Service called redis would put REDIS_PORT into every container.
    for workload in workloads(documents):
        if workload.pod.get("enableServiceLinks") is not False:
            yield f"{workload}: enableServiceLinks is not false"
