"""The page in a real Chromium, served by nginx if the machine has it, else by Vite; one system per module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsing import PATIENCE, Open, serving, visits
from playwright.sync_api import Browser, expect

from local.system import Process, System

# the machine may be busy with other tests
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def api_settings() -> dict[str, str]:
    """Extra settings of the module's API."""
    return {}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system with a worker, for all tests of a module; each test must leave it working."""
    with System(tmp_path_factory.mktemp("browser") / "system") as started:
        started.start_worker()
        yield started


@pytest.fixture(scope="module")
def api(system: System, api_settings: dict[str, str]) -> Process:
    """The system's API."""
    return system.start_api(api_settings)


@pytest.fixture(scope="module")
def site(system: System, api: Process) -> Iterator[str]:  # noqa: ARG001
    """The URL at which the page is served."""
    with serving(system) as url:
        yield url


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Open]:
    """Open the page in a locale; fails at the end if the page logged an error or a warning."""
    with visits(browser, site) as open_in:
        yield open_in
