"""The live API against its own OpenAPI document: whatever Schemathesis sends, the response is as the document says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.system import System

pytestmark = pytest.mark.timeout(240)
HERE = Path(__file__).parent
EXAMPLES = os.environ.get("EXAMPLES", "20")
"""Requests for each operation in each phase; more for those who look for more."""


def test_the_api_answers_as_its_document_says(system: System, operator_token: str, tmp_path: Path) -> None:
    """Valid and invalid requests, alone and in sequences that use earlier responses."""
    options = ["--seed=1", f"--max-examples={EXAMPLES}", "--continue-on-failure", "--request-timeout=10", "--no-color"]
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")]
    command += ["run", f"{system.api_url}/openapi.json", *options, f"--header=Authorization: Bearer {operator_token}"]
    env = os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
    run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=200, check=False)
    said = "\n".join(line[:300] for line in (run.stdout + run.stderr).splitlines())
    assert run.returncode == 0, said
    assert "Stateful" in said
    log = (system.folder / "api.log").read_text(encoding="utf-8")
    assert "request failed" not in log
