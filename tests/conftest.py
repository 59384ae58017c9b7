"""Tests that run in parallel use separate ports: another test could take a port before its server listens."""

from __future__ import annotations

import os

from local import ports

SHARES = 8
"""The most that run side by side."""


def pytest_configure() -> None:
    """Give this process its share of the ports."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        share = (ports.LAST - ports.FIRST + 1) // SHARES
        ports.FIRST += share * int(worker.removeprefix("gw"))
        ports.LAST = ports.FIRST + share - 1
