"""What is shown before the page's code has loaded, and that it does not move once it has."""

from __future__ import annotations

import pytest
from browsing import WEB, Open
from playwright.sync_api import expect
from support import Client

from local.system import System

pytestmark = pytest.mark.timeout(120)
VIEWS = ("#/", "#/many", "#/history", "#/failed")
MAX_JAVASCRIPT = 130_000  # bytes, compressed

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
        client.submit_all(["short", "a longer string " * 20, "문자열 " * 60])
    page = open_page(locale, viewport={"width": width, "height": 800})
    expect(page.get_by_role("contentinfo")).to_be_attached()
    page.add_init_script(WATCH)
    page.route("**/assets/*.js", lambda route: route.abort())
    page.goto(page.url.split("#")[0] + "?" + address, wait_until="domcontentloaded")
    shell = page.evaluate(OUTLINE)
    assert page.locator("[inert]").count() == 1
    assert len(shell) == 7  # the brand, four views, the heading and the lead
    page.unroute("**/assets/*.js")
    page.reload()
    expect(page.get_by_role("contentinfo")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.locator("[inert]").count() == 0
    expect(page.get_by_role("main").get_by_role("status").first).not_to_have_text("Checking the service…")
    assert page.evaluate(OUTLINE) == shell
    assert page.evaluate("shifted") <= 0.02


def test_the_javascript_is_within_its_budget() -> None:
    assert sum(file.stat().st_size for file in (WEB / "dist" / "assets").glob("*.js.br")) <= MAX_JAVASCRIPT
