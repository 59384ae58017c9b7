"""The test of an upgrade works still: a short one from HEAD to this tree."""

from __future__ import annotations

from pathlib import Path

import pytest
from upgrade.lane import roll_out

from benchmarks.pairs import check_out
from local.system import ROOT


@pytest.mark.timeout(180)
def test_an_upgrade_from_head_loses_and_doubles_nothing(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("NO REPOSITORY, no upgrade is tested: clone it")
    roll_out(tmp_path / "run", check_out("HEAD", tmp_path / "tree"), seconds=0, settles=False)
