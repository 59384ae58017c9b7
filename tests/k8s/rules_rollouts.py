"""How pods come and go: probes, rolling updates, and time to let go of connections."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from containers.stack import PRE_STOP
from k8s.objects import SERVING, Document, Documents, Workload, each_container, titled, workloads
from k8s.policies import policy

from core.timeouts import GRACE_PERIOD
from local.system import ROOT

TIERS = ("api", "web", "worker")
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")


def tier(documents: Documents, name: str) -> Workload:
    """Return the Deployment of a tier; an overlay without it is no overlay."""
    found = titled(documents, f"Deployment/{name}")
    assert found, f"there is no Deployment/{name}"
    return Workload(found)


def image_environment(folder: str) -> dict[str, str]:
    """Return the variables that a tier's image sets itself."""
    text = (ROOT / folder / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    *_, last_stage = re.split(r"(?m)^FROM ", text)
    return dict(pair.split("=", 1) for line in re.findall(r"(?m)^ENV (.*)", last_stage) for pair in shlex.split(line))


@policy()
def servers_are_probed(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents, *SERVING):
        for container in workload.containers:
            for probe in PROBES:
                if not _handler(container, probe):
                    yield f"{workload}: container {container['name']} has no {probe}"


@policy()
def alive_is_less_than_ready(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents, *SERVING):
        for container in workload.containers:
            alive, ready = _handler(container, "livenessProbe"), _handler(container, "readinessProbe")
            if alive and alive == ready:
                yield f"{workload}: container {container['name']} is killed for not being ready"


@policy()
def probes_do_not_ask_celery(documents: Documents) -> Iterator[str]:
    # Slow, and a busy worker does not answer: it would be killed for working.
    for name, container in each_container(documents):
        for probe in PROBES:
            if re.search("celery|inspect", str(_handler(container, probe))):
                yield f"{name}: {probe} asks Celery"


@policy()
def the_worker_is_probed_where_it_shows_its_progress(documents: Documents) -> Iterator[str]:
    folder = image_environment("worker")["HEARTBEAT_FOLDER"]
    (container,) = tier(documents, "worker").containers
    for probe, file in zip(PROBES, ("progress", "journal", "progress"), strict=True):
        if not re.search(rf"{folder}/{file}\b", str(_handler(container, probe))):
            yield f"Deployment/worker: {probe} does not look at {folder}/{file}"


@policy()
def the_api_is_probed_where_no_client_is(documents: Documents) -> Iterator[str]:
    # Requests may hold every thread that serves the other port; only there it shows that granian serves at all.
    workload = tier(documents, "api")
    (container,) = workload.containers
    if str(workload.ports.get("operations")) != image_environment("api")["OPERATIONS_PORT"]:
        yield f"{workload}: the port named operations is not the one that the image answers on"
    wanted = {"startupProbe": ("/healthz", "http")}
    wanted |= {"readinessProbe": ("/readyz", "operations"), "livenessProbe": ("/healthz", "operations")}
    for probe, (path, port) in wanted.items():
        if _handler(container, probe) != {"httpGet": {"path": path, "port": port}}:
            yield f"{workload}: {probe} does not ask for {path} on the port {port}"


@policy()
def rollouts_add_before_they_take_away(documents: Documents) -> Iterator[str]:
    for name in TIERS:
        spec = tier(documents, name).document["spec"]
        if spec.get("strategy") != {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}:
            yield f"Deployment/{name}: rolls out with {spec.get('strategy')}"
        if spec.get("minReadySeconds", 0) < 1:
            yield f"Deployment/{name}: minReadySeconds is not set"


@policy()
def pods_have_time_to_end(documents: Documents) -> Iterator[str]:
    for name in TIERS:
        grace = tier(documents, name).pod.get("terminationGracePeriodSeconds", 30)
        if grace < GRACE_PERIOD:
            yield f"Deployment/{name}: is killed after {grace} s, needs {GRACE_PERIOD:.0f} s"


@policy()
def connections_are_let_go_of_before_the_end(documents: Documents) -> Iterator[str]:
    for name in ("api", "web"):
        workload = tier(documents, name)
        (container,) = workload.containers
        command = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command")
        file = image_environment(name)["DRAINING_FILE"]
        if command != ["sh", "-c", PRE_STOP] or f"touch {file};" not in PRE_STOP:
            yield f"Deployment/{name}: preStop is {command}; tested is {PRE_STOP!r}, the image looks for {file}"
        if not any(file.startswith(f"{mount['mountPath']}/") for mount in container.get("volumeMounts", [])):
            yield f"Deployment/{name}: nothing can write {file}"


@policy()
def a_restarted_container_does_not_begin_as_if_it_ended(documents: Documents) -> Iterator[str]:
    # preStop runs before a container is restarted, too, and the pod's volumes outlive it.
    for name in ("api", "web"):
        (container,) = tier(documents, name).containers
        command = container.get("lifecycle", {}).get("postStart", {}).get("exec", {}).get("command")
        if command != ["rm", "-f", image_environment(name)["DRAINING_FILE"]]:
            yield f"Deployment/{name}: postStart is {command}, the file of the container before may be there"


def _handler(container: Document, probe: str) -> Document:
    return {key: value for key, value in container.get(probe, {}).items() if key in HANDLERS}
