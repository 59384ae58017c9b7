"""What the processes cost: time to start and memory; and the second start of `make run`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from benchmarks import requests
from benchmarks.environment import Environment, family
from benchmarks.figures import Figures
from benchmarks.profile import Profile
from local import run
from local.ports import free_port
from local.ready import get
from local.system import ROOT, Process, api_command

MEGABYTE = 1_000_000
STARTED_WITHIN = 60.0
LARGE_BULKS, LARGE_BULK, LINES = 10, 8 * 1024 * 1024, 10_000
"""Bulks at the same time, bytes and lines of each."""
SETTLED_AFTER = 2.0
READY_LINE = "Ctrl-C ends it all"
RUN = "import sys; from pathlib import Path; from local import run; run.DATA = Path(sys.argv[1]); run.main()"
"""`make run` with its data in a folder of its own."""


def measure(environment: Environment, figures: Figures) -> None:
    """Measure how an API starts, what large bulks cost it, and the memory of a worker that was under load."""
    port, start = free_port(), time.perf_counter()
    env = environment.system.env | environment.api_env | {"OPERATIONS_PORT": str(free_port())}
    api = Process(api_command(port, workers=1), environment.folder / "another_api.log", env)
    try:
        while get(port, "/readyz") is None:
            if not api.running or time.perf_counter() > start + STARTED_WITHIN:
                raise RuntimeError(f"an API did not start, see its log: {api.log}")
            time.sleep(0.005)
        figures.add("process.api_start_s", time.perf_counter() - start)
        [serving] = psutil.Process(api.pid).children()
        figures.add("process.api_fresh_mb", _largest([serving]))
        _send_large_bulks(f"http://127.0.0.1:{port}")
        figures.add("process.api_bulk_peak_mb", _peak(serving.pid))
        figures.add("process.api_bulk_mb", _largest([serving]))
    finally:
        api.stop()
    if environment.worker is not None:
        figures.add("process.worker_mb", _largest(family(environment.worker.pid)[1:]))


def _send_large_bulks(api: str) -> None:
    """Send ten bulks of 8 MiB at the same time, wait for the responses and for what they took to be given back."""
    body = b"\n".join(b"x" * (LARGE_BULK // LINES - 1) for _ in range(LINES))
    with ThreadPoolExecutor(LARGE_BULKS) as pool:
        list(pool.map(lambda _: requests.send_all(api, [body]), range(LARGE_BULKS)))
    time.sleep(SETTLED_AFTER)


def _peak(pid: int) -> float:
    """Return the most resident memory that a process has had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)[1]) * 1024 / MEGABYTE


def _largest(processes: list[psutil.Process]) -> float:
    """Return the resident memory of the largest process in MB, shared pages included."""
    return max(process.memory_info().rss for process in processes) / MEGABYTE


def measure_restart(folder: Path, profile: Profile, figures: Figures) -> None:
    """Start what `make run` starts, then measure how long it takes to start again with the data kept."""
    if not profile.restarts:
        return
    if not (ROOT / "web" / "dist" / "index.html").exists():
        figures.skip("the second start of `make run`: the page is not built, make web/dist/index.html")
        return
    _start_all(folder)
    for _ in range(profile.rounds):
        figures.add("run.ready_s", _start_all(folder))


def _start_all(folder: Path) -> float:
    ports = {name: str(free_port()) for name in run.PORTS}
    command = [sys.executable, "-c", RUN, str(folder)]
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | ports, stdout=subprocess.PIPE, text=True) as child:
        try:
            lines = []
            for line in child.stdout or ():
                lines.append(line)
                if READY_LINE in line:
                    return time.perf_counter() - start
            raise RuntimeError(f"`make run` ended by itself: {''.join(lines[-5:])}")
        finally:
            child.send_signal(signal.SIGTERM)
            child.communicate(timeout=STARTED_WITHIN)
