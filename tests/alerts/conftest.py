"""A Prometheus beside a system under load, with the project's rules at less than a hundredth of their times."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import httpx
import pytest
import yaml
from support import Client

from local.ports import free_port
from local.ready import get
from local.system import ROOT, Process, System

FASTER = 120
SHORTEST = 3
"""Seconds of a window: Prometheus scrapes every second, and a rate needs two samples."""
LONG_WAIT = "> 60"
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def faster(rules: str) -> str:
    """Return rules whose windows and pauses are shorter; a string waits too long from 3 s on."""

    def shorter(found: re.Match[str]) -> str:
        return f"{found[1]}{max(SHORTEST, int(found[2]) * SECONDS[found[3]] // FASTER)}s"

    assert LONG_WAIT in rules
    return re.sub(r"(\[|for: )(\d+)([smhd])", shorter, rules).replace(LONG_WAIT, "> 3")


class Watched:
    """A system with an API, a worker, a client that submits all the time, and Prometheus."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.system = folder, System(folder / "system")
        self.operations, self.metrics, self.port = free_port(), free_port(), free_port()
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self.system.__enter__()
        self.start_api()
        self.start_worker()
        self._load = threading.Thread(target=self._submit)
        self._load.start()
        (self.folder / "alerts.yaml").write_text(faster((ROOT / "monitoring/alerts.yaml").read_text("utf-8")), "utf-8")
        jobs = {"dummies-api": self.operations, "dummies-worker": self.metrics}
        scraped = [
            {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]} for job, port in jobs.items()
        ]
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["alerts.yaml"],
            "scrape_configs": scraped,
        }
        (self.folder / "prometheus.yaml").write_text(yaml.safe_dump(config), "utf-8")
        options = ("config.file=prometheus.yaml", "storage.tsdb.path=data", f"web.listen-address=127.0.0.1:{self.port}")
        command = ["prometheus", *(f"--{option}" for option in options)]
        self.prometheus = Process(command, self.folder / "prometheus.log", {}, self.folder)
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self.prometheus.stop()
        self._load.join()
        self.system.stop()

    def start_api(self) -> None:
        """Start the API."""
        self.api = self.system.start_api({"OPERATIONS_PORT": str(self.operations)})

    def start_worker(self) -> None:
        """Start the worker."""
        self.worker = self.system.start_worker(env={"METRICS_PORT": str(self.metrics)})

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return Prometheus' answer; none while it does not answer."""
        answer = get(self.port, f"/api/v1/query?{urlencode({'query': expression})}")
        return json.loads(answer)["data"]["result"] if answer else []

    def firing(self) -> set[str]:
        """Return the alerts that fire now."""
        return {each["metric"]["alertname"] for each in self.query('ALERTS{alertstate="firing"}')}

    def _submit(self) -> None:
        with Client(base_url=self.system.api_url, timeout=5) as client:
            number = 0
            while not self._over.wait(0.05):
                number += 1
                try:
                    client.submit(f"string {number}")
                except httpx.TransportError:
                    self._over.wait(0.2)


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A system that Prometheus watches."""
    if shutil.which("prometheus") is None:
        pytest.skip("NO PROMETHEUS: no alert is seen firing; install Debian's package prometheus")
    with Watched(tmp_path_factory.mktemp("alerts")) as started:
        yield started
