"""The page in a real Chromium, from nginx where the machine has it, else from Vite, over the whole system."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import Open, serving, visits
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from local.system import System


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: the machine's own, or else Playwright's."""
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        except PlaywrightError as error:
            pytest.skip(f"NO BROWSER, nothing of the page is tested: {error.message.splitlines()[0]}")
        yield started
        started.close()


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """A system with an API and a worker."""
    with System(tmp_path / "system") as started:
        started.start_api()
        started.start_worker()
        yield started


@pytest.fixture
def site(system: System) -> Iterator[str]:
    """The URL at which the page is served."""
    with serving(system) as url:
        yield url


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Open]:
    """Open the page as a reader of some language sees it; afterwards nothing may have gone wrong unseen."""
    with visits(browser, site) as open_in:
        yield open_in
