"""The manifests as they are applied: the development overlay, fit for any cluster and a namespace of its own."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import Any

import yaml
from cluster.kubectl import Kubectl
from cluster.settings import Settings

from local.system import ROOT

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML was built without libyaml: the same, eight times slower
    from yaml import SafeLoader as Loader

TIERS = ("api", "worker", "web")


def image_names(settings: Settings) -> dict[str, str]:
    """Return the name of each tier's image, as the cluster is told it."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return {tier: f"{_repository(settings, tier)}:{version}" for tier in TIERS}


def render(settings: Settings, kubectl: Kubectl, folder: Path) -> Path:
    """Write the manifests into a file of an empty folder, and check that they concern one namespace alone."""
    shutil.copytree(ROOT / "k8s", folder / "k8s", ignore=shutil.ignore_patterns(".env"))
    shutil.copytree(ROOT / "database" / "development", folder / "database" / "development")
    development = folder / "k8s" / "overlays" / "dev"
    shutil.copy(development / ".env.example", development / ".env")
    overlay = development.with_name("test")
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump(_kustomization(settings, kubectl.namespace)))
    rendered = folder / "rendered.yaml"
    rendered.write_text(kubectl.run("kustomize", str(overlay)))
    check(parse(rendered.read_text()), kubectl.namespace)
    return rendered


def parse(manifests: str) -> list[dict[str, Any]]:
    """Return the objects."""
    return list(yaml.load_all(manifests, Loader))


def check(objects: list[dict[str, Any]], namespace: str) -> None:
    """Assert that nothing outside the namespace is touched, and that no port of a node is claimed."""
    for each in objects:
        what = f"{each['kind']} {each['metadata']['name']}"
        if each["kind"] == "Namespace":
            assert each["metadata"]["name"] == namespace, what
            assert each["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted", what
        else:
            assert each["metadata"].get("namespace") == namespace, what
        if each["kind"] == "Service":
            assert all("nodePort" not in port for port in each["spec"]["ports"]), what
        assert "ix-dummies" not in _named_namespaces(each), what
    assert any(each["kind"] == "Namespace" for each in objects)


def _named_namespaces(value: object) -> set[str]:
    """Return every namespace named anywhere in an object, also as a selector's label."""
    if isinstance(value, list):
        return set().union(*map(_named_namespaces, value))
    if not isinstance(value, dict):
        return set()
    named = {v for k, v in value.items() if k in {"namespace", "kubernetes.io/metadata.name"} and isinstance(v, str)}
    return named.union(*map(_named_namespaces, value.values()))


def _kustomization(settings: Settings, namespace: str) -> dict[str, Any]:
    images = {tier: name.rpartition(":") for tier, name in image_names(settings).items()}
    patches = [_patch("Service", "api|web", [{"op": "remove", "path": "/spec/ports/0/nodePort"}])]
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": namespace,
        "resources": ["../dev"],
        "images": [{"name": f"ix-{tier}", "newName": name, "newTag": tag} for tier, (name, _, tag) in images.items()],
        "patches": [*patches, _patch("StatefulSet", ".*", _stateful(settings))],
    }


def _stateful(settings: Settings) -> list[dict[str, Any]]:
    """Return what is changed about Redis and PostgreSQL.

    A container's first process ignores kill -9 from inside the container, unless the pod shares its process namespace.
    """
    pod, claims = "/spec/template/spec", "/spec/volumeClaimTemplates"
    operations = [_add(f"{pod}/shareProcessNamespace", value=True)]
    if not settings.volumes:
        operations.append({"op": "remove", "path": claims})
        operations.append(_add(f"{pod}/volumes/-", value={"name": "data", "emptyDir": {}}))
    elif settings.storage_class:
        operations.append(_add(f"{claims}/0/spec/storageClassName", value=settings.storage_class))
    return operations


def _add(path: str, *, value: object) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def _patch(kind: str, name: str, operations: list[dict[str, Any]]) -> dict[str, Any]:
    return {"target": {"kind": kind, "name": name}, "patch": yaml.safe_dump(operations)}


def _repository(settings: Settings, tier: str) -> str:
    return f"{settings.registry}/ix-{tier}" if settings.registry else f"ix-{tier}"
