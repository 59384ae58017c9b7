"""How the benchmarks judge and publish their figures; `QUICK=1 make bench` tries the measuring itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient
from werkzeug.test import Client

from benchmarks import chart, limits, machine, pairs, publish, readme, report, results
from benchmarks.__main__ import conclude
from benchmarks.figures import Figures, ratios, summarise
from benchmarks.load import HERE, SHORTEST_TEXT
from benchmarks.peers.bare_wsgi import app as bare_wsgi
from benchmarks.profile import DEFAULT, FULL, QUICK, SWEEP, chosen
from benchmarks.rounds import conclude_sweep
from benchmarks.targets import TARGETS, Target, judge
from local.system import ROOT

ROUNDS = {
    "ours.64.stored": [9_000.0, 10_000.0, 12_000.0],
    "fronted.64.stored": [4_000.0, 4_500.0, 5_000.0],
    "task.64.stored": [500.0, 400.0, 400.0],
    "bare_wsgi.64.stored": [15_000.0, 20_000.0, 16_000.0],
    "sweep.8.stored": [4_500.0, 4_400.0, 4_600.0],
    "sweep.8.p50_ms": [1.7, 1.9, 1.8],
    "sweep.8.p99_ms": [4.0, 5.0, 6.0],
    "drain.singles.one": [80_000.0, 90_000.0, 85_000.0],
    "memory.single": [111.0],
}
MACHINE = {
    "cores": 2,
    "processor": "a <fast> & cheap one",
    "memory_gb": 8,
    "kernel": "6.1",
    "load_before": 0.1,
    "others": 0.01,
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


def test_the_environment_chooses_the_profile() -> None:
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


def test_the_worst_step_of_the_sweep_is_one_of_the_medians() -> None:
    figures = Figures()
    for clients in SWEEP:
        for factor in (1.0, 0.5, 1.1):  # a disturbed round does not count
            figures.add(f"sweep.{clients}.stored", factor * (900.0 if clients == 128 else 1_000.0))
    conclude_sweep(figures)
    assert figures.rounds["sweep.worst_step"] == [pytest.approx(0.9)]


def test_the_bare_function_returns_what_the_api_returns(client: FlaskClient) -> None:
    ours = client.post("/dummies/", json={"text": "hello"})
    bare = Client(bare_wsgi.create_app()).post("/", json={"text": "hello"})
    assert bare.status == ours.status
    heads = [{name: len(value) for name, value in each.headers if name != "Content-Length"} for each in (bare, ours)]
    assert heads[0] == heads[1]
    texts = [{name: len(str(value)) for name, value in each.get_json().items()} for each in (bare, ours)]
    assert texts[0] == texts[1] | {"accepted_total": len("1000000")}


def test_an_array_literal_keeps_what_is_special_in_it() -> None:
    assert limits._literal(["a", 'b"', "c\\", "", "d,}", 5]) == r'{"a","b\"","c\\","","d,}","5"}'


def test_neither_our_time_nor_the_kernels_is_what_others_take(monkeypatch: pytest.MonkeyPatch) -> None:
    def advance(at: float, busy: float, ours: float, kernel: float) -> None:
        monkeypatch.setattr(machine.time, "monotonic", lambda: at)
        times = SimpleNamespace(user=busy / 2, nice=0.0, system=busy / 2, steal=0.0)
        monkeypatch.setattr(machine.psutil, "cpu_times", lambda: times)
        monkeypatch.setattr(machine, "family", lambda _: ["this process", "a child"])
        monkeypatch.setattr(machine, "used", lambda _: ours / 2)
        threads = [SimpleNamespace(info={"ppid": ppid, "cpu_times": (0.0, kernel)}) for ppid in (1, 2)]
        monkeypatch.setattr(machine.psutil, "process_iter", lambda _: threads)

    monkeypatch.setattr(machine.os, "cpu_count", lambda: 2)
    advance(at=100, busy=1_000, ours=5, kernel=3)
    others = machine.Others()
    advance(at=110, busy=1_010, ours=12, kernel=4)
    assert others.share == pytest.approx(0.1)
    advance(at=110, busy=1_010, ours=16, kernel=4)
    assert others.share == 0


def test_the_readme_shows_what_was_measured(outcome: dict[str, Any]) -> None:
    outcome["figures"] |= {f"{each}.64.p50_ms": [7.0] for each in ("ours", "fronted", "task")}
    assert "| ix-dummies, through nginx | 4,500 |  | 7.00 ms |" in readme.render(outcome, readme.ENGLISH)
    assert readme.render(outcome, readme.ENGLISH).splitlines()[-1].startswith("| [a Celery task per string]")
    outcome["figures"] |= {"bulk.stored": [95_000.0], "drain.singles.two": [100_000.0]}
    said = readme.render(outcome, readme.ENGLISH)
    assert "store 95,000 strings per second" in said
    assert "drains at 85,000 rows per second with one process and 100,000 with two." in said


@pytest.mark.parametrize(
    ("target", "reached", "ok"),
    [
        (Target("", "≥", 20, "ours.64.stored", "task.64.stored"), 25, True),
        (Target("", "≥", 26, "ours.64.stored", "task.64.stored"), 25, False),
        (Target("", "≥", 25, "ours.64.stored", "task.64.stored"), 25, True),
        (Target("", "≤", 110, "memory.single"), 111, False),
        (Target("", "≤", 111, "memory.single"), 111, True),
        (Target("", "≤", 6, "run.ready_s"), None, None),
    ],
)
def test_the_median_decides_whether_a_target_is_reached(
    target: Target, reached: float | None, *, ok: bool | None
) -> None:
    verdict = judge(target, ROUNDS)
    assert (verdict.reached and verdict.reached.median, verdict.ok) == (reached, ok)


def test_the_tables_show_each_figure_once() -> None:
    contenders = {
        f"{contender}.{clients}.{what}"
        for contender in report.CONTENDERS
        for clients in (64, 1)
        for what in ("stored", "p50_ms", "p99_ms")
    }
    ratios_of = {key for target in TARGETS if target.other for key in (target.key, target.other)}
    alone = {target.key for target in TARGETS if not target.other}
    sweep = {f"sweep.{clients}.{what}" for clients in SWEEP for what in ("stored", "p50_ms", "p99_ms")}
    shown = contenders | sweep | set(report.OTHERS) | alone
    assert ratios_of <= shown
    assert not alone & set(report.OTHERS)
    assert set(publish.read(ROOT)["figures"]) <= shown | {"ours.1kb.p50_ms", "ours.1kb.p99_ms"}


def test_the_tables_say_what_was_reached_and_what_was_left_out(outcome: dict[str, Any]) -> None:
    text = report.render(outcome)
    assert "| ix-dummies | 10,000 (9,000 to 12,000) | 1.00x |" in text
    assert "| a Celery task per string | 400 (400 to 500) | 25.0x |" in text
    assert "| 8 | 4,500 (4,400 to 4,600) | 1.80 ms | 5.00 ms |" in text
    assert "| ≥ 0.33x | 0.60x (0.50 to 0.75) | yes |" in text
    assert "| ≥ 4,500/s | 4,500/s (4,400 to 4,600) | yes |" in text
    assert "| ≤ 110 B | 111 B | **no** |" in text
    assert "| ≤ 6 s | not measured | - |" in text
    assert "| Draining singles, one process | 85,000/s (80,000 to 90,000) |" in text
    assert "The load before the run was 0.1; others took 1.0% of the processors during it." in text
    assert text.count("Left out: a row: its tool is missing.") == 1
    widths = {line.count("|") for line in text.splitlines() if line.startswith("| ") and "Celery" in line}
    assert widths == {10}


def test_the_chart_is_well_formed_and_has_a_bar_for_each_contender_that_was_measured(outcome: dict[str, Any]) -> None:
    root = ET.fromstring(chart.draw(outcome))
    bars = root.findall("{http://www.w3.org/2000/svg}rect")
    assert [bar.get("class") for bar in bars] == ["limit", "ours", "ours", "peer"]
    widths = [float(bar.get("width", 0)) for bar in bars]
    assert widths == sorted(widths, reverse=True)
    assert "prefers-color-scheme: dark" in chart.draw(outcome)


def published() -> dict[Path, str]:
    """Return the files in the repository that are made from the results."""
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in publish.render(publish.read(ROOT), ROOT)}


def test_what_is_published_is_what_the_results_say() -> None:
    assert publish.render(publish.read(ROOT), ROOT) == published()


def test_the_published_results_can_be_trusted() -> None:
    assert not results.doubts(publish.read(ROOT)["machine"])


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a folder with the results and the published files, whose tables are those of another run."""
    files = published() | {publish.RESULTS: (ROOT / publish.RESULTS).read_text(encoding="utf-8")}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        old = publish.replace_between_markers(text, "old") if name.suffix == ".md" else text
        (tmp_path / name).write_text(old, encoding="utf-8")
    return tmp_path


def contents(folder: Path) -> dict[Path, str]:
    return {path.relative_to(folder): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


def test_the_results_are_published_without_measuring(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "ROOT", repository)
    publish.main()
    assert {name: contents(repository)[name] for name in published()} == published()


def test_a_run_replaces_the_results_the_chart_and_what_is_between_the_markers(repository: Path) -> None:
    outcome = publish.read(ROOT) | {"taken": "today", "machine": MACHINE}
    for _ in range(2):
        conclude(outcome, repository)
        assert publish.read(repository) == outcome
        written = contents(repository)
        assert written.keys() == published().keys() | {publish.RESULTS}
        for name, tables in (("README.md", "Measured today"), ("README.ko.md", "측정: today")):
            before, _, rest = published()[Path(name)].partition(publish.BEGIN)
            after = rest.partition(publish.END)[2]
            assert written[Path(name)].startswith(f"{before}{publish.BEGIN}\n\n{tables}")
            assert written[Path(name)].endswith(f"{publish.END}{after}")


@pytest.mark.parametrize(
    ("doubtful", "why"),
    [
        ({"load_before": 0.51}, r"the load was 0\.51 before the run, the limit is 0\.5"),
        ({"others": 0.051}, r"others took 5\.1% of the processors, the limit is 5%"),
        ({"revision": "abc with changes"}, r"not a commit \(revision: abc with changes\)"),
        ({"revision": "unknown"}, "not a commit"),
    ],
)
def test_a_run_that_cannot_be_trusted_prints_its_report_and_publishes_nothing(
    repository: Path, doubtful: dict[str, Any], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = publish.read(ROOT) | {"machine": MACHINE | doubtful}
    before = contents(repository)
    with pytest.raises(SystemExit, match=f"not published: .*{why}"):
        conclude(outcome, repository)
    assert report.render(outcome) in capsys.readouterr().out
    assert contents(repository) == before


def test_a_quick_run_prints_its_report_and_publishes_nothing(
    repository: Path, outcome: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    outcome["profile"] = QUICK._asdict()
    before = contents(repository)
    conclude(outcome, repository)
    assert report.render(outcome) in capsys.readouterr().out
    assert contents(repository) == before


def test_nothing_is_written_if_a_document_lacks_its_markers(repository: Path) -> None:
    (repository / "README.ko.md").write_text("no markers", encoding="utf-8")
    before = contents(repository)
    with pytest.raises(ValueError, match="lacks"):
        publish.replace(publish.read(ROOT) | {"machine": MACHINE}, repository)
    assert contents(repository) == before


class Played(pairs.Side):
    """A system that gets slower with each turn, whichever it is."""

    turns: list[str] = []  # noqa: RUF012

    def take_turn(self, route: str, seconds: float) -> pairs.Turn:
        """Note the turn."""
        self.turns.append(self.urls["direct"])
        rate = float(self.urls[route]) * (100 - len(self.turns)) / seconds
        return pairs.Turn(rate, 1000 / rate)


def test_neither_a_drift_nor_the_order_counts_for_one_of_a_pair() -> None:
    base, this = Played({"direct": "4"}, None), Played({"direct": "5"}, None)
    ratios = [pairs.compare(base, this, "direct", 1, base_first=first) for first in (True, False)]
    assert [ratio.rate for ratio in ratios] == pytest.approx([1.25, 1.25], rel=1e-3)
    assert [ratio.p99_ms for ratio in ratios] == pytest.approx([0.8, 0.8], rel=1e-3)
    assert Played.turns == ["4", "5", *["4", "5", "5", "4"] * 2, "5", "4", *["5", "4", "4", "5"] * 2]
    low, high = pairs.interval([0.9, *[1.0] * 20, 1.1])
    assert (low, high) == (1.0, 1.0)
    assert pairs.interval([0.5, 1.5]) == (0.5, 1.5)
