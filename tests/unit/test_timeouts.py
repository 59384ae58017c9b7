"""Each timeout expires before the next."""

from __future__ import annotations

from api.process import appender, reader
from core import timeouts


def test_the_workers_clocks_nest() -> None:
    nest = [
        timeouts.STATEMENT_TIMEOUT,
        timeouts.CALL_DEADLINE,
        timeouts.LEASE,
        timeouts.TASK_TIME_LIMIT,
        timeouts.GRACE_PERIOD,
    ]
    assert nest == sorted(set(nest))


def test_a_batch_is_settled_within_its_lease() -> None:
    assert timeouts.SETTLE_BUDGET + timeouts.CALL_DEADLINE < timeouts.LEASE
    assert timeouts.TASK_TIME_LIMIT < timeouts.ABANDONED_AFTER


def test_a_pool_that_is_busy_is_not_taken_for_a_stuck_one() -> None:
    longest = timeouts.DRAIN_BUDGET + timeouts.SETTLE_BUDGET + timeouts.CONNECT_TIMEOUT + timeouts.CALL_DEADLINE
    assert longest < timeouts.STUCK_AFTER < timeouts.TASK_TIME_LIMIT


def test_connecting_and_trying_again_fit_into_the_lease() -> None:
    assert timeouts.CONNECT_TIMEOUT + timeouts.CALL_DEADLINE < timeouts.LEASE


def test_the_api_answers_within_three_seconds_whatever_is_unavailable() -> None:
    assert appender.PATIENCE < 3
    assert reader.STATEMENT_TIMEOUT < reader.CALL_DEADLINE
