"""The page on a real system, in the languages that it has; for the tests in a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Playwright, Route
from playwright.sync_api import Error as PlaywrightError
from support import eventually

from local import nginx
from local.ports import free_port
from local.ready import get
from local.system import ROOT, Process, System

WEB = ROOT / "web"
Open = Callable[..., Page]
PATIENCE = 20_000  # ms
HOST = "page.test"
"""A name for the page: over plain http such an origin is not secure, so it has no locks, clipboard or randomUUID."""
_AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
_RUN_AXE = """
(only) => axe.run(only ? { runOnly: only } : {}).then((r) => r.violations.map(
  (v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`
))
"""
_COLOR_RULES = ["color-contrast", "link-in-text-block"]
_LOOKS: list[dict[str, Any]] = [
    {"color_scheme": "dark", "forced_colors": "none"},
    {"color_scheme": "light", "forced_colors": "active"},
]
_DEFAULT_LOOK: dict[str, Any] = {"color_scheme": "light", "forced_colors": "none"}


def find_chromium() -> str | None:
    """Return the machine's Chromium, if any: best without windows, which cost a third of the processor's time."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


def launch(playwright: Playwright) -> Browser:
    """Start Chromium, which finds all names below .test on this machine: the machine's own, or else Playwright's."""
    options = ["--host-resolver-rules=MAP *.test 127.0.0.1"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    try:
        return playwright.chromium.launch(executable_path=find_chromium(), args=options)
    except PlaywrightError as error:
        pytest.skip(f"NO BROWSER, nothing of the page is tested: {error.message.splitlines()[0]}")


@contextmanager
def serving(system: System) -> Iterator[str]:
    """Serve the page, by nginx if the machine has it, else by Vite; yield its URL."""
    if not (WEB / "dist" / "index.html").exists():
        pytest.skip("THE PAGE IS NOT BUILT: run `make test`")
    port = free_port()
    binary = nginx.find()
    if binary:
        front = nginx.Front(port, free_port(), f"127.0.0.1:{system.api_port}")
        command, env = nginx.write_config(binary, system.folder / "nginx", WEB, front), {}
    else:
        command, env = nginx.preview_command(WEB, port), {"API_ORIGIN": system.api_url}
    web = Process(command, system.folder / "web.log", env, WEB)
    try:
        eventually(lambda: get(port, "/"), within=20)
        yield f"http://127.0.0.1:{port}/"
    finally:
        web.stop()


def drop(field: Locator, text: str) -> None:
    """Drop a text onto a field, as from another program; the browser inserts it unless the page prevents that."""
    box = field.bounding_box()
    assert box
    at = {"x": box["x"] + 20, "y": box["y"] + 20}
    data = {"items": [{"mimeType": "text/plain", "data": text}], "dragOperationsMask": 1}
    devtools = field.page.context.new_cdp_session(field.page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})


@contextmanager
def visits(browser: Browser, site: str) -> Iterator[Open]:
    """Yield a function that opens the page in a language, at a view, with options of Playwright's contexts.

    Fails at the end if the page logged an error or a warning.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # of a page over plain http Chromium says that it ignores one of its headers
        expected = ("Failed to load resource", "Cross-Origin-Opener-Policy header has been ignored")
        if message.type in {"error", "warning"} and not any(words in message.text for words in expected):
            complaints.append(message.text)

    def open_in(locale: str, address: str = "", **options: Any) -> Page:
        contexts.append(browser.new_context(locale=locale, **options))
        contexts[-1].on("console", note)
        contexts[-1].on("weberror", lambda error: complaints.append(str(error.error)))
        page = contexts[-1].new_page()
        page.goto(site + address)
        return page

    yield open_in
    for context in contexts:
        context.close()
    assert not complaints


def hold(where: Page | BrowserContext, requests: str) -> list[Route]:
    """Hold all requests to such URLs from now on; return the list of those held."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    where.route(requests, keep)
    return held


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with the page: light, dark, and with forced colors."""
    # evaluated, because the page's content policy allows no added script
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    page.emulate_media(reduced_motion="reduce")  # what fades in, or changes its color in steps, has too little contrast
    found: list[str] = page.evaluate(_RUN_AXE)
    for look in _LOOKS:
        page.emulate_media(**look)
        found += [f"{look}: {each}" for each in page.evaluate(_RUN_AXE, _COLOR_RULES)]
    page.emulate_media(**_DEFAULT_LOOK, reduced_motion="no-preference")
    return found
