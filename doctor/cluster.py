"""`make doctor K8S=1`: checks from outside what a deploy needs of the cluster of kubectl's current context."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from doctor.finding import Finding, failed, passed, skipped, table

NAMESPACE = "ix-dummies"
OLDEST = (1, 23)
IMAGES = ("ix-api", "ix-worker", "ix-web")
NODE_PORTS = (30000, 30001)
EXAMPLE = re.compile("development.*|")
"""The examples' passwords, or an empty one."""
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
TIMEOUT_S = 20


def kubectl(*words: str) -> Any:
    """Return kubectl's answer, decoded. Raises subprocess.CalledProcessError, with what kubectl said as ``stderr``."""
    command = ["kubectl", "--request-timeout=10s", *words, "-o", "json"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    return json.loads(run.stdout)


def examine() -> Iterator[Finding]:
    """Make every check; if the cluster does not answer, no other."""
    try:
        version = kubectl("version")["serverVersion"]
    except subprocess.CalledProcessError as error:
        remedy = "give kubectl a context that reaches the cluster: kubectl config use-context"
        yield failed("cluster", " ".join(error.stderr.split()), remedy)
        return
    yield _version(version)
    yield _architectures(kubectl("get", "nodes")["items"])
    yield _storage(kubectl("get", "storageclasses")["items"])
    yield _node_ports(kubectl("get", "services", "--all-namespaces")["items"])
    namespaces = {each["metadata"]["name"] for each in kubectl("get", "namespaces")["items"]}
    if NAMESPACE not in namespaces:
        yield skipped("namespace", f"{NAMESPACE} does not exist yet: k8s/deploy.sh creates it")
        return
    yield passed("namespace", NAMESPACE)
    secrets = kubectl("get", "secrets", "-n", NAMESPACE)["items"]
    yield _passwords(_newest(secrets, "passwords"))
    yield _authority(_newest(secrets, "postgresql-ca"))
    yield from _copies(kubectl("get", "pods", "-n", NAMESPACE)["items"])


def _version(version: dict[str, str]) -> Finding:
    found = re.match(r"v(\d+)\.(\d+)", version["gitVersion"])
    if found is None or tuple(map(int, found.groups())) < OLDEST:
        return failed("version", version["gitVersion"], "use a cluster of 1.23 or newer")
    return passed("version", version["gitVersion"])


def _architectures(nodes: list[dict[str, Any]]) -> Finding:
    """Compare the nodes with the images that this machine's Docker would push or load."""
    theirs = {node["status"]["nodeInfo"]["architecture"] for node in nodes}
    ours = {image: _architecture(image) for image in IMAGES}
    known = {architecture for architecture in ours.values() if architecture}
    if not known:
        return skipped("architecture", f"nodes: {', '.join(sorted(theirs))}; this machine has no image to compare")
    if not theirs <= known or len(known) > 1:
        images = ", ".join(f"{image} {architecture}" for image, architecture in ours.items() if architecture)
        remedy = "build for the nodes: docker buildx bake -f docker-bake.hcl --set '*.platform=linux/amd64'"
        return failed("architecture", f"nodes: {', '.join(sorted(theirs))}; images here: {images}", remedy)
    return passed("architecture", ", ".join(sorted(theirs)))


def _architecture(image: str) -> str:
    """Return the architecture of the newest local image of that name; an empty string where there is none."""
    if shutil.which("docker") is None:
        return ""
    ids = _docker_image("ls", "--quiet", "--filter", f"reference=*{image}").split()
    return _docker_image("inspect", "--format", "{{.Architecture}}", ids[0]) if ids else ""


def _docker_image(*words: str) -> str:
    command = ["docker", "image", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False).stdout.strip()


def _storage(classes: list[dict[str, Any]]) -> Finding:
    default = [
        each["metadata"]["name"]
        for each in classes
        if each["metadata"].get("annotations", {}).get(DEFAULT_CLASS) == "true"
    ]
    if not default:
        return failed("storage", "no storage class is the default", f"mark one: annotate it with {DEFAULT_CLASS}=true")
    return passed("storage", f"{default[0]} is the default class")


def _node_ports(services: list[dict[str, Any]]) -> Finding:
    taken = {
        port["nodePort"]: f"{service['metadata']['namespace']}/{service['metadata']['name']}"
        for service in services
        if service["metadata"]["namespace"] != NAMESPACE
        for port in service["spec"].get("ports", [])
        if port.get("nodePort") in NODE_PORTS
    }
    if taken:
        seen = ", ".join(f"{port} belongs to {owner}" for port, owner in sorted(taken.items()))
        return failed("node ports", seen, "choose others in k8s/components/nodeports")
    return passed("node ports", f"{', '.join(map(str, NODE_PORTS))} are free or ours")


def _copies(pods: list[dict[str, Any]]) -> Iterator[Finding]:
    """Check that no machine has both copies of a shard, where the journal is on a Redis Cluster."""
    machines: dict[str, list[str]] = {}
    for pod in pods:
        labels = pod["metadata"].get("labels", {})
        if labels.get("app.kubernetes.io/name") == "redis-cluster":
            those = machines.setdefault(labels["app.kubernetes.io/instance"], [])
            those.append(pod["spec"].get("nodeName", "none yet"))
    for shard, those in sorted(machines.items()):
        seen = f"on {', '.join(sorted(those))}"
        if len(set(those)) < 2:  # noqa: PLR2004 - a copy is a second one
            yield failed(f"{shard}'s copies", seen, "have them on two machines: docs/redis-cluster.md")
        else:
            yield passed(f"{shard}'s copies", seen)


def _newest(secrets: list[dict[str, Any]], name: str) -> dict[str, str] | None:
    """Return the content of the newest Secret of a name, to which kustomize appends a hash."""
    made = [each for each in secrets if re.fullmatch(rf"{name}(-\w+)?", each["metadata"]["name"])]
    if not made:
        return None
    newest = max(made, key=lambda each: str(each["metadata"]["creationTimestamp"]))
    return {key: base64.b64decode(value).decode() for key, value in newest["data"].items()}


def _passwords(passwords: dict[str, str] | None) -> Finding:
    if passwords is None:
        return failed("passwords", "the Secret does not exist", "fill in the overlay's .env and run k8s/deploy.sh")
    examples = sorted(name for name, value in passwords.items() if EXAMPLE.fullmatch(value))
    if examples:
        remedy = "generate your own: openssl rand -hex 24; only the overlay dev may use the examples'"
        return failed("passwords", f"as in the examples: {', '.join(examples)}", remedy)
    return passed("passwords", f"{len(passwords)}, none as in the examples")


def _authority(authority: dict[str, str] | None) -> Finding:
    what = "CA of the database"
    if authority is None:
        return failed(what, "the Secret does not exist", "put ca.crt into the overlay and run k8s/deploy.sh")
    if "BEGIN CERTIFICATE" not in authority.get("ca.crt", ""):
        return skipped(what, "it holds no certificate, as for a database inside the cluster")
    return passed(what, "exists")


def main() -> None:
    """Examine, print, and exit with 1 where a check failed."""
    if shutil.which("kubectl") is None:
        sys.exit("kubectl is missing: install it, 1.26 or newer")
    findings = list(examine())
    print(table(findings))
    sys.exit(1 if any(finding.ok is False for finding in findings) else 0)


if __name__ == "__main__":
    main()
