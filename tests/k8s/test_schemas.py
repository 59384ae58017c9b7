"""The oldest Kubernetes that is promised, 1.23, takes every object; the newest is a policy like the others."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
from k8s.objects import Documents, title, titled
from k8s.rules_schemas import standard

HERE = Path(__file__).parent
RUN = ["run", "--quiet", "--isolated", "--no-project", "--python", sys.executable]
WITH = ["--with-requirements", str(HERE / "schemas-1.23.txt"), "python", "-W", "ignore", str(HERE / "schemas_1_23.py")]


def problems(documents: Documents) -> list[str | None]:
    """Return what Kubernetes 1.23 finds wrong with each object; skips where that cannot be asked."""
    said = ""
    for where in (["--offline"], []):  # what is in uv's cache needs no look at the index
        command = [sys.executable, "-m", "uv", *RUN, *where, *WITH]
        try:
            done = subprocess.run(
                command, input=json.dumps(documents), capture_output=True, text=True, timeout=90, check=False
            )
        except subprocess.TimeoutExpired as error:
            said = str(error)
            continue
        if done.stdout.startswith("begun\n"):
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout.removeprefix("begun\n"))
        said = done.stderr
    pytest.skip(f"NO SCHEMAS OF KUBERNETES 1.23, the manifests are not tested for it: {said[-500:]}")


def test_kubernetes_1_23_takes_everything_and_notices_what_came_later(overlays: dict[str, Documents]) -> None:
    every = {json.dumps(each, sort_keys=True): each for documents in overlays.values() for each in standard(documents)}
    misspelt, later = (deepcopy(titled(overlays["dev"], "Deployment/api")) for _ in range(2))
    misspelt["spec"]["minReadySecond"] = 5
    later["spec"]["template"]["spec"]["containers"][0]["lifecycle"] = {"preStop": {"sleep": {"seconds": 5}}}
    *found, first, second = problems([*every.values(), misspelt, later])
    assert [f"{title(each)}: {problem}" for each, problem in zip(every.values(), found, strict=True) if problem] == []
    assert "minReadySecond" in first
    assert "sleep" in second
