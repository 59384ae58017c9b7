"""The machine and the revision that the figures belong to."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.environment import Environment
from local.system import ROOT

PACKAGES = ("granian", "flask", "celery", "sqlalchemy", "psycopg2-binary", "redis")


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
