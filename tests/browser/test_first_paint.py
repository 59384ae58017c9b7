"""What is shown before the page's code has loaded, and that it does not move once it has."""

from __future__ import annotations

import gzip
import re

import pytest
from browsing import WEB, Open, hold
from playwright.sync_api import expect
from support import Client, eventually

from local.system import System

pytestmark = pytest.mark.timeout(120)
VIEWS = ("#/", "#/many", "#/history", "#/failed", "#/string/{}")
DIST = WEB / "dist"
MAX_JAVASCRIPT = 130_000  # bytes, compressed
MAX_FIRST_PAINT = 10_000  # likewise

WATCH = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) shifted += value;
}).observe({ type: "layout-shift", buffered: true });
"""
# the words and the places of what the shell has
OUTLINE = """
() => [...document.querySelectorAll("header a, h1, h1 + p")].map((element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  return [element.textContent, x, y, width, height].join(" ");
})
"""


@pytest.mark.parametrize("address", VIEWS)
@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_shell_is_there_before_the_code_and_stays_where_it_is(
    open_page: Open, system: System, locale: str, address: str, width: int
) -> None:
    with Client(base_url=system.api_url, timeout=20) as client:
        ids = client.submit_all(["short", "a longer string " * 20, "문자열 " * 60])
        eventually(lambda: client.state(ids[0])["status"] == "stored", within=20)
    page = open_page(locale, viewport={"width": width, "height": 800})
    expect(page.get_by_role("contentinfo")).to_be_attached()
    page.add_init_script(WATCH)
    page.route("**/assets/*.js", lambda route: route.abort())
    page.goto(page.url.split("#")[0] + "?" + address.format(ids[0]), wait_until="domcontentloaded")
    shell = page.evaluate(OUTLINE)
    assert page.locator("[inert]").count() == 1
    is_string = "string" in address
    # the brand, four views, the heading, and the lead, which a string has not
    assert len(shell) == (6 if is_string else 7)
    page.unroute("**/assets/*.js")
    page.reload()
    expect(page.get_by_role("contentinfo")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.locator("[inert]").count() == 0
    expect(page.get_by_role("main").get_by_role("status").first).not_to_have_text("Checking the service…")
    # a string's section, which becomes bold, is known when the string is
    kept = slice(-1 if is_string else 0, None)
    assert page.evaluate(OUTLINE)[kept] == shell[kept]
    assert page.evaluate("shifted") <= 0.02


def test_the_code_of_a_view_is_requested_with_the_page_and_not_one_file_after_another(open_page: Open) -> None:
    page = open_page("en-US")
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url.rsplit("/", 1)[1]))
    hold(page, "**/assets/index-*.js")
    page.goto(page.url.split("#")[0] + "?#/history", wait_until="commit")
    expected = {file.name for file in (DIST / "assets").glob("OtherView*") if file.suffix in {".js", ".css"}}
    eventually(lambda: page.wait_for_timeout(50) or expected <= set(requested), within=20)


def test_the_javascript_is_within_its_budget() -> None:
    assert sum(file.stat().st_size for file in (DIST / "assets").glob("*.js.br")) <= MAX_JAVASCRIPT


def test_what_the_first_paint_waits_for_is_within_its_budget() -> None:
    page = (DIST / "index.html").read_text(encoding="utf-8")
    sheets = re.findall(r'<link rel="stylesheet"[^>]* href="/(.+?)"', page)
    scripts = re.findall(r'<script src="/(.+?)"', page)
    assert len(sheets) >= 1
    assert scripts == ["choices.js", "shell.js"]
    files = [DIST / f"{sheet}.br" for sheet in sheets] + [DIST / script for script in scripts]
    received = len(gzip.compress(page.encode(), 1)) + sum(file.stat().st_size for file in files)
    assert received <= MAX_FIRST_PAINT
