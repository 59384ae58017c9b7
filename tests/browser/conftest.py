"""The page in a real Chromium, from nginx where the machine has it, else from Vite, over the whole system."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from support import eventually

from local import nginx
from local.ports import free_port
from local.ready import get
from local.system import ROOT, Process, System

WEB = ROOT / "web"


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
    if not (WEB / "dist" / "index.html").exists():
        pytest.skip("THE PAGE IS NOT BUILT: run `make test`")
    port = free_port()
    binary = nginx.find()
    if binary:
        command, env = nginx.write_config(binary, system.folder / "nginx", WEB, port, system.api_port), {}
    else:
        command, env = nginx.preview_command(WEB, port), {"API_ORIGIN": system.api_url}
    web = Process(command, system.folder / "web.log", env, WEB)
    try:
        eventually(lambda: get(port, "/"), within=20)
        yield f"http://127.0.0.1:{port}/"
    finally:
        web.stop()


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Callable[[str], Page]]:
    """Open the page as a reader of some language sees it; afterwards nothing may have gone wrong unseen."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def open_in(locale: str) -> Page:
        contexts.append(browser.new_context(locale=locale))
        page = contexts[-1].new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(site)
        return page

    yield open_in
    for context in contexts:
        context.close()
    assert not complaints
