"""Named points in the tiers' code at which a process can be killed.

A point is armed by a file of its name; the process that reaches it removes the file and kills itself with SIGKILL, so
that exactly one dies. Nothing of this is in the tiers themselves: their functions are wrapped here, before they run.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

FOLDER = "FAULT_POINTS"
"""The environment variable that names the folder of armed points."""
API_POINTS = ("api-before-append", "api-after-append", "api-after-wakeup")
WORKER_POINTS = (
    "worker-after-claim",
    "worker-before-commit",
    "worker-after-commit",
    "worker-in-bisecting",
)


def arm(folder: Path, point: str) -> Path:
    """Arm a point, so that the next process that reaches it dies; return the file that is gone once one has."""
    file = folder / point
    file.touch()
    return file


def pass_by(point: str) -> None:
    """Die here if the point is armed."""
    try:
        (Path(os.environ[FOLDER]) / point).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def around(owner: Any, name: str, *, before: str | None = None, after: str | None = None) -> None:
    """Put points before and after a function."""
    original: Callable[..., Any] = getattr(owner, name)

    @wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            pass_by(before)
        result = original(*args, **kwargs)
        if after and result is not None:
            pass_by(after)
        return result

    setattr(owner, name, wrapped)
