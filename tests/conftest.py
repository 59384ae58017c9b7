"""What all tests share: ports that no other process takes, one initdb and one browser a process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from local import ports

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SHARES = 8
"""The most that run side by side."""


def pytest_configure() -> None:
    """Give this process its share of the ports."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        share = (ports.LAST - ports.FIRST + 1) // SHARES
        ports.FIRST += share * int(worker.removeprefix("gw"))
        ports.LAST = ports.FIRST + share - 1


@pytest.fixture(scope="session", autouse=True)
def one_initdb() -> None:
    """Systems have a PostgreSQL that is made sooner."""
    # only now: what is collected imports core in an order of its own
    from copied_postgres import CopiedPostgres  # noqa: PLC0415

    from local import system  # noqa: PLC0415

    system.Postgres = CopiedPostgres


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: the machine's own, or else Playwright's, which runs only once in a process."""
    from browsing import launch  # noqa: PLC0415 - most tests need no browser
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()
