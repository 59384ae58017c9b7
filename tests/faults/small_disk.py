"""A disk of its own for Redis, which can be filled: a file system in memory, where this machine lets us mount one."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

SIZE = "1g"
"""Room for what half an hour leaves in the append-only file between two rewrites."""
FILLER, PIECE = "filler", bytes(1024 * 1024)


@cache
def can_mount() -> bool:
    """Tell whether this process may mount a file system."""
    if os.geteuid() != 0:
        return False
    with TemporaryDirectory() as folder:
        mounted = _run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder)
        return mounted and _run("umount", folder)


def mount(folder: Path) -> None:
    """Mount the small disk there, if this process may."""
    if can_mount():
        folder.mkdir(parents=True)
        if not _run("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)):
            raise OSError(f"no small disk could be mounted at {folder}")


def unmount(folder: Path) -> None:
    """Unmount the small disk, with all that is on it."""
    if folder.is_mount():
        _run("umount", "--lazy", str(folder))


def fill(folder: Path) -> None:
    """Leave no byte free."""
    with suppress(OSError), (folder / FILLER).open("wb", buffering=0) as file:
        while file.write(PIECE):
            pass


def empty(folder: Path) -> None:
    """Give the room back."""
    (folder / FILLER).unlink(missing_ok=True)


def _run(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False, timeout=10).returncode == 0
