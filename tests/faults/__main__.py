"""A long run of faults: ``make faults``.

SEED= gives the schedule, DURATION= the seconds, RATE= the requests a second, FAULTS= words that the names of the wanted
kinds contain, comma-separated, SETTLE= the seconds that draining may take at the end. LANE=cluster plays others, with
a journal in shards on a Redis Cluster, and a PostgreSQL with a synchronous standby.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from faults import cluster_kinds
from faults.checker import report
from faults.cluster_world import ClusterWorld
from faults.kinds import KINDS
from faults.run import run, table
from faults.schedule import plan
from faults.world import SETTLED_WITHIN, World


def main() -> None:
    """Run, print what happened, and exit with 1 where the promise was broken."""
    seed, seconds = int(os.environ.get("SEED", "1")), float(os.environ.get("DURATION", "600"))
    rate, settle = float(os.environ.get("RATE", "200")), float(os.environ.get("SETTLE", SETTLED_WITHIN))
    words = [word.strip() for word in os.environ.get("FAULTS", "").split(",") if word.strip()]
    on_cluster = os.environ.get("LANE") == "cluster"
    known = cluster_kinds.KINDS if on_cluster else KINDS
    kinds = [kind for kind in known if not words or any(word in kind.name for word in words)]
    if not kinds:
        sys.exit(f"FAULTS names none of these: {', '.join(kind.name for kind in known)}")
    lane = plan(kinds, seed, count=int(seconds) + 1)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        world = ClusterWorld if on_cluster else World
        result = run(Path(folder), [lane], seed=seed, rate=rate, seconds=seconds, settle=settle, make=world)
    print(table(result))
    print(f"\n{len(result.happened)} faults, {len(result.answers):,} requests, SEED={seed}")
    print(report(result.verdict, result.ledger, seed))
    sys.exit(0 if result.verdict.ok else 1)


if __name__ == "__main__":
    main()
