"""The site's data are deleted while a batch is being sent, and no line is lost or stored twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browsing import Open, violations
from playwright.sync_api import Page, Route, expect
from support import eventually, query

from local.system import System

pytestmark = pytest.mark.timeout(120)
LINES = 6_000
BULK = "**/dummies/bulk"
DELETE = """async () => {
  for (const { name } of await indexedDB.databases())
    await new Promise((resolve) => { indexedDB.deleteDatabase(name).onsuccess = resolve });
}"""

IS_KEPT = """() => new Promise((resolve) => {
  const opening = indexedDB.open("ix-dummies:batch");
  opening.onerror = () => resolve(false);
  opening.onupgradeneeded = () => opening.transaction.abort();
  opening.onsuccess = () => {
    const database = opening.result;
    const reading = database.transaction("batch").objectStore("batch").get(0);
    database.close();
    reading.onerror = () => resolve(false);
    reading.onsuccess = () => resolve(reading.result !== undefined);
  };
})"""


class Hold:
    """Lets a page's first request through, and holds the others."""

    def __init__(self, page: Page) -> None:
        """Begin with the next request."""
        self._page = page
        self._held: list[Route] = []
        self._passing = 1
        page.route(BULK, self._meet)

    def _meet(self, route: Route) -> None:
        self._passing -= 1
        if self._passing < 0:
            self._held.append(route)
        else:
            route.continue_()

    def wait(self) -> None:
        """Return once some are held."""
        eventually(lambda: self._page.wait_for_timeout(50) or self._held, within=20)

    def let_go(self) -> None:
        """Let these and all later ones through."""
        self._passing = LINES
        for route in self._held:
            route.continue_()


def press(page: Page, name: str) -> None:
    """Press the button with this name."""
    page.get_by_role("button", name=name, exact=True).click()


def send(page: Page, name: str) -> Hold:
    """Begin to send lines with this name in them; the first 2,000 are accepted, the others held."""
    held = Hold(page)
    lines = "\n".join(f"{name} {number}" for number in range(LINES))
    page.locator("input[type=file]").set_input_files(
        [{"name": f"{name}.txt", "mimeType": "text/plain", "buffer": lines.encode()}]
    )
    press(page, "Send 6,000 strings")
    expect(page.get_by_text("2,000 of 6,000 strings accepted")).to_be_visible()
    held.wait()
    return held


def clear_in_settings(page: Page) -> None:
    """Clear the site's data as the browser's settings do."""
    devtools = page.context.new_cdp_session(page)
    origin = page.evaluate("location.origin")
    devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})


def clear_in_another_tab(page: Page) -> None:
    """Delete the databases from another tab."""
    other = page.context.new_page()
    other.goto(page.url.split("#")[0])
    other.evaluate(DELETE)
    other.close()


@pytest.mark.parametrize(
    ("name", "clear", "reloaded"),
    [("settings", clear_in_settings, True), ("tab", clear_in_another_tab, False)],
)
def test_lines_that_the_tab_still_has_are_kept_again_and_sent_once(
    system: System, open_page: Open, name: str, clear: Callable[[Page], None], *, reloaded: bool
) -> None:
    page = open_page("en-US", "#/many")
    held = send(page, name)
    clear(page)
    eventually(lambda: page.evaluate(IS_KEPT), within=20)
    expect(page.get_by_text("You may leave or reload the page")).to_be_visible()
    if reloaded:
        page.unroute(BULK)
        page.reload()
    else:
        held.let_go()
    expect(page.get_by_role("heading", name="All sent: 6,000 strings accepted")).to_be_visible()
    expect(page.get_by_text("All of them are stored.")).to_be_visible()
    assert page.get_by_role("alert").all_inner_texts() in ([], [""])
    stored = "SELECT count(*), count(DISTINCT text) FROM dummies WHERE text LIKE %s"
    eventually(lambda: query(system, stored, f"{name} %") == [(LINES, LINES)], within=20)


def test_a_batch_that_is_gone_from_all_tabs_is_said_to_be(open_page: Open) -> None:
    page = open_page("en-US", "#/many")
    held = send(page, "gone")
    other = page.context.new_page()
    other.goto(page.url)
    press(other, "Pause")  # so that the first tab's copy is no longer the whole
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    clear_in_settings(page)
    for each in (page, other):
        expect(each.get_by_role("alert").first).to_contain_text(
            "This browser has deleted this site's data, and a batch with it. Of its 6,000 strings, at least 2,000 were"
        )
        expect(each.get_by_label("Lines")).to_be_visible()
    assert violations(page) == []
    held.let_go()
    page.get_by_label("Lines").fill("the next batch")
    press(page, "Review")
    press(page, "Send 1 string")
    expect(page.get_by_role("heading", name="All sent: 1 string accepted")).to_be_visible()
    press(page, "Done")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("This browser has deleted")).to_have_count(0)
