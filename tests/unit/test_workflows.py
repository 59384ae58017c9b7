"""What a release needs: one version everywhere, a tag that fits it, and a signature for each image."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from workflows import ASKING, ci_steps, jobs, run_steps

from local.system import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION = PROJECT["version"]
STEPS = {step["name"]: step["run"] for step in jobs("release.yaml")["images"]["steps"] if "run" in step}


def run(step: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Execute a step of the release as GitHub does."""
    script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[step]]
    return subprocess.run(
        script, cwd=ROOT, env=os.environ | env, capture_output=True, text=True, check=False, timeout=10
    )


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("docker-bake.hcl", r'default = "(\d[^"]*)"'),
        ("k8s/components/release/kustomization.yaml", r"newTag: (\S+)"),
        ("web/package.json", r'^  "version": "([^"]*)'),
        ("docs/deploy.md", r"\bix-\w+:(\d\S*)"),
        ("docs/deploy/kind.md", r"\bix-\w+:(\d\S*)"),
        ("docs/deploy/ixcloud.md", r"\bix-\w+:(\d\S*)"),
        ("docs/deploy/ixcloud.ko.md", r"\bix-\w+:(\d\S*)"),
        ("CHANGELOG.md", r"\A.*?^## (\d\S*)"),
    ],
)
def test_every_file_names_the_version(file: str, pattern: str) -> None:
    found = re.findall(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert set(found) == {VERSION}


def test_a_release_takes_the_tag_of_its_version_alone() -> None:
    assert run("Compare the tag with the version", GITHUB_REF_NAME=f"v{VERSION}").returncode == 0
    for tag in ("v0.0.1", VERSION.replace(".", "x"), f"v{VERSION}.1", "v"):
        assert run("Compare the tag with the version", GITHUB_REF_NAME=tag).returncode != 0


def test_a_registry_is_named_in_lower_case(tmp_path: Path) -> None:
    run("Name the registry", GITHUB_REPOSITORY="Some-One/IX-dummies", GITHUB_OUTPUT=str(tmp_path / "output"))
    assert (tmp_path / "output").read_text() == "name=ghcr.io/some-one/ix-dummies\n"


@pytest.mark.skipif(shutil.which("jq") is None, reason="NO JQ: the command that signs the images is not tested")
def test_every_image_is_signed_by_its_digest(tmp_path: Path) -> None:
    """A cosign that only writes down what it is asked to sign; one that fails stops the release."""
    cosign = tmp_path / "cosign"
    cosign.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n')
    cosign.chmod(0o755)
    built = {
        tier: {"image.name": f"ghcr.io/x/ix-{tier}:{VERSION}", "containerimage.digest": f"sha256:{tier}"}
        for tier in ("api", "worker", "web")
    }
    env = {"METADATA": json.dumps(built | {"buildx.build.warnings": {}}), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert run("Sign", **env).returncode == 0
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == [f"sign --yes ghcr.io/x/ix-{tier}:{VERSION}@sha256:{tier}" for tier in built]
    cosign.write_text("#!/bin/sh\nexit 1\n")
    assert run("Sign", **env).returncode != 0


def test_ci_runs_what_can_be_executed_here() -> None:
    assert {"make test", "tests/smoke.sh", "make sbom"} <= {
        script for name, script in ci_steps().items() if name not in ASKING
    }
    assert ci_steps().keys() >= ASKING
    with pytest.raises(ValueError, match="cannot be executed here"):
        run_steps({"steps": [{"name": "greet", "run": "echo ${{ github.actor }}"}]})


IMAGES = {"api": "api/Dockerfile", "worker": "worker/Dockerfile"}


@pytest.fixture(scope="module")
def boms() -> dict[str, list[dict[str, Any]]]:
    """The components of each image, as `make sbom` lists them."""
    if subprocess.run(["npm", "sbom", "--help"], capture_output=True, check=False, timeout=20).returncode != 0:
        pytest.skip("NPM WITHOUT SBOM, what the images are made of is not tested: install npm 10")
    subprocess.run(["make", "sbom"], cwd=ROOT, capture_output=True, check=True, timeout=60)
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in (ROOT / "sbom").glob("*.json")}
    return {tier: bom["components"] for tier, bom in found.items()}


@pytest.mark.parametrize("tier", IMAGES)
def test_an_image_lists_what_it_installs(boms: dict[str, list[dict[str, Any]]], tier: str) -> None:
    extras = re.findall(r"--extra (\w+)", (ROOT / IMAGES[tier]).read_text(encoding="utf-8"))
    written = f"{' '.join(f'--extra {each}' for each in extras)} >sbom/{tier}.json"
    assert written in (ROOT / "Makefile").read_text("utf-8")
    listed = {each["name"] for each in boms[tier]}
    for extra in extras:
        assert {re.split(r"[^\w-]", each)[0] for each in PROJECT["optional-dependencies"][extra]} <= listed
    assert "pytest" not in listed
    assert all(file["hashes"] for each in boms[tier] for file in each["externalReferences"])


def test_the_page_lists_what_the_lock_has(boms: dict[str, list[dict[str, Any]]]) -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))["packages"]
    wanted = {path.rpartition("node_modules/")[2] for path, it in lock.items() if path and not it.get("dev")}
    assert wanted <= {each["name"] for each in boms["web"]}
