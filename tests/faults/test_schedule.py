"""Every kind of fault once, on the real system, under load; and the schedule itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.checker import report
from faults.clock import can_move_redis_clock, find_faketime
from faults.kinds import ACCEPTING, KINDS, STORING
from faults.run import run, table
from faults.schedule import plan
from faults.small_disk import can_mount
from local import nginx

RATE = 50.0
SEED = 7
LONGEST = 400.0
PATIENCE = 240.0
"""Seconds to store the rest: other tests run beside this one. How soon it is done is what ``make faults`` judges."""


def test_the_same_seed_gives_the_same_schedule() -> None:
    assert plan(KINDS, 3, 200) == plan(KINDS, 3, 200) != plan(KINDS, 4, 200)
    assert {planned.kind for planned in plan(KINDS, 3, len(KINDS))} == set(KINDS)


@pytest.mark.timeout(1200)
def test_nothing_is_lost_or_doubled_whatever_is_killed_cut_or_stopped(tmp_path: Path) -> None:
    if nginx.find() is None:
        pytest.skip("NO NGINX, the faults are not played: install nginx-light")
    lanes = [plan(kinds, SEED, len(kinds), short=True) for kinds in (ACCEPTING, STORING)]
    result = run(tmp_path, lanes, seed=SEED, rate=RATE, seconds=LONGEST, settle=PATIENCE)
    print(table(result))
    assert len(result.happened) == len(KINDS)
    assert result.verdict.ok, report(result.verdict, result.ledger, SEED)


def test_clocks_are_put_wrong_where_that_can_be_done() -> None:
    if find_faketime() is None:
        pytest.skip("NO FAKETIME, no process' clock is put wrong: install faketime")
    if not can_move_redis_clock():
        pytest.skip("REDIS DOES NOT RUN UNDER FAKETIME, its clock is not put back")
    assert sum("clock" in kind.name for kind in KINDS) == 3


def test_the_disk_is_filled_where_that_can_be_done() -> None:
    if not can_mount():
        pytest.skip("NO RIGHT TO MOUNT, the append-only file's disk is never full: run as root")
    assert sum("disk full" in kind.name for kind in KINDS) == 1
