"""`make pairs BASE=revision`: this tree's speed beside that of a revision, in one run on the same machine.

Both systems run at the same time, and are loaded alternately: base, this, this, base, and the other way round, so
that neither a drift of the machine's speed nor the order counts for one of them. They take short turns, because what
slows the machine down lasts for seconds. Each round starts both again: two starts of one system differ by more than a
few seconds of load do. A ratio belongs to each round; what is printed is their median with a 95 % interval (bootstrap).
ROUNDS and SECONDS (of load in each turn) can be set. With OBSERVED=1 this tree's metrics are scraped, its traces are
collected, and its log is JSON; the other's are not.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class in spite of its name

from benchmarks import load
from benchmarks.environment import LOOK_EVERY, STORED_WITHIN, Incomplete
from benchmarks.observer import observer
from local.system import ROOT

SERVE = Path(__file__).with_name("serve.py")
LOCKS = ("uv.lock", "local/redis-server.txt")
CLIENTS = 64
STOP_TIMEOUT = 120.0
WARM_UP = 1.0
TURNS = 4
"""Of each system in a round; an even number."""
LEAST_ROUNDS = 6
"""Fewer say nothing about an interval of 95 %."""
RESAMPLES = 10_000


class Turn(NamedTuple):
    """What was measured: rows a second, and the 99th percentile of the response times (ms)."""

    rate: float
    p99_ms: float


class Side(NamedTuple):
    """A running system: its API directly and through nginx, and a cursor of its database's owner."""

    urls: dict[str, str]
    cursor: Cursor

    def take_turn(self, route: str, seconds: float) -> Turn:
        """Submit for some seconds, and wait for the last row. Raises Incomplete."""
        self.cursor.execute("TRUNCATE dummies")
        start = time.time()
        seen = load.submit(self.urls[route], CLIENTS, seconds)
        deadline = time.monotonic() + STORED_WITHIN
        while time.monotonic() < deadline:
            self.cursor.execute("SELECT count(*), extract(epoch FROM max(stored_at))::float FROM dummies")
            [(rows, last)] = self.cursor.fetchall()
            if rows == seen.answered:
                return Turn(rows / (float(last) - start), seen.p99_ms)
            time.sleep(LOOK_EVERY)
        raise Incomplete(f"{rows} rows for {seen.answered} accepted strings")


@contextmanager
def serving(tree: Path, folder: Path, environments: Sequence[Mapping[str, str]] = ({}, {})) -> Iterator[Side]:
    """Run the system of a tree, with the tree's own packages and more in the environments of its API and worker."""
    command = [str(tree / ".venv" / "bin" / "python"), str(SERVE), str(folder), *map(json.dumps, environments)]
    with subprocess.Popen(command, cwd=tree, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            served = json.loads((process.stdout and process.stdout.readline()) or "null")
            if served is None:
                raise SystemExit(f"the system in {tree} did not start")
            with closing(psycopg2.connect(served["database"])) as connection:
                connection.autocommit = True
                yield Side(served["urls"], connection.cursor())
        finally:
            if process.stdin:
                process.stdin.close()  # which ends it
            process.wait(STOP_TIMEOUT)


def check_out(revision: str, folder: Path) -> Path:
    """Clone a revision; install its packages unless it locks the same as this tree. Raises CalledProcessError."""
    subprocess.run(["git", "clone", "--quiet", "--shared", ROOT, folder], check=True, timeout=60)
    subprocess.run(["git", "checkout", "--quiet", revision], cwd=folder, check=True, timeout=60)
    if all((folder / lock).read_bytes() == (ROOT / lock).read_bytes() for lock in LOCKS):
        (folder / ".venv").symlink_to(ROOT / ".venv")
    else:
        subprocess.run(["make", "--silent", ".venv/.stamp"], cwd=folder, check=True, timeout=300)
    return folder


def compare(base: Side, this: Side, route: str, seconds: float, *, base_first: bool) -> Turn:
    """Return this system's figures over the base's."""
    order = ([base, this, this, base] if base_first else [this, base, base, this]) * (TURNS // 2)
    for side in order[:2]:
        side.take_turn(route, WARM_UP)
    turns = [(side is this, side.take_turn(route, seconds)) for side in order]
    ours = [turn for is_this, turn in turns if is_this]
    theirs = [turn for is_this, turn in turns if not is_this]
    ratio = Turn(
        sum(turn.rate for turn in ours) / sum(turn.rate for turn in theirs),
        sum(turn.p99_ms for turn in ours) / sum(turn.p99_ms for turn in theirs),
    )
    said = ", ".join(f"{turn.rate:.0f}/s {turn.p99_ms:.0f} ms" for _, turn in turns)
    print(f"{route}: {ratio.rate:.3f}, p99 {ratio.p99_ms:.3f}   ({said})", flush=True)
    return ratio


def play(base: Path, folder: Path, seconds: float, *, base_first: bool) -> dict[str, Turn]:
    """Start both systems and return the ratios for each route to the API. Raises Incomplete or LoadFailed."""
    with ExitStack() as started:
        environments = {ROOT: started.enter_context(observer())} if os.environ.get("OBSERVED") else {}
        order = [base, ROOT] if base_first else [ROOT, base]
        sides = {
            tree: started.enter_context(serving(tree, folder / str(tree is ROOT), environments.get(tree, ({}, {}))))
            for tree in order
        }
        routes = [route for route in sides[ROOT].urls if route in sides[base].urls]
        return {route: compare(sides[base], sides[ROOT], route, seconds, base_first=base_first) for route in routes}


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the bounds of the median's 95 % interval."""
    medians = sorted(statistics.median(random.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return medians[RESAMPLES // 40], medians[-RESAMPLES // 40]


def main() -> None:
    """Compare; exit with 1 if a system loses a string."""
    load.require_wrk()
    revision = os.environ.get("BASE") or sys.exit("name the revision to compare with: make pairs BASE=main")
    rounds, seconds = int(os.environ.get("ROUNDS", "16")), os.environ.get("SECONDS", "1.5")
    busy, *_ = os.getloadavg()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        base = check_out(revision, folder / "tree")
        try:
            found = [
                play(base, folder / str(number), float(seconds), base_first=number % 2 == 0) for number in range(rounds)
            ]
        except (load.LoadFailed, Incomplete) as error:
            sys.exit(f"{type(error).__name__}: {error}")
    print(
        f"\nThis tree beside {revision}, load {busy:.2f} before,"
        f" {rounds} rounds of {2 * TURNS} x {seconds} s, {CLIENTS} clients:"
    )
    for route in found[0]:
        for name in Turn._fields:
            ratios = [getattr(ratio[route], name) for ratio in found]
            low, high = interval(ratios) if rounds >= LEAST_ROUNDS else (0, float("inf"))
            print(f"  {route}, {name}: median {statistics.median(ratios):.3f}, 95 % {low:.3f} to {high:.3f}")


if __name__ == "__main__":
    main()
