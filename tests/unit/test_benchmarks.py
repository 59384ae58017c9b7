"""What the benchmarks make of their figures; measuring itself is tried out by `QUICK=1 make bench`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import chart, report, results
from benchmarks.figures import Figures, ratios, summarise
from benchmarks.load import HERE, SHORTEST_TEXT
from benchmarks.profile import DEFAULT, FULL, QUICK, chosen
from benchmarks.targets import TARGETS, Target, judge

ROUNDS = {
    "ours.64.stored": [9_000.0, 10_000.0, 12_000.0],
    "task.64.stored": [500.0, 400.0, 400.0],
    "bare_view.64.stored": [15_000.0, 20_000.0, 16_000.0],
    "drain.one": [80_000.0, 90_000.0, 85_000.0],
    "memory.pending_bytes": [251.0],
}
MACHINE = {
    "cores": 2,
    "processor": "a <fast> & cheap one",
    "memory_gb": 8,
    "kernel": "6.1",
    "load_before": 0.1,
    "versions": {"Python": "3.11"},
    "revision": "abc",
}


@pytest.fixture
def outcome() -> dict[str, Any]:
    """A run's results, as they are read back from its JSON."""
    figures = Figures()
    for key, values in ROUNDS.items():
        for value in values:
            figures.add(key, value)
    figures.skip("a row: its tool is missing")
    figures.skip("a row: its tool is missing")
    read: dict[str, Any] = json.loads(json.dumps(results.collect(MACHINE, DEFAULT, figures)))
    return read


def test_the_environment_chooses_how_much_is_measured() -> None:
    assert chosen({}) is DEFAULT
    assert chosen({"QUICK": "1"}) is QUICK
    assert chosen({"FULL": "1"}) is FULL
    assert DEFAULT.rounds == FULL.rounds == 3


def test_each_submitted_text_has_seventeen_characters() -> None:
    script = (HERE / "submit.lua").read_text(encoding="utf-8")
    [(between, digits)] = re.findall(r'\{"text":"%s(.*?)%0(\d+)d%s"\}', script)
    tag = 4
    assert tag + len(between) + int(digits) == SHORTEST_TEXT == 17


def test_a_ratio_is_taken_round_by_round() -> None:
    assert ratios(ROUNDS, "ours.64.stored", "task.64.stored") == [18, 25, 30]
    assert summarise([18, 25, 30]) == (25, 18, 30)
    assert ratios(ROUNDS, "ours.64.stored", "push.64.stored") == []


@pytest.mark.parametrize(
    ("target", "reached", "ok"),
    [
        (Target("", "≥", 20, "ours.64.stored", "task.64.stored"), 25, True),
        (Target("", "≥", 26, "ours.64.stored", "task.64.stored"), 25, False),
        (Target("", "≥", 25, "ours.64.stored", "task.64.stored"), 25, True),
        (Target("", "≤", 250, "memory.pending_bytes"), 251, False),
        (Target("", "≤", 251, "memory.pending_bytes"), 251, True),
        (Target("", "≤", 6, "run.ready_s"), None, None),
    ],
)
def test_the_median_decides_whether_a_target_is_reached(
    target: Target, reached: float | None, *, ok: bool | None
) -> None:
    verdict = judge(target, ROUNDS)
    assert (verdict.reached, verdict.ok) == (reached, ok)


def test_every_target_is_a_figure_that_the_tables_show() -> None:
    shown = set(report.OTHERS) | {
        f"{contender}.{clients}.{what}"
        for contender in report.CONTENDERS
        for clients in (64, 1)
        for what in ("stored", "p50_ms", "p99_ms")
    }
    assert {target.key for target in TARGETS} | {target.other for target in TARGETS if target.other} <= shown


def test_the_tables_say_what_was_reached_and_what_was_left_out(outcome: dict[str, Any]) -> None:
    text = report.render(outcome)
    assert "| this system | 10,000 (9,000 to 12,000) | 1.00 x |" in text
    assert "| a Celery task per string | 400 (400 to 500) | 25.0 x |" in text
    assert "| ≥ 20x | 25.0x (18.0 to 30.0) | yes |" in text
    assert "| ≤ 250 B | 251 B | **no** |" in text
    assert "| ≤ 6 s | not measured | - |" in text
    assert "| Draining a backlog, one process | 85,000/s (80,000 to 90,000) |" in text
    assert text.count("Left out: a row: its tool is missing.") == 1
    widths = {line.count("|") for line in text.splitlines() if line.startswith("| ") and "Celery" in line}
    assert widths == {10, 5}


def test_the_tables_begin_with_a_warning_where_the_machine_was_busy(outcome: dict[str, Any]) -> None:
    assert "Do not trust" not in report.render(outcome)
    outcome["machine"]["load_before"] = 0.6
    assert "the load was 0.6" in report.render(outcome)


def test_the_chart_is_well_formed_and_has_a_bar_for_each_contender_that_was_measured(outcome: dict[str, Any]) -> None:
    root = ET.fromstring(chart.draw(outcome))
    bars = root.findall("{http://www.w3.org/2000/svg}rect")
    assert [bar.get("class") for bar in bars] == ["limit", "ours", "peer"]
    widths = [float(bar.get("width", 0)) for bar in bars]
    assert widths == sorted(widths, reverse=True)
    assert "prefers-color-scheme: dark" in chart.draw(outcome)


def test_a_run_rewrites_only_what_is_between_the_markers(outcome: dict[str, Any], tmp_path: Path) -> None:
    for folder in ("benchmarks", "docs"):
        (tmp_path / folder).mkdir()
    document = tmp_path / "docs" / "performance.md"
    document.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    for _ in range(2):
        written = results.publish(outcome, tmp_path)
        text = document.read_text(encoding="utf-8")
        assert text == f"before\n{report.BEGIN}\n\n{report.render(outcome)}\n\n{report.END}\nafter\n"
    assert [path.name for path in written] == ["results.json", "benchmark.svg", "performance.md"]
    assert json.loads(written[0].read_text(encoding="utf-8")) == outcome
    with pytest.raises(ValueError, match="lacks"):
        report.replace_between_markers("no markers", "")


def test_the_document_in_the_repository_has_the_markers() -> None:
    document = results.ROOT / "docs" / "performance.md"
    report.replace_between_markers(document.read_text(encoding="utf-8"), "")
