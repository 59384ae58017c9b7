"""`make bench`: this system beside its peers and its limits, on one machine, with the same Redis and PostgreSQL.

It starts everything itself and ends it. QUICK=1 takes under two minutes and shows that all works; FULL=1 adds a million
waiting strings and ten million stored rows. The contenders take turns, round after round; one that has no turn is idle.
A turn fails unless the rows are exactly as many as the strings that were accepted.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import backlog, large, limits, load, machine, processes, reads, report, requests, results, turns
from benchmarks.effort import Effort, chosen
from benchmarks.figures import Figures
from benchmarks.stage import Incomplete, Stage


def measure(stage: Stage, effort: Effort, figures: Figures) -> None:
    """Play all rounds, then what needs none. Raises LoadFailed or Incomplete."""
    turns.warm_up(stage, effort)
    for number in range(1, effort.rounds + 1):
        print(f"round {number} of {effort.rounds}", flush=True)
        turns.play(stage, effort, figures, number)
        requests.play_paced(stage, effort, figures)
        requests.play_bulk(stage, effort, figures)
        reads.play(stage, effort, figures)
        processes.play(stage, figures)
        limits.play(stage, effort, figures)
        backlog.play(stage, effort, figures)
    backlog.measure_pending(stage, effort, figures)
    large.play(stage, effort, figures)


def main() -> None:
    """Measure, print, and write the results; exit with 1 when the system did not keep its promise."""
    load.require_wrk()
    load_before, *_ = os.getloadavg()
    effort, figures, started = chosen(os.environ), Figures(), time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            with Stage(Path(folder) / "stage") as stage:
                described = machine.describe(stage, load_before)
                measure(stage, effort, figures)
            processes.measure_restart(Path(folder) / "run", effort, figures)
        except (load.LoadFailed, Incomplete) as error:
            sys.exit(f"{type(error).__name__}: {error}")
    outcome = results.collect(described, effort, figures)
    print(report.render(outcome), end="\n\n")
    print(*results.publish(outcome), sep="\n")
    print(f"took {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
