"""The protocol in docs/model keeps its promises, whatever fails how often; and with one rule less it breaks one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from local.system import ROOT

MODEL = ROOT / "docs" / "model" / "protocol.pml"
KEPT, ONE_ROW, SERVED = "acknowledged_is_kept", "one_row_per_id", "kept_can_be_served"

SOUND = {
    "one replica": "",
    "two replicas": "-DREPLICAS=2 -DSTRINGS=1",
    "two workers": "-DWORKERS=2 -DSTRINGS=1",
    "dead letters in one script": "-DCHANGE=one_script -DSTRINGS=1",
    "dead letters in one script, two replicas": "-DCHANGE=one_script -DSTRINGS=1 -DREPLICAS=2",
}
"""Flags of spin for the protocol and what it may be changed to. One string less keeps the search short."""

MUTANTS = {
    "-DCHANGE=acknowledge_before_wait": KEPT,
    "-DCHANGE=repeat_writes_nothing": KEPT,
    "-DCHANGE=wait_for_memory": KEPT,
    "-DCHANGE=wait_for_replicas_only": KEPT,
    "-DREPLICAS=2 -DACKS=1": KEPT,
    "-DCHANGE=complete_before_commit": KEPT,
    "-DCHANGE=complete_before_letter": KEPT,
    "-DCHANGE=letter_not_waited": KEPT,
    "-DCHANGE=trust_entry_id": KEPT,
    "-DCHANGE=no_primary_key": ONE_ROW,
    "-DCHANGE=no_gate": KEPT,
    "-DCHANGE=gate_for_new_machines": KEPT,
    "-DCHANGE=gate_opens_for_primary -DREPLICAS=2 -DSTRINGS=1": SERVED,
    "-DCHANGE=resync_drops_first": KEPT,
    "-DCHANGE=elect_empty": KEPT,
    "-DCHANGE=elect_linked": SERVED,
    "-DCHANGE=two_machines": KEPT,
}
"""Flags of spin, and the promise that is broken."""


def search(folder: Path, flags: str, *options: str) -> str:
    """Search all states that the model has with these flags; return what the search says."""
    for tool in ("spin", "gcc"):
        if shutil.which(tool) is None:
            pytest.skip(f"NO {tool.upper()}: the protocol's model is not checked; install Debian's package {tool}")
    shutil.copy(MODEL, folder)
    compiler = ["gcc", "-O1", "-w", "-DSAFETY", "-DMEMLIM=1000", *options, "-o", "pan", "pan.c"]
    found = ""
    # -E: that all wait is no error here; -m: the deepest search has 0.8 million steps; -w: a small table, which grows
    for command in (["spin", *flags.split(), "-a", MODEL.name], compiler, ["./pan", "-E", "-m2000000", "-w22"]):
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
        found = ran.stdout + ran.stderr
        assert ran.returncode == 0, found
    return found


@pytest.mark.parametrize("flags", SOUND.values(), ids=SOUND)
def test_no_order_of_faults_breaks_a_promise(tmp_path: Path, flags: str) -> None:
    found = search(tmp_path, flags)
    assert "errors: 0" in found, found
    for incomplete in ("Search not completed", "max search depth too small", "out of memory", "MEMLIM"):
        assert incomplete not in found


@pytest.mark.parametrize(("flags", "promise"), MUTANTS.items(), ids=MUTANTS)
def test_a_protocol_without_one_of_its_rules_breaks_a_promise(tmp_path: Path, flags: str, promise: str) -> None:
    found = search(tmp_path, flags, "-DBFS")
    assert "errors: 1" in found, found
    assert f"assertion violated {promise} " in found, found


def test_each_change_that_the_model_knows_is_tried_and_each_mutant_has_a_row_in_its_document() -> None:
    listed = re.search(r"mtype = \{(.*?)\}", MODEL.read_text(encoding="utf-8"), re.DOTALL)
    assert listed
    names = re.findall(r"\w+", re.sub(r"/\*.*?\*/", "", listed[1]))
    tried = re.findall(r"-DCHANGE=(\w+)", " ".join([*SOUND.values(), *MUTANTS]))
    assert set(names) - {"none"} == set(tried)
    rows = re.findall(r"^\| `(-D.*?)` \|", (MODEL.parent / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == list(MUTANTS)
