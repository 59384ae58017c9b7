"""Metrics: they count each response once, under names that clients cannot make up, and cost no round trip."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeServer
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.parser import text_string_to_metric_families
from strings import entry_of, new_id

from api.http.request_log import REQUESTS
from api.http.responses import JSON
from api.process import metrics
from api.services import Services
from core.connection import Shard
from core.maintenance import Maintenance
from core.metrics import REGISTRY, SortedHistogram
from core.submission import Submission
from local.system import ROOT
from worker import metrics as worker_metrics

Samples = dict[tuple[str, ...], float]
DOCUMENT = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")


@pytest.fixture
def counted() -> Callable[[], Samples]:
    """What was counted since: (method, route, status, problem) -> responses."""

    def read() -> Samples:
        metrics.count()
        [requests] = REQUESTS.collect()
        return {tuple(each.labels.values()): each.value for each in requests.samples}

    before = read()
    return lambda: {
        labels: value - before.get(labels, 0) for labels, value in read().items() if value != before.get(labels)
    }


def shown(services: Services) -> dict[str, float]:
    """Return the figures that the operations port shows, those without labels or of the only shard, by name."""
    text = metrics.page(services.monitor)().get_data(as_text=True)
    samples = (each for family in text_string_to_metric_families(text) for each in family.samples)
    return {each.name: each.value for each in samples if each.labels.keys() <= {"shard"}}


def test_a_response_counts_once_whichever_path_gave_it(client: FlaskClient, counted: Callable[[], Samples]) -> None:
    assert client.post("/dummies/", json={"text": "fast"}).status_code == 202
    assert client.post("/dummies", data='{"text": "slow"}', content_type=f"{JSON}; charset=utf-8").status_code == 202
    assert client.post("/dummies/", json={"text": ""}).status_code == 422
    assert counted() == {
        ("POST", "/dummies/", "202", ""): 2,
        ("POST", "/dummies/", "422", "invalid-text"): 1,
    }


def test_a_refusal_on_the_fast_path_counts_with_its_reason(client: FlaskClient, counted: Callable[[], Samples]) -> None:
    for text in ("one", "another"):
        client.post("/dummies/", json={"text": text}, headers={"Idempotency-Key": "the same"})
    assert counted() == {
        ("POST", "/dummies/", "202", ""): 1,
        ("POST", "/dummies/", "422", "key-reused"): 1,
    }


def test_what_clients_make_up_adds_no_series(client: FlaskClient, counted: Callable[[], Samples]) -> None:
    for number in range(20):
        client.get(f"/dummies/{number:08x}-0000-4000-8000-000000000000")
        client.get(f"/nothing/{number}")
        client.open("/pipeline", method=f"MADEUP{number}")
    assert counted() == {
        ("GET", "/dummies/<uuid:submission_id>", "503", "database-away"): 20,
        ("GET", "unknown", "404", "not-found"): 20,
        ("unknown", "unknown", "405", "method-not-allowed"): 20,
    }


def test_the_journals_figures_are_shown_without_asking_redis(
    client: FlaskClient, services: Services, redis_server: FakeServer
) -> None:
    client.post("/dummies/bulk", json={"texts": ["a", "b", "c"]})
    services.monitor.look_at_journal(services.monitor.shards[0])
    redis_server.connected = False
    seen = shown(services)
    assert seen["dummies_journal_waiting_strings"] == seen["dummies_journal_appended_strings_total"] == 3
    assert seen["dummies_journal_entries"] == seen["dummies_accepting"] == 1
    assert seen["dummies_journal_pending_entries"] == seen["dummies_journal_paused"] == 0
    assert seen["dummies_redis_memory_max_bytes"] == 100


def test_claimed_entries_are_pending(services: Services, client: FlaskClient, consumer: Any) -> None:
    client.post("/dummies/bulk", json={"texts": ["a", "b", "c"]})
    consumer.claim()
    services.monitor.look_at_journal(services.monitor.shards[0])
    assert shown(services)["dummies_journal_pending_entries"] == 1


def test_a_pause_is_shown(services: Services, client: FlaskClient, redis: Any) -> None:
    Maintenance([Shard(redis)]).pause("someone", "a test")
    client.get("/pipeline")
    services.monitor.look_at_journal(services.monitor.shards[0])
    assert shown(services)["dummies_journal_paused"] == 1


def test_what_is_not_known_is_left_out(client: FlaskClient, services: Services, redis_server: FakeServer) -> None:
    client.get("/pipeline")
    redis_server.connected = False
    services.monitor.look_at_journal(services.monitor.shards[0])
    seen = shown(services)
    assert not [name for name in seen if name.startswith(("dummies_journal_waiting", "dummies_redis"))]
    assert seen["dummies_accepting"] == seen["dummies_shard_accepting"] == 0


def test_an_age_that_is_not_known_is_not_called_nothing(client: FlaskClient, services: Services) -> None:
    """Where Redis' clock is put back, what waits is from the future."""
    client.post("/dummies/", json={"text": "waits"})
    services.monitor.look_at_journal(services.monitor.shards[0])
    assert services.monitor.shards[0].counts
    for changes, seen in (({"oldest_s": None}, False), ({"oldest_s": None, "entries": 0}, True)):
        services.monitor.shards[0].counts = services.monitor.shards[0].counts._replace(**changes)
        assert ("dummies_journal_oldest_seconds" in shown(services)) == seen


def test_a_group_counts_once_and_its_strings_each(client: FlaskClient, services: Services) -> None:
    before = shown(services)
    client.post("/dummies/bulk", json={"texts": ["a", "b", "c"]})
    after = shown(services)
    names = ("dummies_accepted_strings_total", "dummies_append_strings_sum", "dummies_append_seconds_count")
    assert [after[name] - before[name] for name in names] == [3, 3, 1]


def test_many_values_count_like_each_of_them() -> None:
    buckets, amounts = (0.1, 1, 5), [5.0, 0.05, 0.1, 7, 0.5, 1, 0.1, 5.1]
    each, together = CollectorRegistry(), CollectorRegistry()
    one_by_one = Histogram("time", "", buckets=buckets, registry=each)
    for amount in amounts:
        one_by_one.observe(amount)
    SortedHistogram("time", "", buckets=buckets, registry=together).observe_all(amounts)
    of = [
        [(s.name, s.labels, pytest.approx(s.value)) for m in r.collect() for s in m.samples] for r in (each, together)
    ]
    assert of[0] == of[1]


def test_a_string_of_a_faster_clock_took_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.metrics.time.time", lambda: 100.0)
    [before] = worker_metrics.ACCEPTED_TO_STORED.collect()
    worker_metrics.note_stored(
        [entry_of(Submission(new_id(), "late", 98_000_000), Submission(new_id(), "early", 101_000_000))]
    )
    [after] = worker_metrics.ACCEPTED_TO_STORED.collect()
    more = {a.labels.get("le", a.name): a.value - b.value for a, b in zip(after.samples, before.samples, strict=True)}
    assert (more["0.01"], more["1.0"], more["2.5"]) == (1, 1, 2)
    assert more["dummies_accepted_to_stored_seconds_sum"] == pytest.approx(2)


SHARE = """
import os, signal, sys
from core.metrics import REGISTRY, collected
from prometheus_client import Counter
counter = Counter("things", "", registry=REGISTRY)
for _ in range(10):
    pair = []
    for _ in range(2):
        ready, done = os.pipe()
        child = os.fork()
        if not child:
            counter.inc()
            os.write(done, b".")
            signal.pause()
        os.read(ready, 1)
        pair.append(child)
    for child in pair:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
print(collected().get_sample_value("things_total"))
"""


def test_killed_processes_keep_counting_in_the_files_of_those_before(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SHARE]
    env = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics"), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)
    assert (ran.stdout, ran.stderr) == ("20.0\n", "")
    assert {each.name for each in (tmp_path / "metrics").iterdir()} == {
        *(f"counter_{slot}.db" for slot in range(3)),
        *(f"slot_{slot}.lock" for slot in range(3)),
    }


def test_a_folder_that_cannot_be_made_stops_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    env = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "file" / "metrics"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", "import core.metrics"]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 2
    assert re.fullmatch("PROMETHEUS_MULTIPROC_DIR: .*Not a directory.*\n", ran.stderr)


def test_the_document_lists_every_metric_with_its_type_and_labels(services: Services) -> None:
    services.monitor.look_at_journal(services.monitor.shards[0])
    services.monitor.journal.note(up=True)
    code = [(each, list(owner._labelnames)) for owner in REGISTRY._collector_to_names for each in owner.describe()]
    code += [(each, list(each.samples[0].labels)) for each in metrics.JournalCollector(services.monitor).collect()]
    known = [(f"{each.name}{'_total' * (each.type == 'counter')}", each.type, labels) for each, labels in code]
    rows = re.findall(r"^\| `(dummies_\w+)` \| (\w+) \|([^|]*)\|", DOCUMENT, re.MULTILINE)
    assert sorted((name, kind, re.findall(r"`(\w+)`", labels)) for name, kind, labels in rows) == sorted(known)


@pytest.mark.parametrize(
    ("name", "value", "status", "said"),
    [
        ("PROMETHEUS_MULTIPROC_DIR", "", 0, ""),
        ("PROMETHEUS_MULTIPROC_DIR_FILE", "named", 2, "PROMETHEUS_MULTIPROC_DIR: set it, not "),
    ],
)
def test_a_folder_that_is_not_named_is_not_used(tmp_path: Path, name: str, value: str, status: int, said: str) -> None:
    count = [sys.executable, "-c", "from api.process.metrics import ACCEPTED; ACCEPTED.inc()"]
    env = os.environ | {"PYTHONPATH": str(ROOT), name: value}
    done = subprocess.run(count, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == status
    assert done.stderr.startswith(said)
    assert list(tmp_path.iterdir()) == []
