"""Each clock runs out before the next one does."""

from __future__ import annotations

from api import appender, rows
from core import clocks


def test_the_workers_clocks_nest() -> None:
    nest = [
        clocks.STATEMENT_TIMEOUT,
        clocks.CALL_DEADLINE,
        clocks.LEASE,
        clocks.TASK_TIME_LIMIT,
        clocks.GRACE_PERIOD,
    ]
    assert nest == sorted(set(nest))


def test_a_batch_is_settled_within_its_lease() -> None:
    assert clocks.SETTLE_BUDGET + clocks.CALL_DEADLINE < clocks.LEASE
    assert clocks.TASK_TIME_LIMIT < clocks.ABANDONED_AFTER


def test_a_pool_that_is_busy_is_not_taken_for_a_stuck_one() -> None:
    longest = clocks.DRAIN_BUDGET + clocks.SETTLE_BUDGET + clocks.CONNECT_TIMEOUT + clocks.CALL_DEADLINE
    assert longest < clocks.STUCK_AFTER < clocks.TASK_TIME_LIMIT


def test_connecting_and_trying_again_fit_into_the_lease() -> None:
    assert clocks.CONNECT_TIMEOUT + clocks.CALL_DEADLINE < clocks.LEASE


def test_the_api_answers_within_three_seconds_whatever_is_away() -> None:
    assert appender.PATIENCE < 3
    assert rows.STATEMENT_TIMEOUT < rows.CALL_DEADLINE
