"""HTTP load from wrk over persistent connections: single strings, each different, or GET requests."""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
SHORTEST_TEXT = 17
LAST_RESPONSE_S = 20


class LoadFailed(Exception):
    """A request failed or was refused."""


class Load(NamedTuple):
    """What the clients saw: the requests answered, over how many seconds, and the response times."""

    answered: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Responses per second."""
        return self.answered / self.seconds


def require_wrk() -> None:
    """Exit with a message if wrk is missing."""
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing; it generates the load: apt-get install wrk")


def submit(url: str, clients: int, seconds: float, text_bytes: int = SHORTEST_TEXT) -> Load:
    """Submit with this many clients for this long; each sends its next string when the last one is accepted.

    Waits for the response to every request. Raises LoadFailed if one was refused or failed, or none was sent.
    """
    start = time.time()
    tag, until, more = secrets.token_hex(2), f"{start + seconds:.6f}", str(text_bytes - SHORTEST_TEXT)
    options = _options("submit.lua", clients, int(seconds) + LAST_RESPONSE_S)
    command = ["wrk", *options, url, "--", tag, until, str(clients), more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as wrk:
        word, _, held = (wrk.stderr.readline() if wrk.stderr else "").strip().partition(" ")
        wrk.send_signal(signal.SIGINT)
        output, errors = wrk.communicate(timeout=LAST_RESPONSE_S)
    if word != "held":
        raise LoadFailed(f"{url}: a request had no response after {LAST_RESPONSE_S} s {word} {held} {errors}".strip())
    seen = _seen(url, output)
    return Load(seen["answered"], float(held) - start, seen["p50_ms"], seen["p99_ms"])


def read(base: str, paths: Sequence[str], clients: int, seconds: int, folder: Path) -> Load:
    """Get these paths in turn with this many clients; the list is written to the folder. Raises LoadFailed."""
    file = folder / "paths"
    file.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
    command = ["wrk", *_options("read.lua", clients, seconds), base, "--", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + LAST_RESPONSE_S)
    if run.returncode:
        raise LoadFailed(f"wrk: {run.stderr.strip() or run.stdout.strip()}")
    seen = _seen(base, run.stdout)
    return Load(seen["answered"], seen["seconds"], seen["p50_ms"], seen["p99_ms"])


def _options(script: str, clients: int, seconds: int) -> list[str]:
    options = ["--threads", "1", "--connections", str(clients), "--timeout", "10s", "--script", str(HERE / script)]
    return [*options, "--duration", f"{seconds}s"]


def _seen(url: str, output: str) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(output.splitlines()[-1])
    if seen["refused"] or seen["broken"] or not seen["answered"]:
        counts = ", ".join(f"{name} {seen[name]}" for name in ("answered", "refused", "broken"))
        raise LoadFailed(f"{url}: {counts}")
    return seen
