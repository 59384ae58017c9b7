"""The history of what is stored, and the page of a single string, on a real database."""

from __future__ import annotations

import re

import pytest
from browsing import Open, violations
from playwright.sync_api import Locator, Page, expect
from support import Client, eventually, query

from local.system import System

pytestmark = pytest.mark.timeout(120)
MANY = 20_000
FILL = """
    INSERT INTO dummies (id, text, received_at, stored_at)
    SELECT gen_random_uuid(), 'row ' || n, at - interval '12 ms', at
    FROM generate_series(1, %s) AS n, LATERAL (SELECT now() - interval '3 days' + n * interval '1 s' AS at)
    ORDER BY n
"""
HEIGHT = "document.documentElement.scrollHeight"


@pytest.fixture(scope="module")
def system(system: System) -> System:
    """A system with strings of past days."""
    query(system, FILL, MANY)
    return system


def row(page: Page, text: str) -> Locator:
    """Return the link of a string in the list."""
    return page.get_by_role("main").get_by_role("link", name=text, exact=True)


def store(system: System, text: str) -> None:
    """Submit a string and wait for its row."""
    with Client(base_url=system.api_url, timeout=20) as client:
        client.submit(text).raise_for_status()
    eventually(lambda: query(system, "SELECT 1 FROM dummies WHERE text = %s", text), within=20)


def top_of(page: Page, text: str) -> float:
    """Return the vertical position of a string in the window."""
    box = row(page, text).bounding_box()
    assert box
    return box["y"]


def test_scrolling_far_back_renders_only_what_is_near_and_the_top_is_where_it_was(open_page: Open) -> None:
    page = open_page("en-US", "#/history")
    newest = row(page, f"row {MANY}")
    expect(newest).to_be_visible()
    height = page.evaluate(HEIGHT)

    # repeated, because rows that become visible meanwhile end the browser's scrolling
    def read_on() -> bool:
        page.keyboard.press("End")
        return page.evaluate(HEIGHT) > 12 * height

    def return_home() -> bool:
        page.keyboard.press("Home")
        return page.evaluate("scrollY") == 0

    eventually(read_on, within=30)
    assert page.get_by_role("main").get_by_role("listitem").count() <= 250
    expect(newest).to_have_count(0)
    eventually(return_home, within=30)
    expect(newest).to_be_in_viewport()


def test_days_have_headings_that_stay_visible(open_page: Open) -> None:
    page = open_page("ko-KR", "#/history")
    day = page.get_by_role("main").get_by_role("heading", level=2).first
    expect(day).to_be_visible()
    assert re.fullmatch(r"\d{4}년 \d+월 \d+일 .요일", day.inner_text())
    page.mouse.wheel(0, 2_000)
    expect(row(page, f"row {MANY}")).not_to_be_in_viewport()
    expect(day).to_be_in_viewport()


def test_coming_back_from_a_string_restores_the_position_and_the_focus(open_page: Open) -> None:
    page = open_page("en-US", "#/history")
    expect(row(page, f"row {MANY}")).to_be_visible()
    page.keyboard.press("End")
    link = row(page, f"row {MANY - 70}")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Text")).to_have_text(f"row {MANY - 70}")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.go_back()
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    field = page.get_by_role("searchbox")
    field.fill(f"row {MANY - 70}")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(1)
    expect(field).to_be_focused()


def test_a_search_is_case_sensitive_and_is_in_the_url(open_page: Open) -> None:
    page = open_page("en-US", "#/history")
    field = page.get_by_role("searchbox", name="Search")
    field.fill("row 1234")
    expect(row(page, "row 12340")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(11)
    assert page.evaluate("location.hash") == "#/history?q=row+1234"
    page.reload()
    expect(field).to_have_value("row 1234")
    expect(row(page, "row 1234")).to_be_visible()
    field.fill("Row 1234")
    expect(page.get_by_text("No string contains “Row 1234”.")).to_be_visible()
    page.get_by_role("link", name="Clear search").click()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(field).to_have_value("")
    expect(row(page, f"row {MANY}")).to_be_visible()


def test_a_newer_string_is_noticed_and_nothing_moves_until_it_is_asked_for(system: System, open_page: Open) -> None:
    store(system, "처음")
    page = open_page("ko-KR", "#/history")
    row(page, "처음").click()
    page.go_back()
    expect(row(page, "처음")).to_be_focused()
    page.get_by_role("button", name="자세히").click()  # with the details open the page polls more often
    before = top_of(page, "처음")
    store(system, "나중")
    show = page.get_by_role("button", name="보기", exact=True)
    expect(show).to_be_visible()
    assert top_of(page, "처음") == before
    assert violations(page) == []
    show.click()
    expect(row(page, "나중")).to_be_in_viewport()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(show).to_have_count(0)
    query(system, "DELETE FROM dummies WHERE text IN ('처음', '나중')")


def test_a_string_is_copied_and_that_is_announced(open_page: Open) -> None:
    page = open_page("en-US", "#/history", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("main").get_by_role("button", name="Copy").first.click()
    expect(page.locator("[aria-live=polite]")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"row {MANY}"


def test_the_export_has_what_the_search_finds(open_page: Open) -> None:
    page = open_page("en-US", "#/history?q=row+1999")
    with page.expect_download() as started:
        page.get_by_role("link", name="Export as CSV").click()
    assert started.value.suggested_filename == "dummies.csv"
    lines = started.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "id,text,received_at,stored_at"
    assert len(lines) == 1 + 11


def test_the_page_of_a_string_preserves_white_space_and_says_how_long_it_took(system: System, open_page: Open) -> None:
    text = "first line\n\n  <b>second</b>  line"
    store(system, text)
    (found,) = query(system, "SELECT id FROM dummies WHERE text = %s", text)[0]
    page = open_page("ko-KR", f"#/string/{found}")
    shown = page.get_by_role("region", name="텍스트")
    expect(shown).to_be_visible()
    assert shown.inner_text() == text
    expect(page.get_by_role("main").get_by_role("status").filter(has_text="저장됨")).to_be_visible()
    expect(page.get_by_text("걸린 시간")).to_be_visible()
    assert violations(page) == []
    query(system, "DELETE FROM dummies WHERE text = %s", text)


def test_an_unknown_string_is_reported_as_such(open_page: Open) -> None:
    page = open_page("en-US", "#/string/00000000-0000-4000-8000-000000000000")
    expect(page.get_by_text("There is no string with this ID.")).to_be_visible()
    assert violations(page) == []
    page.goto(page.url.split("#")[0] + "#/string/nonsense")
    expect(page.get_by_text("There is no string with this ID.")).to_be_visible()


def test_axe_finds_nothing_in_the_history(open_page: Open) -> None:
    page = open_page("en-US", "#/history", viewport={"width": 390, "height": 844})
    expect(row(page, f"row {MANY}")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("searchbox").fill("nowhere to be found")
    expect(page.get_by_text("No string contains")).to_be_visible()
    assert violations(page) == []


def test_an_unavailable_database_is_waited_for(system: System, open_page: Open) -> None:
    ((found,),) = query(system, "SELECT id FROM dummies WHERE text = 'row 1'")
    system.postgres.stop()
    history = open_page("en-US", "#/history")
    string = open_page("ko-KR", f"#/string/{found}")
    trouble = history.get_by_text("Stored strings cannot be read at present. They are safe.")
    expect(trouble).to_be_visible()
    expect(string.get_by_text("저장된 문자열을 지금은 읽을 수 없습니다.")).to_be_visible()
    assert violations(history) == []
    system.postgres.start()
    expect(row(history, f"row {MANY}")).to_be_visible()
    expect(trouble).to_have_count(0)
    expect(string.get_by_role("region", name="텍스트")).to_have_text("row 1")
