"""What a pod may do, and what every object must be: as pod.yaml says, in one namespace, under its own account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from k8s.objects import APP, NAMESPACE, Documents, of_kind, title, titled, workloads
from k8s.policies import policy

CLUSTER_WIDE = {"Namespace"}  # kinds that are in no namespace; nothing else here is
POD = Draft202012Validator(yaml.safe_load(Path(__file__).with_name("pod.yaml").read_text(encoding="utf-8")))


@policy()
def pods_are_restricted(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents):
        for error in POD.iter_errors(workload.template):
            yield f"{workload}: {error.json_path}: {error.message}"


@policy()
def the_namespace_enforces_restricted(documents: Documents) -> Iterator[str]:
    namespace = titled(documents, f"Namespace/{NAMESPACE}")
    labels = namespace["metadata"].get("labels", {}) if namespace else {}
    if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
        yield f"Namespace/{NAMESPACE}: does not enforce Pod Security restricted"
    if labels.get("pod-security.kubernetes.io/enforce-version", "latest") == "latest":
        yield f"Namespace/{NAMESPACE}: what it enforces changes with the cluster's version"


@policy()
def everything_is_in_the_namespace(documents: Documents) -> Iterator[str]:
    for document in documents:
        namespace = document["metadata"].get("namespace")
        if document["kind"] not in CLUSTER_WIDE and namespace != NAMESPACE:
            yield f"{title(document)}: is in namespace {namespace}"


@policy()
def each_workload_has_an_account_of_its_own(documents: Documents) -> Iterator[str]:
    accounts = {account["metadata"]["name"]: account for account in of_kind(documents, "ServiceAccount")}
    for workload in workloads(documents):
        account = workload.pod.get("serviceAccountName")
        if account not in accounts or account != workload.labels.get(APP):
            yield f"{workload}: runs under the account {account}"
    for account in accounts.values():
        if account.get("automountServiceAccountToken") is not False:
            yield f"{title(account)}: hands out a token"
