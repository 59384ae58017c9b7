"""Execute the run steps of the CI workflow here, without GitHub: for each Python and Node, in a fresh clone.

Actions are replaced: checkout by the clone, setup-node by Node from npm, the container by this machine. What cannot be
executed is named. PYTHONS="3.12 3.13" and STEPS="make run" (separated by commas) select.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
WORKFLOWS = ROOT / ".github" / "workflows"
ASKING = {"make audit"}
"""Steps that ask the advisories of PyPI and npm; they are executed only if STEPS names them."""


def jobs(workflow: str) -> dict[str, Any]:
    """Return a workflow's jobs."""
    return yaml.safe_load((WORKFLOWS / workflow).read_text(encoding="utf-8"))["jobs"]


def run_steps(job: dict[str, Any]) -> dict[str, str]:
    """Return the scripts of a job's run steps by name. Raises ValueError where one has more than name and script."""
    steps = [step for step in job["steps"] if "run" in step]
    if odd := [step for step in steps if step.keys() != {"name", "run"} or "${{" in step["run"]]:
        raise ValueError(f"cannot be executed here as on GitHub: {odd}")
    return {step["name"]: step["run"] for step in steps}


def ci_steps() -> dict[str, str]:
    """Return the run steps of all jobs of the CI workflow, those of `test` first."""
    found = jobs("ci.yaml")
    steps = run_steps(found.pop("test"))
    for job in found.values():
        steps |= run_steps(job)
    return steps


def find_python(version: str) -> Path | None:
    """Return the interpreter of this version, also one of pyenv's, if the machine has it."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    named = shutil.which(f"python{version}")
    where = "import sys; print(sys.executable)"  # pyenv's name in the PATH is a script, which may find none
    for candidate in [*([named] if named else []), *pyenv.glob(f"versions/{version}.*/bin/python{version}")]:
        found = subprocess.run([candidate, "-c", where], capture_output=True, text=True, check=False, timeout=10)
        if found.returncode == 0:
            return Path(found.stdout.strip())
    return None


def install_node(version: str, folder: Path) -> Path:
    """Install Node from npm and return the folder of its binary. Raises CalledProcessError."""
    arch = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = f"node-{sys.platform}-{arch}"
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder]
    subprocess.run([*npm, f"{package}@{version}"], check=True, timeout=300)
    return folder / "node_modules" / package / "bin"


def execute(steps: dict[str, str], python: Path, node: str, folder: Path) -> str | None:
    """Execute the steps one after the other in a clone; return the name of the one that failed."""
    subprocess.run(["git", "clone", "--quiet", ROOT, folder / "clone"], check=True, timeout=60)
    (folder / "bin").mkdir()
    (folder / "bin" / "python3").symlink_to(python)
    path = [folder / "bin", install_node(node, folder / "node"), os.environ["PATH"]]
    env = os.environ | {"PATH": ":".join(map(str, path)), "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"), "CI": "true"}
    for name, script in steps.items():
        print(f"--- {name}", flush=True)
        if subprocess.run(["sh", "-e", "-c", script], cwd=folder / "clone", env=env, check=False).returncode != 0:
            return name
    return None


def main() -> None:
    """Execute what is selected; exit with 1 when a step failed."""
    job = jobs("ci.yaml")["test"]
    every, wanted = ci_steps(), os.environ.get("STEPS")
    chosen = wanted.split(",") if wanted else every.keys() - ASKING
    steps = {name: script for name, script in every.items() if name in chosen}
    outcomes = []
    for entry in job["strategy"]["matrix"]["include"]:
        version, node = entry["python"], entry["node"]
        if version not in os.environ.get("PYTHONS", version).split():
            continue
        title = f"Python {version}, Node {node}"
        python = find_python(version)
        if python is None:
            outcomes.append(f"*** MISSING: {title}: no such Python on this machine")
            continue
        print(f"=== {title}: {python}", flush=True)
        with TemporaryDirectory() as folder:
            failed = execute(steps, python, node, Path(folder))
        outcomes.append(f"FAILED: {title}: {failed}" if failed else f"passed: {title}: {', '.join(steps)}")
    actions = {
        step["uses"].partition("@")[0]
        for name in ("ci.yaml", "release.yaml")
        for each in jobs(name).values()
        for step in each.get("steps", [])
        if "uses" in step
    }
    if left := ASKING - steps.keys():
        outcomes.append(f"*** NOT EXECUTED, needs the advisories of PyPI and npm: {', '.join(sorted(left))}")
    outcomes.append(f"*** NOT EXECUTED, only GitHub can: {', '.join(sorted(actions))}; {job['container']['image']}")
    print("\n".join(outcomes))
    sys.exit(any(outcome.startswith("FAILED") for outcome in outcomes))


if __name__ == "__main__":
    main()
