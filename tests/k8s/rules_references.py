"""What containers refer to is there: keys, volumes, variables, images."""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Iterator

from k8s.objects import Document, Documents, called, each_container, workloads
from k8s.policies import policy

from local.system import ROOT

OURS = {"api": "ix-api", "web": "ix-web"} | dict.fromkeys(
    ("worker", "flower", "migrate", "doctor", "erase", "retention"), "ix-worker"
)
SOURCES = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret", "configMapRef": "ConfigMap", "secretRef": "Secret"}


@policy()
def variables_come_from_what_is_there(documents: Documents) -> Iterator[str]:
    for name, container in each_container(documents):
        origins = [*container.get("envFrom", []), *(each.get("valueFrom", {}) for each in container.get("env", []))]
        for origin in origins:
            for field in SOURCES.keys() & origin.keys():
                source = called(documents, SOURCES[field], origin[field]["name"])
                if source is None:
                    yield f"{name}: there is no {SOURCES[field]} {origin[field]['name']}"
                elif _missing(origin[field], source):
                    yield f"{name}: {SOURCES[field]} {origin[field]['name']} has no key {origin[field]['key']}"


@policy()
def volumes_come_from_what_is_there(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents):
        for volume in workload.pod.get("volumes", []):
            for part in (volume, *volume.get("projected", {}).get("sources", [])):
                yield from _missing_source(documents, f"{workload}: volume {volume['name']}", part)


@policy()
def mounts_and_volumes_fit(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents):
        claims = workload.document["spec"].get("volumeClaimTemplates", [])
        there = {each["name"] for each in workload.pod.get("volumes", [])} | {
            each["metadata"]["name"] for each in claims
        }
        used = {mount["name"] for each in workload.all_containers for mount in each.get("volumeMounts", [])}
        if there != used:
            yield f"{workload}: has the volumes {sorted(there)} and mounts {sorted(used)}"


@policy()
def variables_are_expanded_from_earlier_ones(documents: Documents) -> Iterator[str]:
    # The kubelet leaves $(NAME) unchanged if no earlier variable of the list is called NAME.
    for name, container in each_container(documents):
        earlier: set[str] = set()
        for variable in container.get("env", []):
            for used in re.findall(r"(?<!\$)\$\((\w+)\)", variable.get("value", "")):
                if used not in earlier:
                    yield f"{name}: {variable['name']} uses {used}, which no earlier variable of its list is"
            if variable["name"] in earlier:
                yield f"{name}: {variable['name']} is set twice"
            earlier.add(variable["name"])


@policy()
def our_images_have_the_projects_version(documents: Documents) -> Iterator[str]:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    for name, container in each_container(documents):
        image, tag = split_image(container["image"])
        if image in OURS.values() and tag != version:
            yield f"{name}: {container['image']} is not version {version}"


@policy()
def each_tier_runs_its_image(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents):
        expected = OURS.get(workload.name.removesuffix("-post"), re.sub("^(postgres|redis).*", r"\1", workload.name))
        for container in workload.all_containers:
            if split_image(container["image"])[0] != expected:
                yield f"{workload}: container {container['name']} runs {container['image']}, not {expected}"


def keys(source: Document) -> set[str]:
    """Return the keys of a ConfigMap or Secret."""
    return {key for field in ("data", "binaryData", "stringData") for key in source.get(field) or {}}


def split_image(image: str) -> tuple[str, str]:
    """Return an image's last name, and its tag, empty when it has none."""
    name, _, tag = image.split("@", maxsplit=1)[0].rpartition("/")[2].partition(":")
    return name, tag


def _missing(reference: Document, source: Document) -> bool:
    return "key" in reference and not reference.get("optional") and reference["key"] not in keys(source)


def environment(documents: Documents, container: Document) -> dict[str, str]:
    """Return a container's variables as a kubelet sets them."""
    found: dict[str, str] = {}
    for origin in container.get("envFrom", []):
        found |= called(documents, "ConfigMap", origin["configMapRef"]["name"])["data"]
    for variable in container.get("env", []):
        value: str | None = variable.get("value", "")
        for field, reference in variable.get("valueFrom", {}).items():
            if field == "fieldRef":
                value = reference["fieldPath"]  # only the kubelet knows more
            else:
                value = _value(called(documents, SOURCES[field], reference["name"]), reference)
        if value is not None:
            found[variable["name"]] = re.sub(r"\$\((\w+)\)", lambda used: found.get(used[1], used[0]), value)
    return found


def _value(source: Document, reference: Document) -> str | None:
    if reference.get("optional") and reference["key"] not in keys(source):
        return None
    value = source["data"][reference["key"]]
    return base64.b64decode(value).decode() if source["kind"] == "Secret" else value


def _missing_source(documents: Documents, name: str, part: Document) -> Iterator[str]:
    for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        if field in part:
            wanted = part[field].get("secretName") or part[field].get("name")
            source = called(documents, kind, wanted)
            if source is None:
                yield f"{name}: there is no {kind} {wanted}"
            elif absent := {item["key"] for item in part[field].get("items", [])} - keys(source):
                yield f"{name}: {kind} {wanted} has no key {', '.join(sorted(absent))}"
