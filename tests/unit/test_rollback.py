"""A fall of the counter of appended strings is noticed, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import capture_logs

from core.connection import Shard
from core.keys import keys_at
from core.maintenance import Maintenance
from core.rollback import Mark, RollbackDetector


@pytest.fixture
def said() -> Iterator[list[Any]]:
    """What is logged."""
    with capture_logs() as logged:
        yield logged


@pytest.fixture
def detector() -> RollbackDetector:
    """Ten strings were seen."""
    made = RollbackDetector()
    made.note(made.mark, 0, 10)
    return made


def test_a_counter_that_has_fallen_is_reported_once_and_is_the_new_base(
    detector: RollbackDetector, said: list[Any]
) -> None:
    detector.note(detector.mark, 4, 4)
    detector.note(detector.mark, 4, 4)
    detector.note(detector.mark, 4, 7)
    assert said == [
        {"event": "journal rolled back", "log_level": "error", "before": 10, "after": 4, "missing_at_most": 6}
    ]
    assert detector.unreported
    assert detector.unreported[1:] == (10, 4)
    detector.note(detector.mark, 6, 6)
    assert (said[1]["before"], said[1]["after"]) == (7, 6)
    assert detector.unreported[1:] == (10, 4)  # the first one is kept


def test_what_a_call_appends_itself_does_not_hide_it(detector: RollbackDetector, said: list[Any]) -> None:
    detector.note(detector.mark, 4, 40)
    assert len(said) == 1
    assert detector.mark.counter == 40


def test_answers_may_be_noted_in_any_order(detector: RollbackDetector, said: list[Any]) -> None:
    """The monitor's thread comes with an older answer after the appender's has come with a newer one."""
    monitors = detector.mark
    detector.note(detector.mark, 10, 500)
    detector.note(monitors, 10, 10)
    assert not said
    assert detector.mark.counter == 500


def test_an_answer_from_before_the_fall_that_is_noted_after_it_counts_nothing(
    detector: RollbackDetector, said: list[Any]
) -> None:
    late_and_high, late_and_low = detector.mark, detector.mark
    detector.note(detector.mark, 4, 4)
    detector.note(late_and_high, 10, 60)
    detector.note(late_and_low, 4, 4)
    detector.note(detector.mark, 4, 4)
    assert len(said) == 1


def test_a_late_answer_from_after_the_fall_says_how_deep_it_was(detector: RollbackDetector, said: list[Any]) -> None:
    """The appender's call finds the counter as Redis came back with it; the monitor's ran later and is noted first."""
    appenders, monitors = detector.mark, detector.mark
    detector.note(monitors, 7, 7)
    first = detector.unreported
    assert first
    detector.note(appenders, 4, 7)
    detector.reported(first)
    assert detector.unreported == first._replace(after=4)
    detector.reported(detector.unreported)
    assert detector.unreported is None
    assert len(said) == 1


class Call:
    """A call of one of several threads on its way: sent, run by Redis, its answer noted."""

    def __init__(self, detector: RollbackDetector, adds: int) -> None:
        self._detector, self._adds = detector, adds
        self._mark: Mark | None = None
        self._answer: tuple[int, int] | None = None
        self.ended = False

    def go_on(self, counter: int) -> int:
        """Take the next step; return Redis' counter after it."""
        if self._mark is None:
            self._mark = self._detector.mark
        elif self._answer is None:
            self._answer = (counter, counter + self._adds)
            return counter + self._adds
        else:
            self._detector.note(self._mark, *self._answer)
            self.ended = True
        return counter


def play(detector: RollbackDetector, turns: list[tuple[int, int]], counter: int) -> int:
    """Let threads take turns (which one, what its next call appends); return Redis' counter after all have ended."""
    calls: dict[int, Call] = {}
    for thread, adds in turns:
        call = calls.setdefault(thread, Call(detector, adds))
        counter = call.go_on(counter)
        if call.ended:
            del calls[thread]
    for call in calls.values():
        while not call.ended:
            counter = call.go_on(counter)
    return counter


TURNS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=60)


@given(TURNS, st.lists(st.integers(1, 9), max_size=3))
def test_no_order_of_events_is_a_false_alarm(turns: list[tuple[int, int]], others: list[int]) -> None:
    """Neither of this process's threads nor of other processes, whose strings are counted too."""
    detector = RollbackDetector()
    with capture_logs() as said:
        counter = play(detector, turns, 0)
        for more in others:
            counter = play(detector, turns, counter + more)
    assert not said
    assert detector.mark.counter == counter or not turns


@given(TURNS, st.integers(1, 20), TURNS)
def test_a_fall_between_calls_is_reported_exactly_once(
    before: list[tuple[int, int]], fall: int, after: list[tuple[int, int]]
) -> None:
    detector = RollbackDetector()
    with capture_logs() as said:
        counter = play(detector, [*before, (0, fall)], 0)
        counter = play(detector, [(0, fall)], counter)
        play(detector, [(1, 0), (1, 0), (1, 0), *after], counter - fall)
    assert len(said) == 1


def test_the_notes_of_all_shards_are_told_and_cleared(redis: Any) -> None:
    shards = [Shard(redis, keys_at("redis+cluster://a:1/", number)) for number in range(3)]
    for number in (0, 2):
        redis.set(shards[number].keys.set_back, f"1700000000000 9 {number}")
    maintenance = Maintenance(shards)
    assert [note.after for note in maintenance.rollbacks()] == [0, 2]
    assert [note.after for note in maintenance.clear_rollbacks()] == [0, 2]
    assert maintenance.rollbacks() == []
