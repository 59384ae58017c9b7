"""An outage is logged once, then once a minute, however many calls fail and for however many reasons."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from support import capture_logs

from core import outage_log
from core.outage_log import MOST_KINDS, OncePerMinute, OutageLog


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The monotonic time, for a test to change."""
    now = [1000.0]
    monkeypatch.setattr(outage_log, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_a_reason_has_a_line_a_minute_with_the_number_of_times_since(clock: list[float]) -> None:
    """Whatever other reasons there are meanwhile."""
    outage = OutageLog("away", server="db.example:5432/dummy")
    with capture_logs() as said:
        for second in range(120):
            clock[0] = 1000.0 + second
            outage.met("refused", waiting=second)
            outage.met("timed out")
            outage.met("timed out")
    lines = [(line["reason"], line["times"], line["server"], line.get("waiting")) for line in said]
    server = "db.example:5432/dummy"
    assert lines == [
        ("refused", 1, server, 0),
        ("timed out", 1, server, None),
        ("refused", 60, server, 60),
        ("timed out", 120, server, None),
    ]


def test_a_kind_may_have_several_lines_a_minute_and_no_one_is_counted_twice(clock: list[float]) -> None:
    kinds = OncePerMinute()
    times = []
    for second in range(70):
        clock[0] = 1000.0 + second
        times.append(kinds.times("failed", 3))
    assert [(second, count) for second, count in enumerate(times) if count] == [
        *((second, 1) for second in range(3)),
        (60, 58),
        *((second, 1) for second in (61, 62)),
    ]


def test_reasons_that_all_differ_do_not_flood_the_log(clock: list[float]) -> None:
    outage = OutageLog("away")
    with capture_logs() as said:
        for minute in range(3):
            clock[0] = 1000.0 + 60 * minute
            for number in range(1000):
                outage.met(f"refused from port {minute} {number}")
    assert len(said) == 3 * (MOST_KINDS + 1)


def test_the_end_is_logged_once_no_call_has_failed_for_a_moment_and_the_next_outage_again(clock: list[float]) -> None:
    outage = OutageLog("away", "back", server="here")
    with capture_logs() as said:
        for _ in range(2):
            outage.met("refused")
            outage.over()
            clock[0] += outage_log.OVER_AFTER + 1
            outage.over()
            outage.over()
    assert [line["event"] for line in said] == ["away", "back"] * 2
    assert {line["server"] for line in said} == {"here"}
