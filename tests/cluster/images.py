"""The images: built from this folder, and made known to the cluster."""

from __future__ import annotations

import os
import shutil
import subprocess

from cluster.overlay import image_names
from cluster.settings import Settings

from local.system import ROOT

TIMEOUT = 900
"""Seconds for building one image, and for handing all over."""


def hand_over(settings: Settings) -> None:
    """Build the images if docker is installed, and run the command that makes them known to the cluster, if any."""
    if not settings.images:
        return
    names = image_names(settings)
    if shutil.which("docker"):
        for tier, name in names.items():
            _build(tier, name)
    environ = os.environ | {"IMAGES": " ".join(names.values())}
    subprocess.run(["sh", "-c", settings.images], cwd=ROOT, env=environ, timeout=TIMEOUT, check=True)


def _build(tier: str, name: str) -> None:
    version = name.rpartition(":")[2]
    options = ["--file", f"{tier}/Dockerfile", "--tag", name, "--build-arg", f"VERSION={version}"]
    subprocess.run(["docker", "build", *options, "."], cwd=ROOT, timeout=TIMEOUT, check=True)
