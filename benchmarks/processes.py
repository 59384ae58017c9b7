"""What the processes cost: time to start and memory; and the second start of `make run`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from benchmarks.environment import Environment, family
from benchmarks.figures import Figures
from benchmarks.profile import Profile
from local import run
from local.ports import free_port
from local.ready import get
from local.system import ROOT, Process, api_command

MEGABYTE = 1_000_000
STARTED_WITHIN = 60.0
READY_LINE = "Ctrl-C ends it all"
RUN = "import sys; from pathlib import Path; from local import run; run.DATA = Path(sys.argv[1]); run.main()"
"""`make run` with its data in a folder of its own."""


def measure(environment: Environment, figures: Figures) -> None:
    """Measure how an API starts, and the memory of the processes that have just been under load."""
    seconds, memory = _start_api(environment)
    figures.add("process.api_start_s", seconds)
    figures.add("process.api_fresh_mb", memory)
    figures.add("process.api_mb", _largest(psutil.Process(environment.api.pid).children()))
    if environment.worker is not None:
        figures.add("process.worker_mb", _largest(family(environment.worker.pid)[1:]))


def _start_api(environment: Environment) -> tuple[float, float]:
    """Return how long an API with one process takes to be ready, in seconds, and its memory then, in MB."""
    port = free_port()
    start = time.perf_counter()
    api = Process(api_command(port, workers=1), environment.folder / "another_api.log", environment.system.env)
    try:
        while get(port, "/readyz") is None:
            if not api.running or time.perf_counter() > start + STARTED_WITHIN:
                raise RuntimeError(f"an API did not start, see its log: {api.log}")
            time.sleep(0.005)
        return time.perf_counter() - start, _largest(psutil.Process(api.pid).children())
    finally:
        api.stop()


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
