"""The pods of rendered manifests as containers: what a kubelet makes of their templates, done with docker."""

from __future__ import annotations

import base64
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Self
from uuid import uuid4

import httpx
from containers.stack import docker, published
from k8s.objects import NAMESPACE, SERVING, Document, Documents, Workload, called, of_kind, quantity, workloads

BUILD_TIMEOUT = 300
COMPLETION_TIMEOUT = 60  # seconds for an init container or a Job
EXEC_OVERHEAD = 2.0  # seconds that docker exec may take beside what it runs
DOMAIN = "svc.cluster.local"
# Every user may write to it, as in a cluster; docker's --tmpfs would take the mode of the image's own folder.
EMPTY_DIR = 'volume-opt=type=tmpfs,volume-opt=device=tmpfs,"volume-opt=o=size={},mode=0777"'
# A new volume belongs to root and often has a lost+found; a kubelet then hands it to the group.
HAND_OVER = "mkdir /v/lost+found && chgrp -R {0} /v && chmod -R ug+rwX /v && chmod g+s /v /v/lost+found"


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace each $(NAME) as a kubelet does: an unknown name is left unchanged, and $$ becomes $."""
    return re.sub(r"\$(?:\$|\(([^)]*)\))", lambda m: "$" if m[1] is None else variables.get(m[1], m[0]), text)


@cache
def image(name: str) -> str:
    """Return what is run for an image: ours as just built, others as named or, if absent, one of the same line."""
    repository, _, tag = name.partition(":")
    if repository.startswith("ix-"):
        return f"{repository}:dev"
    line = f"{repository}:{tag.split('.')[0]}"
    if not docker("images", "--quiet", name) and docker("images", "--quiet", line):
        print(f"{name} IS NOT HERE, run instead: {line}")
        return line
    return name


class Cluster:
    """The pods of an overlay on a network of their own; a context manager that removes all of it.

    Names are looked up as in a cluster: a Service's full name is known, a short one is completed by the search list.
    """

    def __init__(self, documents: Documents, folder: Path) -> None:
        self.name = f"ix-pods-{uuid4().hex[:8]}"
        self.folder = folder
        self._documents = documents
        self.pods = {each.name: Pod(self, each) for each in workloads(documents, *SERVING)}
        self.jobs = {each.name: Pod(self, each) for each in workloads(documents, "Job", "CronJob")}

    def __enter__(self) -> Self:
        docker("compose", "--project-name", self.name, "build", timeout=BUILD_TIMEOUT)
        docker("network", "create", self.name)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        mine = ["--quiet", "--filter", f"name={self.name}"]
        for container in docker("ps", "--all", *mine).split() if error else []:
            subprocess.run(["docker", "logs", "--tail", "10", container], timeout=20, check=False)
        for found, remove in (["ps", "--all"], ["rm", "--force"]), (["volume", "ls"], ["volume", "rm"]):
            if names := docker(*found, *mine).split():
                docker(*remove, *names)
        docker("network", "rm", self.name)

    def start(self) -> None:
        """Start everything together, in no order; return when the Jobs are done and each pod's own container runs."""
        with ThreadPoolExecutor() as pool:
            jobs = [pool.submit(job.complete) for job in self.jobs.values() if job.workload.kind == "Job"]
            for each in [*jobs, *(pool.submit(pod.start) for pod in self.pods.values())]:
                each.result()

    def data(self, kind: str, name: str) -> dict[str, str]:
        """Return what a ConfigMap or a Secret holds."""
        values = (called(self._documents, kind, name) or {})["data"]
        return values if kind == "ConfigMap" else {k: base64.b64decode(v).decode() for k, v in values.items()}

    def names(self, labels: Mapping[str, str]) -> Iterator[str]:
        """Return the full names of the Services that select such a pod."""
        for each in of_kind(self._documents, "Service"):
            if each["spec"]["selector"].items() <= labels.items():
                yield f"{each['metadata']['name']}.{NAMESPACE}.{DOMAIN}"

    def memory_used(self) -> dict[str, int]:
        """Return the bytes that each pod's container works with: without file pages that could be dropped."""
        by_container = {pod.container: name for name, pod in self.pods.items()}
        shown = docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", *by_container)
        found = re.findall(r"^(\S+) ([\d.]+[KMG]i)B", shown, re.MULTILINE)
        return {by_container[container]: int(quantity(used)) for container, used in found}


class Pod:
    """One pod of a workload, as its template says; what init containers write is not handed on here."""

    def __init__(self, cluster: Cluster, workload: Workload) -> None:
        self.workload = workload
        self.container = f"{cluster.name}-{workload.name}"
        (self.main,) = workload.containers
        self._cluster = cluster
        self._claims = [each["metadata"]["name"] for each in workload.document["spec"].get("volumeClaimTemplates", [])]

    def start(self) -> None:
        """Run the init containers to completion, one after the other, and begin the pod's own."""
        for claim in self._claims:
            self._hand_over(claim)
        for each in self.workload.pod.get("initContainers", []):
            self._run(each, "--name", f"{self.container}-{each['name']}", "--rm")
        names = [f"--network-alias={name}" for name in self._cluster.names(self.workload.labels)]
        ports = [f"--publish=127.0.0.1::{each['containerPort']}" for each in self.main.get("ports", [])]
        self._run(self.main, "--name", self.container, "--detach", *names, *ports)

    def complete(self) -> None:
        """Run the pod to completion; raises RuntimeError with what it said where it fails."""
        self._run(self.main, "--name", self.container, "--rm")

    def port(self, port: int | str) -> int:
        """Return the port of 127.0.0.1 for one of the pod's, by its number or its name."""
        return published(self.container, self.workload.ports.get(str(port)) or int(port))

    def memory(self, kind: str) -> int:
        """Return the bytes that the pod requests, or is limited to."""
        return int(quantity(self.main["resources"][kind]["memory"]))

    def probe(self, kind: str) -> bool:
        """Probe once, as a kubelet does."""
        match {"timeoutSeconds": 1} | self.main[kind]:
            case {"exec": {"command": command}, "timeoutSeconds": seconds}:
                return self._succeeds(command, seconds)
            case {"httpGet": {"path": path, "port": port}, "timeoutSeconds": seconds}:
                return _answers(f"http://127.0.0.1:{self.port(port)}{path}", seconds)
            case {"tcpSocket": {"port": port}, "timeoutSeconds": seconds}:
                return _connects(self.port(port), seconds)
        raise NotImplementedError(self.main[kind])

    def pre_stop(self) -> None:
        """Run preStop; raises RuntimeError if it fails."""
        docker("exec", self.container, *self.main["lifecycle"]["preStop"]["exec"]["command"])

    def environment(self, container: Document) -> dict[str, str]:
        """Return a container's variables: a $(NAME) is replaced where ``env``, not ``envFrom``, has it further up."""
        taken: dict[str, str] = {}
        for each in container.get("envFrom", []):
            taken |= self._cluster.data("ConfigMap", each["configMapRef"]["name"])
        listed: dict[str, str] = {}
        for each in container.get("env", []):
            value = self._referred(each) if "valueFrom" in each else expand(each["value"], listed)
            if value is not None:
                listed[each["name"]] = value
        return taken | listed

    def _referred(self, variable: Document) -> str | None:
        ((source, key),) = variable["valueFrom"].items()
        kind = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}[source]
        found = self._cluster.data(kind, key["name"])
        return found.get(key["key"]) if key.get("optional") else found[key["key"]]

    def _succeeds(self, command: list[str], seconds: float) -> bool:
        try:
            docker("exec", self.container, *(expand(each, {}) for each in command), timeout=seconds + EXEC_OVERHEAD)
        except (RuntimeError, subprocess.TimeoutExpired):
            return False
        return True

    def _run(self, container: Document, *options: str) -> None:
        variables = self.environment(container)
        entrypoint, *first = [expand(each, variables) for each in container.get("command", [""])]
        arguments = [*first, *(expand(each, variables) for each in container.get("args", []))]
        given = [f"--env={name}={value}" for name, value in variables.items()]
        given += ["--entrypoint", entrypoint] if entrypoint else []
        given += [*self._place(), *self._restrictions(container), *self._mounts(container)]
        docker("run", *options, *given, image(container["image"]), *arguments, timeout=COMPLETION_TIMEOUT)

    def _place(self) -> list[str]:
        """Return the options that put a container on the network, with its name server and search list alone."""
        search = [f"--dns-search={each}" for each in (f"{NAMESPACE}.{DOMAIN}", DOMAIN, "cluster.local")]
        return ["--network", self._cluster.name, "--dns=127.0.0.1", *search, "--dns-option=ndots:5"]

    def _restrictions(self, container: Document) -> list[str]:
        security = self.workload.pod["securityContext"] | container["securityContext"]
        memory = int(quantity(container["resources"]["limits"]["memory"]))
        options = [f"--user={security['runAsUser']}:{security['runAsGroup']}"]
        options += [f"--memory={memory}", f"--memory-swap={memory}"]
        options += [f"--cap-drop={each}" for each in security["capabilities"]["drop"]]
        options += [f"--group-add={security['fsGroup']}"] if "fsGroup" in security else []
        options += ["--read-only"] if security["readOnlyRootFilesystem"] else []
        return options + ([] if security["allowPrivilegeEscalation"] else ["--security-opt=no-new-privileges"])

    def _mounts(self, container: Document) -> Iterator[str]:
        volumes = {each["name"]: each for each in self.workload.pod.get("volumes", [])}
        for mount in container.get("volumeMounts", []):
            name, path = mount["name"], mount["mountPath"]
            match volumes.get(name):
                case {"emptyDir": {"sizeLimit": limit}}:
                    yield f"--mount={self._volume(name)},target={path},{EMPTY_DIR.format(int(quantity(limit)))}"
                case {"configMap": {"name": of} as source}:
                    yield self._files(path, self._cluster.data("ConfigMap", of), source)
                case {"secret": {"secretName": of} as source}:
                    yield self._files(path, self._cluster.data("Secret", of), source)
                case None if name in self._claims:
                    yield f"--mount={self._volume(name)},target={path}"
                case volume:
                    raise NotImplementedError(volume)

    def _files(self, path: str, files: Mapping[str, str], source: Document) -> str:
        """Lay out a ConfigMap's or Secret's files like a kubelet, as links into a hidden folder; return the mount."""
        folder = self._cluster.folder / f"{self.workload.name}{path.replace('/', '-')}"
        hidden = folder / "..data"
        hidden.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            if not (folder / name).is_symlink():
                (hidden / name).write_text(content, encoding="utf-8")
                (hidden / name).chmod(source.get("defaultMode", 0o644))
                (folder / name).symlink_to(f"..data/{name}")
        return f"--volume={folder}:{path}:ro"

    def _volume(self, name: str) -> str:
        return f"type=volume,source={self.container}-{name},volume-nocopy"

    def _hand_over(self, claim: str) -> None:
        command = ["-c", HAND_OVER.format(self.workload.pod["securityContext"]["fsGroup"])]
        options = ["--rm", "--user=0", "--entrypoint=sh", f"--mount={self._volume(claim)},target=/v"]
        docker("run", *options, image(self.main["image"]), *command)


def _answers(url: str, seconds: float) -> bool:
    try:
        return 200 <= httpx.get(url, timeout=seconds).status_code < 400
    except httpx.HTTPError:
        return False


def _connects(port: int, seconds: float) -> bool:
    """Tell whether something listens: docker always accepts, but closes the connection immediately if nothing does."""
    try:
        with socket.create_connection(("127.0.0.1", port), seconds) as connection:
            connection.settimeout(0.3)
            return connection.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False
