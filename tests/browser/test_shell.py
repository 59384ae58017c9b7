"""The frame around the views: navigation, language, theme, and the pipeline strip."""

from __future__ import annotations

import pytest
from browsing import Open, violations
from playwright.sync_api import Browser, Page, expect
from support import eventually

pytestmark = pytest.mark.timeout(120)
PHONE = {"width": 320, "height": 640}
VIEWS = [("Send", "#/"), ("Bulk", "#/many"), ("History", "#/history"), ("Failed", "#/failed")]

# fetched, then imported
HAS_OTHER_VIEWS = """
performance.getEntriesByType("resource").some(
  ({ name, initiatorType }) => /OtherView.*js$/.test(name) && initiatorType !== "fetch",
)
"""


def test_each_view_has_an_address_and_a_title_and_takes_the_focus(open_page: Open) -> None:
    page = open_page("en-US")
    navigation = page.get_by_role("navigation")
    heading = page.get_by_role("heading", level=1)
    expect(heading).not_to_be_focused()
    for name, address in reversed(VIEWS):
        navigation.get_by_role("link", name=name).click()
        expect(navigation.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
        expect(navigation.locator("[aria-current]")).to_have_count(1)
        expect(heading).to_be_focused()
        assert page.evaluate("location.hash") == address
        expect(page).to_have_title(f"{heading.inner_text()} · ix-dummies")
    page.go_back()
    expect(navigation.get_by_role("link", name="Bulk")).to_have_attribute("aria-current", "page")


def test_the_keyboard_reaches_every_view_and_can_skip_the_navigation(open_page: Open) -> None:
    page = open_page("en-US")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.get_by_role("button", name="Skip to content").focus()
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="History")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("History")


@pytest.mark.parametrize("address", ["#/nowhere", "#///", "#//[", "#/string/..", "#/%E0%A4%A"])
def test_an_unknown_address_says_so_and_leads_to_the_first_view(open_page: Open, address: str) -> None:
    page = open_page("ko-KR", address)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("없는 페이지입니다")
    expect(page).to_have_title("없는 페이지입니다 · ix-dummies")
    assert violations(page) == []
    page.get_by_role("link", name="첫 화면으로 가기").click()
    expect(heading).to_have_text("문자열 보내기")
    expect(heading).to_be_focused()


@pytest.mark.parametrize(
    ("address", "heading", "words"),
    [
        ("#/many", "Send many strings", "drop one here"),
        ("#/history?q=%E0%A4%A", "History", "No string contains"),
        ("#/string/no-uuid", "String", "There is no string with this ID."),
    ],
)
def test_an_old_or_malformed_address_shows_its_view(open_page: Open, address: str, heading: str, words: str) -> None:
    page = open_page("en-US", address)
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    expect(page.get_by_role("main").get_by_text(words)).to_be_visible()


@pytest.mark.parametrize("first", ["#/", "#/failed"])
@pytest.mark.parametrize("kind", ["js", "css"])
def test_a_view_whose_code_did_not_load_is_loaded_by_the_next_navigation(
    browser: Browser, site: str, first: str, kind: str
) -> None:
    page = browser.new_page(locale="en-US")
    aborted: list[str] = []
    page.route(f"**/OtherView*.{kind}", lambda route: (aborted.append(route.request.resource_type), route.abort()))
    page.goto(site + first)
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("The page has stopped working")).to_be_visible()
    # some browsers would never request a script again that failed
    assert "script" not in aborted
    assert violations(page) == []
    page.unroute(f"**/OtherView*.{kind}")
    page.get_by_role("link", name="Bulk").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Send many strings")
    assert page.evaluate("[...document.styleSheets].some(({ href }) => href.includes('OtherView'))")
    page.close()


def test_a_language_is_switched_without_a_reload_and_remembered(open_page: Open) -> None:
    page = open_page("en-US")
    page.get_by_role("textbox").fill("half a thought")
    page.get_by_role("button", name="한국어").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("문자열 보내기")
    expect(page.get_by_role("textbox")).to_have_value("half a thought")
    assert page.evaluate("document.documentElement.lang") == "ko"
    expect(page).to_have_title("문자열 보내기 · ix-dummies")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("문자열 보내기")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Send a string")


def background(page: Page) -> str:
    """Return the page's background colour."""
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def test_a_chosen_theme_applies_before_the_first_paint_of_the_next_visit(open_page: Open) -> None:
    page = open_page("en-US", color_scheme="light")
    light = background(page)
    page.get_by_role("radio", name="Dark").check(force=True)
    dark = background(page)
    assert dark != light
    # without the page's own code, as before it has run
    page.route("**/assets/*.js", lambda route: route.abort())
    page.reload(wait_until="domcontentloaded")
    assert background(page) == dark
    page.unroute("**/assets/*.js")
    page.reload()
    expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    page.get_by_role("radio", name="System").check(force=True)
    assert background(page) == light


def test_the_strip_shows_its_figures_on_request_and_stays_open(open_page: Open) -> None:
    page = open_page("en-US")
    field = page.get_by_role("textbox")
    field.fill("counted")
    field.press("Enter")
    details = page.get_by_role("button", name="Details", exact=True)
    details.click()
    chart = page.get_by_role("img", name="Stored in the last 5 minutes")
    expect(chart).to_have_attribute("aria-label", "Stored in the last 5 minutes: 1, at most 1 a second.")
    expect(page.get_by_text("Up", exact=True)).to_have_count(3)
    assert violations(page) == []
    page.get_by_role("link", name="Bulk").click()
    expect(chart).to_be_visible()
    page.reload()
    expect(details).to_have_attribute("aria-expanded", "true")


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
def test_every_view_fits_the_narrowest_phone(open_page: Open, locale: str) -> None:
    page = open_page(locale, viewport=PHONE)
    for _, address in VIEWS:
        page.goto(page.url.split("#")[0] + address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        navigation = page.get_by_role("navigation")
        for link in navigation.get_by_role("link").all():
            box = link.bounding_box()
            assert box
            assert 0 <= box["x"] <= PHONE["width"] - box["width"]


def test_axe_finds_nothing_in_any_view(open_page: Open) -> None:
    page = open_page("ko-KR")
    for _, address in VIEWS:
        page.goto(page.url.split("#")[0] + address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert violations(page) == []


def test_the_views_open_while_the_service_is_unavailable(open_page: Open) -> None:
    page = open_page("en-US")
    eventually(lambda: page.evaluate(HAS_OTHER_VIEWS), within=20)
    page.route("**/*", lambda route: route.abort())
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("History")
    expect(page.get_by_text("The service does not answer.", exact=True)).to_be_visible()
    page.unroute("**/*")
    expect(page.get_by_text("Strings are getting through.")).to_be_visible()


LOOKS = "(element) => [element, element.parentElement].map((it) => getComputedStyle(it).backgroundColor)"


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_forced_colors_hide_neither_the_state_nor_the_choices(open_page: Open, color_scheme: str) -> None:
    page = open_page("en-US", forced_colors="active", color_scheme=color_scheme)
    expect(page.get_by_text("Strings are getting through.")).to_be_visible()
    for part in ("main [aria-hidden=true]", "fieldset label:has(:checked)"):
        own, around = page.locator(part).first.evaluate(LOOKS)
        assert own != around
    current = page.locator("nav [aria-current]")
    expect(current).to_have_css("text-decoration-line", "underline")
