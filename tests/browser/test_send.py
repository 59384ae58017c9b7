"""Sending one string: the field, its messages, and the string's row in the list."""

from __future__ import annotations

import json
import re

import pytest
from browsing import HOST, Open, drop, violations, visits
from playwright.sync_api import Browser, Page, expect
from support import Client, eventually, query

from local.system import System

pytestmark = pytest.mark.timeout(120)


def field(page: Page):
    """Return the text field."""
    return page.get_by_role("textbox")


def row(page: Page, text: str):
    """Return the row of a string."""
    return page.get_by_role("listitem").filter(has_text=text)


def put(page: Page, way: str, text: str) -> None:
    """Paste or drop a text into the field; `window.largest` is the length of the longest that it held since."""
    field(page).evaluate("""e => {
        window.largest = 0;
        e.addEventListener("input", () => { largest = Math.max(largest, e.value.length) });
    }""")
    if way == "paste":
        page.evaluate("text => navigator.clipboard.writeText(text)", text)
        field(page).press("ControlOrMeta+v")
    else:
        drop(field(page), text)


def height(page: Page) -> float:
    """Return the height of the field."""
    box = field(page).bounding_box()
    assert box
    return box["height"]


def test_the_field_grows_with_its_text_up_to_a_limit_and_then_scrolls(open_page: Open) -> None:
    page = open_page("en-US")
    empty = height(page)
    field(page).fill("\n".join("abcdefgh"))
    grown = height(page)
    assert grown > empty * 2
    field(page).fill("\n" * 500)
    assert grown < height(page) <= page.viewport_size["height"] * 0.45 + 1  # type: ignore[index]
    assert field(page).evaluate("e => e.scrollHeight > e.clientHeight")
    field(page).fill("")
    assert height(page) == empty


@pytest.mark.parametrize(
    ("locale", "counted", "too_many", "refused"),
    [
        ("en-US", "54,000 of 65,536 bytes", "(464 too many)", "The text is longer than 64 KiB."),
        ("ko-KR", "65,536바이트 중 54,000바이트", "(464바이트 초과)", "텍스트가 64 KiB보다 깁니다."),
    ],
)
def test_the_byte_count_appears_near_the_limit_and_a_text_above_it_is_not_sent(
    open_page: Open, locale: str, counted: str, too_many: str, refused: str
) -> None:
    page = open_page(locale)
    field(page).fill("가" * 17_000)
    expect(page.get_by_text("65,536")).to_have_count(0)
    field(page).fill("가" * 18_000)
    expect(page.get_by_text(counted)).to_be_visible()
    field(page).fill("가" * 22_000)
    expect(page.get_by_text(too_many)).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text(refused)
    assert violations(page) == []
    field(page).press("Enter")
    expect(page.locator("li[data-state]")).to_have_count(0)
    assert len(field(page).input_value()) == 22_000


def test_a_draft_survives_a_reload_and_is_gone_once_sent(system: System, open_page: Open) -> None:
    page = open_page("ko-KR")
    field(page).fill("아직 다 쓰지 않은\n초안")
    page.reload()
    expect(field(page)).to_have_value("아직 다 쓰지 않은\n초안")
    field(page).press("Enter")
    expect(field(page)).to_be_focused()
    expect(row(page, "초안")).to_contain_text("저장됨")
    page.reload()
    expect(field(page)).to_have_value("")
    assert query(system, "SELECT count(*) FROM dummies WHERE text LIKE '%%초안'") == [(1,)]


def test_a_row_copies_its_text_and_leads_to_the_strings_own_page(system: System, open_page: Open) -> None:
    page = open_page("en-US")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    field(page).fill("copy me\n  exactly")
    field(page).press("Enter")
    mine = row(page, "copy me")
    mine.get_by_role("button", name="Copy").click()
    expect(mine.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "copy me\n  exactly"
    expect(mine).to_contain_text("Stored in")
    assert violations(page) == []
    [(stored_id,)] = query(system, "SELECT id::text FROM dummies WHERE text LIKE 'copy me%%'")
    expect(mine.get_by_role("link", name="Details")).to_have_attribute("href", f"#/string/{stored_id}")


def test_a_waiting_string_shows_its_place_in_line_until_it_is_stored(system: System, open_page: Open) -> None:
    page = open_page("en-US")
    expect(page.get_by_text("Strings are getting through.")).to_be_visible()
    system.postgres.stop()
    try:
        with Client(base_url=system.api_url, timeout=20) as client:
            client.submit_all(f"before {number}" for number in range(1_234))
        field(page).fill("patient")
        field(page).press("Enter")
        expect(row(page, "patient")).to_contain_text("about 1,200th in line.")
        assert violations(page) == []
    finally:
        system.postgres.start()
    expect(row(page, "patient")).to_contain_text("Stored in")
    assert query(system, "SELECT count(*) FROM dummies WHERE text = 'patient'") == [(1,)]


def test_a_long_string_is_folded_to_its_beginning_and_opened_whole(open_page: Open) -> None:
    page = open_page("en-US")
    text = "긴 문자열 " * 3_000
    field(page).fill(text)
    field(page).press("Enter")
    shown = page.get_by_role("main").get_by_role("listitem").locator("[dir=auto]")
    expect(shown).to_contain_text("긴 문자열")
    # what is folded away costs layout all the same, so it is not in the page
    assert len(shown.text_content() or "") <= 501
    page.get_by_role("button", name="Show all").click()
    expect(shown).to_have_js_property("textContent", text)
    assert violations(page) == []


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_string_of_many_lines_is_stored_whole_without_getting_into_the_field(
    system: System, open_page: Open, way: str
) -> None:
    """Thousands of lines keep Chromium busy for seconds, and at every reload again."""
    page = open_page("en-US", permissions=["clipboard-read", "clipboard-write"])
    text = f"many lines by {way}" + "".join(f"\n{number % 10}" for number in range(20_000))
    put(page, way, text)
    beginning = f"many lines by {way}\n0\n1\n2\n3\n4…"
    expect(field(page)).to_have_value(beginning)
    expect(page.get_by_role("alert")).to_contain_text("20,001 lines are too many for this field")
    assert violations(page) == []
    page.reload()
    expect(field(page)).to_have_value(beginning)
    field(page).press("Enter")
    expect(row(page, f"many lines by {way}")).to_contain_text("Stored in")
    expect(field(page)).to_have_value("")
    assert query(system, "SELECT count(*) FROM dummies WHERE text = %s", text) == [(1,)]


@pytest.mark.parametrize("text", ["line\n" * 100_000, "x" * 8_000_000], ids=["lines", "one-line"])
def test_a_text_that_fits_no_string_is_not_dropped_into_the_field(open_page: Open, text: str) -> None:
    page = open_page("en-US")
    put(page, "drop", text)
    expect(page.get_by_role("alert")).to_contain_text("it was not put into the field")
    expect(field(page)).to_have_value("")
    assert page.evaluate("window.largest") == 0
    assert violations(page) == []


@pytest.mark.parametrize("host", ["127.0.0.1", HOST])
def test_a_text_of_which_the_list_has_only_the_beginning_is_copied_whole(
    system: System, browser: Browser, site: str, host: str
) -> None:
    """On a secure origin by a clipboard item, over plain http by a selection, for which the text may come too late."""
    text = f"cut on {host} {'가나다 ' * 2_000}end"
    secure = host != HOST
    options = {"permissions": ["clipboard-read", "clipboard-write"]} if secure else {}
    with Client(base_url=system.api_url, timeout=20) as client:
        client.post("/dummies/", json={"text": text}).raise_for_status()
    eventually(lambda: query(system, "SELECT 1 FROM dummies WHERE text = %s", text), within=20)
    with visits(browser, site.replace("127.0.0.1", host)) as open_in:
        page = open_in("en-US", "#/history", **options)
        row = page.get_by_role("main").get_by_role("listitem").filter(has_text=f"cut on {host}")
        row.get_by_role("button", name="Copy").click()
        expect(row.get_by_role("button", name=re.compile("^Copied|^Press again"))).to_be_visible()
        if row.get_by_role("button", name="Press again to copy").count():
            row.get_by_role("button").click()
            expect(row.get_by_role("button", name="Copied")).to_be_visible()
        page.get_by_role("navigation").get_by_role("link", name="Send").click()
        page.get_by_role("textbox").press("ControlOrMeta+v")
        expect(page.get_by_role("textbox")).to_have_value(text)


def test_clearing_asks_before_it_deletes_a_refused_string_and_keeps_the_focus_in_the_view(open_page: Open) -> None:
    page = open_page("en-US")
    problem = json.dumps({"type": "urn:ix-dummies:problem:invalid-text", "detail": "No such strings."})
    refusal = {"status": 422, "content_type": "application/problem+json", "body": problem}
    page.route("**/dummies/", lambda route: route.fulfill(**refusal), times=1)
    clear = page.get_by_role("button", name="Clear finished")
    field(page).fill("precious")
    field(page).press("Enter")
    expect(row(page, "precious")).to_contain_text("Refused")
    clear.press("Enter")
    dialog = page.get_by_role("dialog", name="Clear finished strings?")
    expect(dialog).to_contain_text("1 string is not in the service: only this browser has it")
    assert violations(page) == []
    dialog.get_by_role("button", name="Keep").press("Enter")
    expect(clear).to_be_focused()
    expect(row(page, "precious")).to_be_visible()
    clear.press("Enter")
    dialog.get_by_role("button", name="Clear").press("Enter")
    expect(page.get_by_text("Nothing sent yet.")).to_be_visible()
    expect(page.get_by_role("heading", name="Your strings")).to_be_focused()
    field(page).fill("plain")
    field(page).press("Enter")
    expect(row(page, "plain")).to_contain_text("Stored")
    clear.press("Enter")
    expect(page.get_by_role("heading", name="Your strings")).to_be_focused()
    expect(row(page, "plain")).to_have_count(0)
