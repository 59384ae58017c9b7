"""What is shown before the page's code has loaded, and that it does not move once it has."""

from __future__ import annotations

import gzip
import re

import pytest
from browsing import WEB, Open, hold, violations
from playwright.sync_api import expect
from support import Client, eventually, query

from local.system import System

pytestmark = pytest.mark.timeout(120)
VIEWS = ("#/", "#/many", "#/history", "#/failed", "#/string/{}")
DIST = WEB / "dist"
MAX_JAVASCRIPT = 130_000  # bytes, compressed
PROCESSES = 2  # of the API, which look at the pipeline by themselves
WELL = re.compile(r"Strings are getting through\.|문자열이 잘 저장되고 있습니다\.")
MAX_FIRST_PAINT = 11_000  # likewise
SHELL = "[data-shell]"

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


def store(system: System, texts: list[str]) -> list[str]:
    """Store these, and wait until the strip says that all is well: other words take more lines on a narrow phone."""

    def states() -> set[tuple[int, str]]:
        # a connection for each request, so that all processes respond
        found = [client.pipeline() for _ in range(PROCESSES * 8)]
        return {(pipeline["waiting"], pipeline["workers"]["status"]) for pipeline in found}

    with Client(base_url=system.api_url, timeout=20, headers={"Connection": "close"}) as client:
        ids = client.submit_all(texts)
        eventually(lambda: all(client.state(each)["status"] == "stored" for each in ids), within=20)
        eventually(lambda: states() == {(0, "up")}, within=20)
    return ids


@pytest.mark.parametrize("address", VIEWS)
@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_shell_is_there_before_the_code_and_stays_where_it_is(
    open_page: Open, system: System, locale: str, address: str, width: int
) -> None:
    ids = store(system, ["short", "a longer string " * 20, "문자열 " * 60])
    page = open_page(locale, viewport={"width": width, "height": 800})
    expect(page.get_by_role("contentinfo")).to_be_attached()
    page.add_init_script(WATCH)
    hold(page, "**/assets/*.js")
    page.goto(page.url.split("#")[0] + "?" + address.format(ids[0]), wait_until="commit")
    expect(page.locator(SHELL)).to_have_count(1)
    shell = page.evaluate(OUTLINE)
    is_string = "string" in address
    # the brand, four views, the heading, and the lead, which a string has not
    assert len(shell) == (6 if is_string else 7)
    page.unroute("**/assets/*.js")
    page.reload()
    expect(page.get_by_role("contentinfo")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.locator(SHELL).count() == 0
    # another state of the service has words of more lines
    expect(page.get_by_text(WELL)).to_be_visible()
    # a string's section, which becomes bold, is known when the string is
    kept = slice(-1 if is_string else 0, None)
    assert page.evaluate(OUTLINE)[kept] == shell[kept]
    assert page.evaluate("shifted") <= 0.02


@pytest.mark.parametrize("words", ["", "The page has stopped working"])
def test_what_is_there_before_the_code_can_be_read_by_everyone(open_page: Open, system: System, words: str) -> None:
    """The code is late, or it cannot be had, which the page says."""
    [at] = store(system, ["a string"])
    page = open_page("en-US")
    hold(page, "**/assets/*.js")
    for address in VIEWS:
        page.goto(page.url.split("#")[0] + "?" + address.format(at), wait_until="commit")
        expect(page.locator(SHELL)).to_have_count(1)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        page.evaluate("(words) => document.documentElement.toggleAttribute('data-stopped', words !== '')", words)
        expect(page.get_by_role("main")).to_contain_text(words)
        assert violations(page) == []


# the words and the places of stored texts: how much of each row is seen, and the whole of a string
TEXTS = """
() => [...document.querySelectorAll("main [translate=no]:not(code)")]
  .filter((each) => each.textContent.trim()).map((element) => {
  const { x, y, width, height } = element.closest("p").getBoundingClientRect();
  return [element.textContent.slice(0, 99), x, y, width, height].join(" ");
})
"""


@pytest.mark.parametrize("address", ["#/history", "#/string/{}"])
@pytest.mark.parametrize("width", [320, 1280])
def test_texts_are_there_before_the_code_and_stay_where_they_are(
    open_page: Open, system: System, address: str, width: int
) -> None:
    texts = ["short", "<b>a longer string</b> " * 40, "문자열 " * 60, "two\nlines", "👩‍👩‍👧" * 300]
    *ids, erased = store(system, [*texts, "erased"])
    query(system, "UPDATE dummies SET text = '', erased_at = now() WHERE id = %s", erased)
    page = open_page("ko-KR", viewport={"width": width, "height": 800})
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url.partition("/dummies/")[2]))
    hold(page, "**/assets/*.js")
    page.goto(page.url.split("#")[0] + "?" + address.format(ids[1]), wait_until="commit")
    expect(page.locator("main [translate=no]").first).to_be_visible()
    early = page.evaluate(TEXTS)
    assert len(early) == 1 or len(early) >= len(texts)
    page.unroute("**/assets/*.js")
    requested.clear()
    page.reload()
    expect(page.get_by_role("contentinfo")).to_be_visible()
    expect(page.locator(SHELL)).to_have_count(0)
    eventually(lambda: page.wait_for_timeout(50) or len(page.evaluate(TEXTS)) == len(early), within=20)
    assert page.evaluate(TEXTS) == early
    assert len([each for each in requested if each in {"?limit=50&preview=400", ids[1]}]) == 1


@pytest.mark.parametrize("status", [200, 503])
def test_a_wrong_early_answer_is_not_the_last_word(open_page: Open, system: System, status: int) -> None:
    with Client(base_url=system.api_url, timeout=20) as client:
        [at] = client.submit_all(["right after all"])
        eventually(lambda: client.state(at)["status"] == "stored", within=20)
    page = open_page("en-US")
    page.route("**/dummies/*", lambda route: route.fulfill(status=status, body="<p>proxy</p>"), times=1)
    page.goto(page.url.split("#")[0] + f"?#/string/{at}")
    expect(page.get_by_text("right after all")).to_be_visible()
    assert page.get_by_text("proxy").count() == 0


def test_early_texts_are_gone_when_another_address_is_selected(open_page: Open, system: System) -> None:
    with Client(base_url=system.api_url, timeout=20) as client:
        ids = client.submit_all(["the first string", "the second string"])
        eventually(lambda: client.state(ids[1])["status"] == "stored", within=20)
    page = open_page("en-US")
    hold(page, "**/assets/*.js")
    page.goto(page.url.split("#")[0] + f"?#/string/{ids[0]}", wait_until="commit")
    expect(page.get_by_text("the first string")).to_be_visible()
    page.evaluate("(id) => { location.hash = `#/string/${id}` }", ids[1])
    expect(page.get_by_text("the first string")).to_have_count(0)
    expect(page.get_by_role("heading", level=1, include_hidden=True)).to_have_text("String")
    page.evaluate("location.hash = '#/'")
    expect(page.get_by_role("heading", level=1, include_hidden=True)).to_have_text("Send a string")
    page.unroute("**/assets/*.js")
    page.reload()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("the second string")).to_be_visible()


def test_code_that_cannot_be_loaded_is_said_to_be_missing(open_page: Open) -> None:
    page = open_page("en-US")
    expect(page.get_by_text("The page has stopped working")).to_have_count(0)
    page.route("**/assets/StringText-*.js", lambda route: route.fulfill(status=404))
    page.reload()
    expect(page.get_by_text("The page has stopped working")).to_be_visible()
    expect(page.get_by_text("Checking the service")).to_be_hidden()
    page.unroute("**/assets/StringText-*.js")
    page.reload()
    expect(page.get_by_role("textbox")).to_be_editable()


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
    head = page.partition("</head>")[0]
    sheets = re.findall(r'<link rel="stylesheet"[^>]* href="/(.+?)"', head)
    scripts = re.findall(r'<script src="/(.+?)"', page)
    assert len(sheets) >= 1
    assert scripts == ["early.js", "shell.js"]
    files = [DIST / name for name in ["index.html", *scripts]]
    received = sum(len(gzip.compress(file.read_bytes(), 1)) for file in files)
    received += sum((DIST / f"{sheet}.br").stat().st_size for sheet in sheets)
    assert received <= MAX_FIRST_PAINT
