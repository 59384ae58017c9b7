"""A browser that is killed right after a string was sent has it, and its key, when it is started again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from browsing import find_chromium
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as PlaywrightError
from support import eventually, query

from local.system import System

pytestmark = pytest.mark.timeout(180)
KILLED_AFTER = 300  # ms; Chromium writes localStorage some seconds later
SENDS = "**/dummies/"


@contextmanager
def visit(browser: Browser, profile: Path, site: str) -> Iterator[Page]:
    """Open the page in a browser of its own that keeps its data in a folder."""
    context = browser.browser_type.launch_persistent_context(
        profile,
        executable_path=find_chromium(),
        args=["--no-sandbox"] if os.geteuid() == 0 else [],
        locale="en-US",
    )
    page = context.pages[0]
    page.goto(site)
    yield page
    with suppress(PlaywrightError):  # it may be dead
        context.close()


def kill(profile: Path) -> None:
    """Kill the browser with this folder, and all of its processes together."""
    found = [
        each for each in psutil.process_iter(["cmdline"]) if any(str(profile) in a for a in each.info["cmdline"] or [])
    ]
    assert found
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(found, timeout=20)
    # a browser that ends by itself removes it
    (profile / "SingletonLock").unlink(missing_ok=True)


def send(page: Page, text: str) -> None:
    """Send a string."""
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_label("Text", exact=True).press("Enter")
    expect(page.locator("li[data-state]").filter(has_text=text)).to_have_count(1)


def rows(system: System, text: str) -> int:
    """Return how often a string is stored."""
    [(count,)] = query(system, "SELECT count(*) FROM dummies WHERE text = %s", text)
    return int(count)


def assert_listed_and_stored_once(page: Page, system: System, text: str) -> None:
    """Wait until the page lists a string as stored, then compare."""
    listed = page.locator("li[data-state]").filter(has_text=text)
    expect(listed).to_have_attribute("data-state", "stored")
    assert rows(system, text) == 1


def test_strings_that_wait_in_the_browser_are_sent_after_it(
    browser: Browser, system: System, site: str, tmp_path: Path
) -> None:
    with visit(browser, tmp_path / "profile", site) as page:
        page.route(SENDS, lambda route: route.abort())
        send(page, "waiting first")
        send(page, "waiting second")
        expect(page.get_by_text("strings typed here wait in this browser")).to_be_visible()
        page.wait_for_timeout(KILLED_AFTER)
        kill(tmp_path / "profile")
    assert rows(system, "waiting first") == rows(system, "waiting second") == 0
    with visit(browser, tmp_path / "profile", site) as page:
        for text in ("waiting first", "waiting second"):
            assert_listed_and_stored_once(page, system, text)


def test_a_string_that_is_stored_already_is_listed_under_its_key_and_not_stored_again(
    browser: Browser, system: System, site: str, tmp_path: Path
) -> None:
    with visit(browser, tmp_path / "profile", site) as page:
        send(page, "pay 100")
        page.wait_for_timeout(KILLED_AFTER)
        eventually(lambda: page.wait_for_timeout(20) or rows(system, "pay 100") == 1, within=20)
        kill(tmp_path / "profile")
    with visit(browser, tmp_path / "profile", site) as page:
        assert_listed_and_stored_once(page, system, "pay 100")
        # a cleared string does not come back
        page.get_by_role("button", name="Clear finished").click()
        expect(page.locator("li[data-state]")).to_have_count(0)
        page.reload()
        expect(page.get_by_text("Nothing sent yet.")).to_be_visible()
        page.wait_for_timeout(1_000)
        expect(page.locator("li[data-state]")).to_have_count(0)
