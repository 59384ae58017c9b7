"""Each tier runs with what its extra installs, and nothing that development happens to bring along."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.system import ROOT

ENV = {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": "postgresql://127.0.0.1:1/dummy"}


@pytest.mark.parametrize(
    ("extras", "imports"),
    [
        (["api"], "api.app, granian, kombu.transport.redis"),
        (["worker", "flower"], "worker.app, database.wait, flower.app, kombu.transport.redis"),
    ],
    ids=["api", "worker"],
)
def test_a_tier_needs_no_more_than_its_extras(tmp_path: Path, extras: list[str], imports: str) -> None:
    venv = tmp_path / "venv"
    chosen = [word for extra in extras for word in ("--extra", extra)]
    sync = [
        sys.executable,
        "-m",
        "uv",
        "sync",
        "--frozen",
        "--no-default-groups",
        "--quiet",
        "--python",
        sys.executable,
    ]
    env = os.environ | {"UV_PROJECT_ENVIRONMENT": str(venv), "UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run([*sync, *chosen], cwd=ROOT, env=env, check=True, timeout=100)
    subprocess.run(
        [venv / "bin" / "python", "-c", f"import {imports}"], cwd=ROOT, env=env | ENV, check=True, timeout=60
    )
