"""Every example of docs/api.md runs unchanged, and prints what is written below it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.system import ROOT, System

pytestmark = pytest.mark.timeout(120)
ADDRESS = "http://127.0.0.1:5000"
FENCED = re.compile(r"^```(sh|python|js)\n(.*?)^```\n(?:<!-- prints: (.*?) -->)?", re.MULTILINE | re.DOTALL)
EXAMPLES = FENCED.findall((ROOT / "docs" / "api.md").read_text(encoding="utf-8"))
PROGRAMS = {"sh": ("bash", "curl"), "python": (sys.executable,), "js": ("node",)}


def test_there_are_examples_in_three_languages() -> None:
    assert {language for language, *_ in EXAMPLES} == {"sh", "python", "js"}
    assert all(printed for *_, printed in EXAMPLES)


@pytest.mark.parametrize(("language", "code", "printed"), EXAMPLES)
def test_an_example_runs(
    system: System, operator_token: str, tmp_path: Path, language: str, code: str, printed: str
) -> None:
    for needed in PROGRAMS[language]:
        if shutil.which(needed) is None:
            pytest.skip(f"NO {needed.upper()}: the examples for it are not run")
    program = PROGRAMS[language][0]
    file = tmp_path / f"example.{'mjs' if language == 'js' else language}"
    file.write_text(code.replace(ADDRESS, system.api_url), encoding="utf-8")
    command = [program, "-eu", str(file)] if language == "sh" else [program, str(file)]
    env = os.environ | {"OPERATOR_TOKEN": operator_token}
    run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert printed in run.stdout
