"""The containers' memory limits, as the manifests state them, and how much of them a program has taken."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import psutil

from local.system import ROOT

MIB = 2**20
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def memory_limit(manifest: str) -> int:
    """Return the highest memory limit (bytes) in a file of k8s/base, such as ``api/deployment.yaml``."""
    text = (ROOT / "k8s" / "base" / manifest).read_text("utf-8")
    return max(int(found) for found in re.findall(r"limits:\s+(?:cpu: \S+\s+)?memory: (\d+)Mi", text)) * MIB


def family(pid: int) -> list[psutil.Process]:
    """Return a program and its children."""
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def peak_memory(pid: int) -> int:
    """Return the most memory (bytes) that a program and its children have held; what they share counts for each."""
    total = 0
    for process in family(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            found = _PEAK.search(Path(f"/proc/{process.pid}/status").read_text("ascii"))
            total += int(found[1]) * 1024 if found else 0
    return total


def forget_peak(pid: int) -> None:
    """Measure the peak from now on."""
    for process in family(pid):
        Path(f"/proc/{process.pid}/clear_refs").write_text("5", "ascii")
