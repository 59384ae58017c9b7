"""`make bench`: measure this system beside its peers and its limits, on one machine and the same servers.

QUICK=1 takes under two minutes and shows that everything works; FULL=1 adds ten million waiting strings, a hundred
million stored rows and the end of an outage. Each round measures the contenders one after another while the others are
idle. The run fails unless there are exactly as many rows as accepted strings. A trustworthy run replaces
benchmarks/results.json and what README and docs show of it; any other run only prints its report.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import (
    backlog,
    large,
    limits,
    load,
    machine,
    outage,
    processes,
    publish,
    reads,
    replicas,
    report,
    requests,
    results,
    rounds,
)
from benchmarks.environment import Environment, Incomplete
from benchmarks.figures import Figures
from benchmarks.profile import QUICK, Profile, chosen
from local.system import ROOT


def measure(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure all rounds, then what is measured once, of which a part may fail. Raises LoadFailed or Incomplete."""
    rounds.warm_up(environment, profile)
    for number in range(1, profile.rounds + 1):
        print(f"round {number} of {profile.rounds}", flush=True)
        rounds.measure(environment, profile, figures, number)
        requests.measure_paced(environment, profile, figures)
        requests.measure_bulk(environment, profile, figures)
        reads.measure(environment, profile, figures)
        processes.measure(environment, figures)
        limits.measure(environment, profile, figures)
        backlog.measure(environment, profile, figures)
    rounds.conclude_sweep(figures)
    for part in (backlog.measure_memory, replicas.measure, outage.measure, large.measure):
        try:
            part(environment, profile, figures)
        except load.LoadFailed as error:  # a disk that stalls for seconds: what else was measured still counts
            figures.skip(f"{part.__module__}, from where it failed: {error}")
            environment.start_again()


def conclude(outcome: results.Results, root: Path) -> None:
    """Print the report, and publish it unless the run was quick; exit with 1 if it cannot be trusted."""
    print(report.render(outcome), end="\n\n")
    if outcome["profile"]["name"] == QUICK.name:
        print("not published: a quick run only shows that everything works")
    else:
        publish.replace(outcome, root)


def main() -> None:
    """Measure and conclude; exit with 1 if the system broke its promise or the figures cannot be trusted."""
    load.require_wrk()
    load_before, *_ = os.getloadavg()
    profile, figures, started, others = chosen(os.environ), Figures(), time.monotonic(), machine.Others()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            with Environment(Path(folder) / "environment") as environment:
                described = machine.describe(environment, load_before)
                for doubt in results.doubts(described):
                    print(f"this run will not be published: {doubt}", flush=True)
                measure(environment, profile, figures)
                described["others"] = others.share
            processes.measure_restart(Path(folder) / "run", profile, figures)
        except (load.LoadFailed, Incomplete) as error:
            sys.exit(f"{type(error).__name__}: {error}")
    print(f"took {time.monotonic() - started:.0f} s", end="\n\n")
    conclude(results.collect(described, profile, figures), ROOT)


if __name__ == "__main__":
    main()
