"""First figures: this system beside a Celery task per string, on one machine, with the same Redis and PostgreSQL.

``python -m benchmarks.first_figures`` starts everything, lets the two take turns, and prints a Markdown table. A turn
counts strings from its first request until the last accepted one is a row, and fails unless the rows are exactly as
many as were accepted. The way that has no turn is idle.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import psycopg2

from benchmarks import machine
from benchmarks.load import Load, LoadFailed, require_wrk, send
from benchmarks.ways import Way, both_ways

MANY_CLIENTS = 64
ONE_CLIENT_S = 3
WARM_UP_S = 1
STORED_WITHIN = 120.0
LOOK_EVERY = 0.5  # seldom, since counting takes time from the way that is measured


class Incomplete(Exception):
    """The rows are not as many as the strings that were accepted."""


class Turn(NamedTuple):
    """What one turn brought."""

    stored_per_s: float
    load: Load


class Contest:
    """The turns of the ways, by clients and way."""

    def __init__(self, database: str, ways: Sequence[Way]) -> None:
        """Compare these ways; the database's owner empties their tables."""
        self._database = database
        self.ways = ways
        self.turns: dict[tuple[int, Way], list[Turn]] = {}

    def play(self, rounds: int, seconds: int) -> None:
        """Let every way have its turns, after one that does not count; raises LoadFailed or Incomplete.

        A way that acknowledges faster than it stores sends for a third of the time, because the rest of its turn is
        spent waiting for its rows.
        """
        sends = dict(zip(self.ways, (seconds, max(1, seconds // 3)), strict=True))
        for way in self.ways:
            self._measure(way, MANY_CLIENTS, WARM_UP_S)
        for number in range(1, rounds + 1):
            for clients in (MANY_CLIENTS, 1):
                for way in self.ways:
                    turn = self._measure(way, clients, sends[way] if clients > 1 else min(seconds, ONE_CLIENT_S))
                    self.turns.setdefault((clients, way), []).append(turn)
                    print(
                        f"round {number}: {way.name}, {clients} clients: {turn.stored_per_s:,.0f} stored/s",
                        file=sys.stderr,
                    )

    def table(self) -> str:
        """Return the figures as a Markdown table."""
        lines = [
            "| way | clients | stored/s, median (spread) | times the peer | acknowledged in, p50 | p99 |",
            "|---|--:|--:|--:|--:|--:|",
        ]
        for (clients, way), turns in self.turns.items():
            rates = [turn.stored_per_s for turn in turns]
            peer = statistics.median(turn.stored_per_s for turn in self.turns[clients, self.ways[-1]])
            p50, p99 = (statistics.median(getattr(turn.load, name) for turn in turns) for name in ("p50_ms", "p99_ms"))
            lines.append(
                f"| {way.name} | {clients} | {statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f}) "
                f"| {statistics.median(rates) / peer:.1f} | {p50:.1f} ms | {p99:.1f} ms |"
            )
        return "\n".join(lines)

    def _measure(self, way: Way, clients: int, seconds: int) -> Turn:
        with closing(psycopg2.connect(self._database, connect_timeout=3)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(f"TRUNCATE {way.table}")
            start = time.time()
            load = send(way.url, clients, seconds)
            return Turn(load.accepted / (_last_stored(cursor, way.table, load.accepted) - start), load)


def _last_stored(cursor: psycopg2.extensions.cursor, table: str, accepted: int) -> float:
    """Wait until all are rows; return the Unix time of the last one. Raises Incomplete."""
    deadline = time.monotonic() + STORED_WITHIN
    while True:
        cursor.execute(f"SELECT count(*), extract(epoch FROM max(stored_at))::float FROM {table}")
        rows, last = cursor.fetchone() or (0, None)
        if rows == accepted:
            return float(last)
        if rows > accepted or time.monotonic() > deadline:
            raise Incomplete(f"{rows} rows in {table} for {accepted} accepted strings")
        time.sleep(LOOK_EVERY)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_figures", description="Measure both ways.")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each way (3)")
    parser.add_argument("--seconds", type=int, default=8, help="how long a turn sends with 64 clients (8)")
    arguments = parser.parse_args()
    require_wrk()
    with tempfile.TemporaryDirectory() as folder, both_ways(Path(folder)) as (system, ours, peer):
        contest = Contest(system.postgres.owner_url, (ours, peer))
        try:
            contest.play(arguments.rounds, arguments.seconds)
        except (LoadFailed, Incomplete) as error:
            sys.exit(f"{type(error).__name__}: {error}")
        print(contest.table(), "", machine.describe(system.redis.url, system.postgres.owner_url), sep="\n")


if __name__ == "__main__":
    main()
