"""`make test-upgrade`: FROM= the last release from 1.0.0 on, else HEAD; SECONDS= that each phase lasts at least."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from benchmarks.pairs import check_out
from local.system import ROOT
from upgrade.lane import roll_out

RELEASES = ("git", "describe", "--tags", "--abbrev=0", "--match=v[1-9]*")


@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_from_the_release_before_to_this_tree_and_back(tmp_path: Path) -> None:
    released = subprocess.run(RELEASES, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    revision = os.environ.get("FROM") or released or "HEAD"
    print(f"from {revision}")
    old = check_out(revision, tmp_path / "tree")
    roll_out(tmp_path / "run", old, float(os.environ.get("SECONDS", "10")), settles=True)
