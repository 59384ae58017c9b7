"""From the page to the row, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from support import count_rows, query

from local.system import System

pytestmark = pytest.mark.timeout(120)
Open = Callable[[str], Page]
PATIENCE = 20_000  # ms


def send(page: Page, text: str) -> None:
    """Type a string and press Enter."""
    field = page.get_by_role("textbox")
    field.fill(text)
    field.press("Enter")


def test_a_string_typed_in_is_shown_stored_and_is_a_row(system: System, open_page: Open) -> None:
    page = open_page("ko-KR")
    send(page, "안녕하세요, IXcloud! 👋🏽")
    row = page.get_by_role("main").get_by_role("listitem").first
    expect(row).to_contain_text("저장됨", timeout=PATIENCE)
    expect(row).to_contain_text("안녕하세요, IXcloud! 👋🏽")
    assert query(system, "SELECT text FROM dummies") == [("안녕하세요, IXcloud! 👋🏽",)]


def test_the_button_sends_too_and_shift_enter_starts_a_line(system: System, open_page: Open) -> None:
    page = open_page("en-US")
    field = page.get_by_role("textbox")
    field.fill("one")
    field.press("Shift+Enter")
    field.type("two")
    page.get_by_role("button", name="Store").click()
    expect(page.get_by_role("main").get_by_role("listitem").first).to_contain_text("Stored", timeout=PATIENCE)
    assert query(system, "SELECT text FROM dummies") == [("one\ntwo",)]


@pytest.mark.parametrize(("locale", "heading"), [("ko-KR", "문자열 저장"), ("en-GB", "Store a string")])
def test_the_page_speaks_the_browsers_language(open_page: Open, locale: str, heading: str) -> None:
    page = open_page(locale)
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    assert page.evaluate("document.documentElement.lang") == locale[:2]


def test_the_page_says_that_the_database_is_away_and_when_it_is_back(system: System, open_page: Open) -> None:
    page = open_page("en-US")
    expect(page.get_by_text("Strings are getting through.")).to_be_visible(timeout=PATIENCE)
    system.postgres.stop()
    send(page, "patient")
    row = page.get_by_role("main").get_by_role("listitem").first
    expect(row).to_contain_text("Queued", timeout=PATIENCE)
    expect(page.get_by_text("The database is away; strings are accepted and wait safely.")).to_be_visible(
        timeout=PATIENCE
    )
    system.postgres.start()
    expect(row).to_contain_text("Stored", timeout=PATIENCE)
    expect(page.get_by_text("Strings are getting through.")).to_be_visible(timeout=PATIENCE)
    assert count_rows(system) == 1


def test_a_string_sent_while_the_journal_is_away_outlasts_a_reload_and_is_stored_once(
    system: System, open_page: Open
) -> None:
    page = open_page("en-US")
    system.redis.kill()
    send(page, "stubborn")
    expect(page.get_by_role("main").get_by_role("listitem").first).to_contain_text(
        "Waiting to be sent again", timeout=PATIENCE
    )
    page.reload()
    expect(page.get_by_role("main").get_by_role("listitem").first).to_contain_text("stubborn")
    system.redis.start()
    expect(page.get_by_role("main").get_by_role("listitem").first).to_contain_text("Stored", timeout=40_000)
    page.reload()
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(1)
    assert query(system, "SELECT text FROM dummies") == [("stubborn",)]
