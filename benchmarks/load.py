"""Load over HTTP: wrk sends single strings, each different, over connections that are kept."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

SCRIPT = Path(__file__).parent / "submit.lua"
LAST_ANSWERS_S = 2
"""Seconds at the end in which nothing is sent, so that every request gets its answer."""


class LoadFailed(Exception):
    """Some request was not accepted."""


class Load(NamedTuple):
    """What the clients saw: strings accepted, and how long an acknowledgement took."""

    accepted: int
    p50_ms: float
    p99_ms: float


def require_wrk() -> None:
    """End the program with a clear message where wrk is missing."""
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing, it makes the load: apt-get install wrk")


def send(url: str, clients: int, seconds: int) -> Load:
    """Have so many clients submit for so long (to a second); each sends its next string when the last one is accepted.

    Raises LoadFailed when a request was refused or broke, or none could be sent.
    """
    until = int(time.time()) + seconds + 1
    duration = until - time.time() + LAST_ANSWERS_S
    options = ["--threads", "1", "--connections", str(clients), "--timeout", "10s", "--script", str(SCRIPT)]
    command = ["wrk", *options, "--duration", f"{round(duration)}s", url, "--", secrets.token_hex(2), str(until)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 30)
    if run.returncode:
        raise LoadFailed(f"wrk: {run.stderr.strip() or run.stdout.strip()}")
    seen = json.loads(run.stdout.splitlines()[-1])
    if seen["refused"] or seen["broken"]:
        raise LoadFailed(f"{url}: {seen['refused']} requests were refused and {seen['broken']} broke")
    return Load(seen["answered"], seen["p50_ms"], seen["p99_ms"])
