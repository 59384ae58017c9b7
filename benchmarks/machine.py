"""The machine and the revision that the figures belong to."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.environment import Environment, family, used
from local.system import ROOT

PACKAGES = ("granian", "flask", "celery", "procrastinate", "sqlalchemy", "psycopg2-binary", "psycopg", "redis")
KERNEL = 2  # the parent of the kernel's threads, on Linux


class Others:
    """What others take of the processors: what is busy, less the kernel, this process and all that it started.

    Ask for ``share`` before the servers are killed: the time of a process that outlives its parent is lost.
    """

    def __init__(self) -> None:
        self._before = self._now()

    @property
    def share(self) -> float:
        """The part of all processors that others have taken so far."""
        busy, capacity = (now - then for now, then in zip(self._now(), self._before, strict=True))
        return max(0.0, round(busy / capacity, 4))

    @staticmethod
    def _now() -> tuple[float, float]:
        machine = psutil.cpu_times()
        busy = machine.user + machine.nice + machine.system + getattr(machine, "steal", 0.0)
        kernel = sum(sum(thread.info["cpu_times"][:2]) for thread in _kernel_threads())
        ours = sum(map(used, family(os.getpid())))
        return busy - ours - kernel, time.monotonic() * (os.cpu_count() or 1)


def _kernel_threads() -> Iterator[psutil.Process]:
    return (each for each in psutil.process_iter(["ppid", "cpu_times"]) if each.info["ppid"] == KERNEL)


def describe(environment: Environment, load_before: float) -> dict[str, Any]:
    """Return cores, processor, memory, versions, revision, and the load average before anything was started."""
    versions = {"Python": platform.python_version()}
    versions["Redis"] = environment.redis.info("server")["redis_version"]
    versions["PostgreSQL"] = environment.cursor.connection.info.parameter_status("server_version")
    versions |= {package: version(package) for package in PACKAGES}
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "kernel": platform.release(),
        "load_before": round(load_before, 2),
        "versions": versions,
        "revision": revision(),
    }


def revision() -> str:
    """Return the commit checked out, with a mark if files differ from it."""
    head, changed = (
        _git("rev-parse", "--short=12", "HEAD"),
        _git("status", "--porcelain", "--", "*.py", "*.lua", "*.sql"),
    )
    return f"{head} with changes" if head and changed else head or "unknown"


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=10)
    return run.stdout.strip()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
