"""Metrics of real processes: whichever of them is asked, the figures are those of all, and none ever falls."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from uuid import uuid4

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families
from slow import connections, ended
from support import Client, eventually

from local.ports import free_port
from local.ready import get
from local.system import System, worker_command

pytestmark = pytest.mark.timeout(120)
STRINGS = 40


class Watched:
    """A system of two API processes and a worker, with the ports of their metrics."""

    def __init__(self, folder: Path) -> None:
        self.system = System(folder)
        self.operations, self.metrics = free_port(), free_port()

    def __enter__(self) -> Self:
        self.system.__enter__()
        self.api = self.system.start_api({"OPERATIONS_PORT": str(self.operations)})
        self.system.start_worker(env={"METRICS_PORT": str(self.metrics)})
        eventually(lambda: get(self.metrics, "/metrics"), within=30)
        return self

    def __exit__(self, *error: object) -> None:
        self.system.stop()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A system with metrics."""
    with Watched(tmp_path_factory.mktemp("system") / "system") as started:
        yield started


@pytest.fixture
def client(watched: Watched) -> Iterator[Client]:
    """A client of its API."""
    with Client(base_url=watched.system.api_url, timeout=10) as made:
        yield made


def figures(port: int) -> dict[str, float]:
    """Return the samples of a port, those of a name added up."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families((get(port, "/metrics") or b"").decode()):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


def test_each_api_process_shows_what_all_of_them_accepted(watched: Watched, client: Client) -> None:
    before = figures(watched.operations)["dummies_accepted_strings_total"]
    client.headers["Connection"] = "close"  # each new one leads to any of the processes
    for number in range(STRINGS):
        client.submit(f"accepted {number}").raise_for_status()

    def served() -> set[float]:
        return {figures(watched.operations)["dummies_accepted_strings_total"] - before for _ in range(20)}

    eventually(lambda: served() == {STRINGS}, within=30)  # each process counts once a second
    assert figures(watched.operations)["dummies_http_requests_total"] >= STRINGS


def test_a_stored_string_counts_on_its_whole_way(watched: Watched, client: Client) -> None:
    eventually(lambda: client.pipeline()["waiting"] == 0, within=30)
    before = figures(watched.metrics)
    client.submit("once", "a key")
    name = "dummies_stored_rows_total"
    eventually(lambda: figures(watched.metrics)[name] > before[name], within=30)
    eventually(lambda: client.pipeline()["waiting"] == 0, within=30)
    client.submit("once", "a key")
    name = "dummies_skipped_duplicates_total"
    eventually(lambda: figures(watched.metrics)[name] == before[name] + 1, within=30)
    after = figures(watched.metrics)
    name = "dummies_accepted_to_stored_seconds"
    assert after[f"{name}_count"] - before[f"{name}_count"] == 2
    assert 0 < after[f"{name}_sum"] - before[f"{name}_sum"] < 60
    assert after["dummies_store_seconds_count"] > before["dummies_store_seconds_count"]
    assert figures(watched.operations)["dummies_wakeups_sent_total"] > 0
    eventually(lambda: figures(watched.metrics)["dummies_wakeups_taken_total"] > 0, within=30)


def test_a_process_that_takes_anothers_place_counts_on_in_its_files(watched: Watched, client: Client) -> None:
    name = "dummies_accepted_strings_total"
    client.submit("before").raise_for_status()
    before = figures(watched.operations)[name]
    killed = psutil.Process(watched.api.pid).children()
    for child in killed:
        child.send_signal(signal.SIGKILL)
    eventually(lambda: not any(map(psutil.Process.is_running, killed)), within=30)
    eventually(lambda: is_accepted(client), within=30)
    eventually(lambda: figures(watched.operations).get(name, 0) > before, within=30)
    assert len(list((watched.system.folder / "api.metrics").glob("slot_*.lock"))) == len(killed) == 2


def test_a_silent_client_of_the_workers_port_is_disconnected(watched: Watched) -> None:
    with connections(watched.metrics, 1, b"GET /metrics HTTP/1.1\r\n") as [silent]:
        assert figures(watched.metrics)
        eventually(lambda: ended(silent), within=30)


def test_a_port_that_is_taken_stops_the_worker_with_one_line(watched: Watched, tmp_path: Path) -> None:
    env = {"METRICS_PORT": str(watched.metrics), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    worker = watched.system.start(worker_command(1, "other@%h"), "other", env)
    assert worker.wait(30) == 2
    assert worker.log.read_text(encoding="utf-8").endswith("\nMETRICS_PORT: Address already in use\n")


def is_accepted(client: Client) -> bool:
    """Submit a string; return whether it is accepted."""
    try:
        return client.submit(uuid4().hex).is_success
    except httpx.TransportError:
        return False
