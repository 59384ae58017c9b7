"""`make bench`: this system beside its peers and its limits, on one machine, with the same Redis and PostgreSQL.

It starts everything itself and ends it. QUICK=1 takes under two minutes and shows that all works; FULL=1 adds a million
waiting strings and ten million stored rows. Each round measures the contenders one after another while the others are
idle. The run fails unless there are exactly as many rows as accepted strings.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import backlog, large, limits, load, machine, processes, reads, report, requests, results, rounds
from benchmarks.environment import Environment, Incomplete
from benchmarks.figures import Figures
from benchmarks.profile import Profile, chosen


def measure(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure all rounds, then what is measured once. Raises LoadFailed or Incomplete."""
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
    backlog.measure_pending(environment, profile, figures)
    large.measure(environment, profile, figures)


def main() -> None:
    """Measure, print, and write the results; exit with 1 when the system did not keep its promise."""
    load.require_wrk()
    load_before, *_ = os.getloadavg()
    profile, figures, started = chosen(os.environ), Figures(), time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            with Environment(Path(folder) / "environment") as environment:
                described = machine.describe(environment, load_before)
                measure(environment, profile, figures)
            processes.measure_restart(Path(folder) / "run", profile, figures)
        except (load.LoadFailed, Incomplete) as error:
            sys.exit(f"{type(error).__name__}: {error}")
    outcome = results.collect(described, profile, figures)
    print(report.render(outcome), end="\n\n")
    print(*results.publish(outcome), sep="\n")
    print(f"took {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
