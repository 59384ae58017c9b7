"""Alerts fire when their fault begins and clear when it ends, and rules and dashboard know only metrics that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.system import ROOT

RULES = ROOT / "monitoring/alerts.yaml"
LASTS, CLEARS, CLEARS_LATE = 20, 20, 400
"""Minutes that a fault lasts, and until its alerts must have cleared: those of late strings look back 6 hours. That
takes promtool most of its time, so only the fault that has all of them shows it."""
ALL_LATE = "1.5 % late"
LONG = "for hours"
LASTS_LONG = 150
HEALTHY = {
    "dummies_accepting": "1",
    'dummies_shard_accepting{shard="0"}': "1",
    'dummies_part_up{part="journal"}': "1",
    'dummies_part_up{part="database"}': "1",
    "dummies_workers": "2",
    "dummies_journal_waiting_strings": "9",
    "dummies_journal_set_aside_entries": "2",
    "dummies_journal_stored_strings_total": "0+1",
    "dummies_journal_oldest_seconds": "1",
    "dummies_journal_paused": "0",
    "dummies_journal_dead_letters": "0",
    "dummies_journal_rolled_back": "0",
    "dummies_journal_unaccounted_strings": "0",
    "dummies_redis_memory_used_bytes": "79",
    "dummies_redis_memory_max_bytes": "100",
    "dummies_redis_aof_last_rewrite_ok": "1",
    "dummies_stored_rows_total": "0+1",
    'dummies_http_requests_total{status="202"}': "0+96",
    'dummies_http_requests_total{status="503"}': "0+4",
    'dummies_accepted_to_stored_seconds_bucket{le="5.0"}': "0+10000",
    "dummies_accepted_to_stored_seconds_count": "0+10000",
}
"""Series, and a value for each minute: constant, or "from+by"."""
PAUSED = {
    "dummies_journal_paused": "1",
    "dummies_journal_stored_strings_total": "5",
    "dummies_journal_oldest_seconds": "1200",
}
FAULTS: dict[str, tuple[dict[str, str], set[str]]] = {
    "none": ({}, set()),
    "nothing is stored": ({"dummies_journal_stored_strings_total": "5"}, {"DummiesNothingIsStored"}),
    "only what was set aside waits": (
        {"dummies_journal_stored_strings_total": "5", "dummies_journal_waiting_strings": "2"},
        set(),
    ),
    "paused": (PAUSED, set()),
    f"paused {LONG}": (PAUSED, {"DummiesPaused"}),
    "what waited is stored late while paused": (
        PAUSED | {'dummies_accepted_to_stored_seconds_bucket{le="5.0"}': "0+9850"},
        {"DummiesStoresLateSlowly"},
    ),
    "a string waits": ({"dummies_journal_oldest_seconds": "61"}, {"DummiesOldestStringWaits"}),
    "dead letters": ({"dummies_journal_dead_letters": "1"}, {"DummiesDeadLetters"}),
    "memory": ({"dummies_redis_memory_used_bytes": "81"}, {"DummiesRedisMemory"}),
    "no limit of memory": ({"dummies_redis_memory_max_bytes": "0"}, set()),
    "a rewrite that fails": ({"dummies_redis_aof_last_rewrite_ok": "0"}, {"DummiesRedisDisk"}),
    "rollback": ({"dummies_journal_rolled_back": "1"}, {"DummiesJournalRolledBack"}),
    "balance": ({"dummies_journal_unaccounted_strings": "-3"}, {"DummiesBalanceBroken"}),
    "Redis": (
        {'dummies_part_up{part="journal"}': "0", 'dummies_shard_accepting{shard="0"}': "0"},
        {"DummiesJournalUnavailable", "DummiesRefusesStrings"},
    ),
    "PostgreSQL": ({'dummies_part_up{part="database"}': "0"}, {"DummiesDatabaseUnavailable"}),
    "workers": ({"dummies_workers": "0"}, {"DummiesNoWorker"}),
    "errors": ({'dummies_http_requests_total{status="503"}': "0+6"}, {"DummiesErrors"}),
    "no API": ({"dummies_accepting": "_"}, {"DummiesApiNotScraped"}),
    "no worker's metrics": ({"dummies_stored_rows_total": "_"}, {"DummiesWorkerNotScraped"}),
    ALL_LATE: (
        {'dummies_accepted_to_stored_seconds_bucket{le="5.0"}': "0+9850"},
        {"DummiesStoresLateFast", "DummiesStoresLate", "DummiesStoresLateSlowly"},
    ),
    "0.7 % late": (
        {'dummies_accepted_to_stored_seconds_bucket{le="5.0"}': "0+9930"},
        {"DummiesStoresLate", "DummiesStoresLateSlowly"},
    ),
    "0.4 % late": ({'dummies_accepted_to_stored_seconds_bucket{le="5.0"}': "0+9960"}, {"DummiesStoresLateSlowly"}),
    "0.05 % late": ({'dummies_accepted_to_stored_seconds_bucket{le="5.0"}': "0+9995"}, set()),
}

STORED, IN_TIME = "dummies_accepted_to_stored_seconds_count", 'dummies_accepted_to_stored_seconds_bucket{le="5.0"}'
QUIET: dict[str, dict[str, str]] = {
    "one error in a quiet night": {
        'dummies_http_requests_total{status="202"}': "100x39 101x330",
        'dummies_http_requests_total{status="503"}': "1x40 2x330",
    },
    "one late string in a quiet night": {
        STORED: "1x3 2x3 3x3 4x3 5x3 6x3 7x3 8x3 9x3 10x3 11x330",
        IN_TIME: "1x3 2x3 3x3 4x3 5x3 6x3 7x3 8x3 9x3 10x3 10x330",
    },
    "what waited in a pause of twenty minutes is stored": {
        "dummies_journal_paused": "0x39 1x79 0x260",
        STORED: "0+1500x39 60000x79 90000+30000x3 181500+1500x260",
        IN_TIME: "0+1500x39 60000x79 60000+0x3 61500+1500x260",
    },
}
"""What wakes no one -> series, with a value for each quarter of a minute."""


def rules() -> list[dict[str, Any]]:
    """Return all rules."""
    return [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def series(name: str, fault: str, healthy: str, lasts: int, clears: int) -> dict[str, str]:
    """Return a series that is as in the fault, and then healthy; a counter goes on from where it was."""
    (start, _, by), (_, _, later) = fault.partition("+"), healthy.partition("+")
    if not later:
        return {"series": name, "values": f"{fault}x{lasts} {healthy}x{clears}"}
    reached = 0 if start == "_" else int(start) + int(by or 0) * lasts
    return {
        "series": name,
        "values": f"{fault if by else start + '+0' * (start != '_')}x{lasts} {reached}+{later}x{clears}",
    }


def scenario(name: str, fault: dict[str, str], expected: set[str]) -> dict[str, Any]:
    """Return promtool's test of a fault."""
    lasts = LASTS_LONG if LONG in name else LASTS
    clears = CLEARS_LATE if name == ALL_LATE else CLEARS
    expectations = [firing(lasts - 1, expected)]
    if name == ALL_LATE or not any("Late" in alert for alert in expected):
        expectations.append(firing(lasts + clears, set()))
    return {
        "interval": "1m",
        "name": name,
        "input_series": [series(each, fault.get(each, value), value, lasts, clears) for each, value in HEALTHY.items()],
        "promql_expr_test": expectations,
    }


def night(name: str, values: dict[str, str]) -> dict[str, Any]:
    """Return promtool's test that no alert of those that wake someone fires."""
    healthy = {"dummies_accepting": "1x380", "dummies_stored_rows_total": "5x380"}
    critical = 'count(ALERTS{alertstate="firing", severity="critical"})'
    return {
        "interval": "15s",
        "name": name,
        "input_series": [{"series": each, "values": by} for each, by in (healthy | values).items()],
        "promql_expr_test": [{"expr": critical, "eval_time": f"{at}m", "exp_samples": []} for at in range(11, 95, 2)],
    }


def firing(at: int, expected: set[str]) -> dict[str, Any]:
    """Return the expectation that exactly these alerts fire after so many minutes."""
    samples = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(expected)]
    asked = 'count by (alertname) (ALERTS{alertstate="firing"})'
    return {"expr": asked, "eval_time": f"{at}m", "exp_samples": samples}


@pytest.fixture(scope="module")
def promtool() -> str:
    """Prometheus' own program for rules."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("NO PROMTOOL: the alerts are not tested; install Debian's package prometheus")
    return found


def test_every_alert_fires_with_its_fault_and_clears_after_it(promtool: str, tmp_path: Path) -> None:
    tests = [scenario(name, *fault) for name, fault in FAULTS.items()]
    tests += [night(name, values) for name, values in QUIET.items()]
    file = tmp_path / "tests.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": tests}), encoding="utf-8")
    ran = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_each_alert_has_a_fault_that_shows_it_a_severity_a_runbook_and_a_row_in_the_document() -> None:
    alerts = {rule["alert"]: rule for rule in rules() if "alert" in rule}
    assert {name for _, expected in FAULTS.values() for name in expected} == alerts.keys()
    for rule in alerts.values():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
        assert rule["annotations"]["runbook"].startswith("docs/runbooks/")
    listed = re.findall(r"^\| (`Dummies.*?) \|", (ROOT / "docs/metrics.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert re.findall(r"\w+", " ".join(listed)) == list(alerts)


def unknown(expressions: str) -> set[str]:
    """Return the metrics in some expressions that the document does not list."""
    document = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(dummies_\w+)` \| (\w+)", document, re.MULTILINE))
    known = {name for name, kind in listed.items() if kind != "histogram"}
    known |= {
        f"{name}_{part}" for name, kind in listed.items() if kind == "histogram" for part in ("bucket", "sum", "count")
    }
    return set(re.findall(r"\bdummies_\w+", expressions)) - known


def test_the_rules_use_metrics_that_exist() -> None:
    assert unknown("\n".join(rule["expr"] for rule in rules())) == set()


def test_the_dashboard_is_what_its_script_writes_and_its_queries_use_metrics_that_exist() -> None:
    written = (ROOT / "monitoring/dashboard.json").read_text(encoding="utf-8")
    build = [sys.executable, "-c", "import dashboard; print(dashboard.build(), end='')"]
    made = subprocess.run(build, cwd=ROOT / "monitoring", capture_output=True, text=True, timeout=30, check=True)
    assert made.stdout == written
    queries = [each["expr"] for panel in json.loads(written)["panels"] for each in panel["targets"]]
    assert unknown("\n".join(queries)) == set()
