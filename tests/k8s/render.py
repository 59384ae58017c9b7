"""The overlays as kubectl would apply them, made of a copy with secrets that are easily recognised."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import yaml
from k8s.objects import Documents

from local.system import ROOT

MARK = "generated-secret"  # in every secret of a rendered overlay
NEEDED = 5


def generated(name: str) -> str:
    """Return the secret that a rendered overlay has under a name."""
    return f"{MARK}-{name.lower().replace('_', '-')}"


def missing() -> str | None:
    """Return why overlays cannot be rendered here; None when they can."""
    try:
        said = subprocess.run(
            ["kubectl", "version", "--client", "-o", "json"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return (
            f"NO KUBECTL WITH KUSTOMIZE {NEEDED}, the manifests are not tested; install kubectl 1.27 or newer: {error}"
        )
    version = json.loads(said).get("kustomizeVersion", "none")
    major = re.match(r"v?(\d+)\.", version)
    if major and int(major[1]) >= NEEDED:
        return None
    return f"NO KUBECTL WITH KUSTOMIZE {NEEDED}, the manifests are not tested; install kubectl 1.27 or newer: {version}"


def copy(folder: Path) -> None:
    """Copy what kustomize reads, laid out as it is here, with secrets of its own in place of those of this machine."""
    for part in ("k8s", "database/development"):
        secrets = shutil.ignore_patterns(".env", "ca.crt", "operators", "tls.*")
        shutil.copytree(ROOT / part, folder / part, ignore=secrets)
    for example in folder.glob("k8s/overlays/*/.env.example"):
        text = re.sub(r"(?m)^(\w+)=.*$", lambda found: f"{found[1]}={generated(found[1])}", example.read_text("utf-8"))
        example.with_name(".env").write_text(text, "utf-8")
        example.with_name("ca.crt").write_text(generated("ca"), "utf-8")
        example.with_name("operators").write_text(f"kim {generated('operator')}\n", "utf-8")


def render(folder: Path, overlay: str) -> Documents:
    """Return an overlay's objects, of a copy in this folder; fails with what kustomize says."""
    command = ["kubectl", "kustomize", str(folder / "k8s/overlays" / overlay)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{overlay}: {done.stderr}"
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def add_redis_tls(folder: Path, overlay: str) -> None:
    """Have an overlay of a copy include components/redis-tls, by the lines that docs/deploy.md gives."""
    guide = (ROOT / "docs/deploy.md").read_text("utf-8")
    [lines] = [block for block in re.findall(r"(?s)```yaml\n(.*?)```", guide) if "components/redis-tls" in block]
    place = folder / "k8s/overlays" / overlay
    kustomization = yaml.safe_load((place / "kustomization.yaml").read_text("utf-8"))
    for name, more in yaml.safe_load(lines).items():
        kustomization[name] += more
    (place / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), "utf-8")
    for name in ("tls.crt", "tls.key"):
        (place / name).write_text(generated(name), "utf-8")


def add_components(folder: Path, overlay: str, *names: str) -> None:
    """Have an overlay of a copy include components that need nothing else."""
    file = folder / "k8s/overlays" / overlay / "kustomization.yaml"
    kustomization = yaml.safe_load(file.read_text("utf-8"))
    kustomization["components"] += [f"../../components/{name}" for name in names]
    file.write_text(yaml.safe_dump(kustomization), "utf-8")


def add_redis_cluster(folder: Path, overlay: str) -> None:
    """Have an overlay of a copy include components/redis-cluster, with the password that it needs."""
    add_components(folder, overlay, "redis-cluster")
    with (folder / "k8s/overlays" / overlay / ".env").open("a", encoding="utf-8") as file:
        file.write(f"REDIS_NODE_PASSWORD={generated('REDIS_NODE_PASSWORD')}\n")
