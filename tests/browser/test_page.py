"""From the page to the row, in a real browser."""

from __future__ import annotations

import pytest
from browsing import Open
from playwright.sync_api import Locator, Page, expect
from support import query

from local.system import System

pytestmark = pytest.mark.timeout(120)


def send(page: Page, text: str) -> None:
    """Type a string and press Enter."""
    field = page.get_by_role("textbox")
    field.fill(text)
    field.press("Enter")


def first(page: Page) -> Locator:
    """Return the first string in the list."""
    return page.get_by_role("main").get_by_role("listitem").first


def rows(system: System, text: str) -> int:
    """Return the number of rows with exactly this text."""
    return query(system, "SELECT count(*) FROM dummies WHERE text = %s", text)[0][0]


def test_a_string_typed_in_is_shown_stored_and_is_a_row(system: System, open_page: Open) -> None:
    text = "안녕하세요, IXcloud! 👋🏽"
    page = open_page("ko-KR")
    expect(page.get_by_role("heading", level=1)).to_have_text("문자열 보내기")
    assert page.evaluate("document.documentElement.lang") == "ko"
    send(page, text)
    expect(first(page)).to_contain_text("저장됨")
    expect(first(page)).to_contain_text(text)
    assert rows(system, text) == 1


def test_the_button_also_sends_and_shift_enter_starts_a_new_line(system: System, open_page: Open) -> None:
    page = open_page("en-GB")
    expect(page.get_by_role("heading", level=1)).to_have_text("Send a string")
    assert page.evaluate("document.documentElement.lang") == "en"
    field = page.get_by_role("textbox")
    field.fill("one")
    field.press("Shift+Enter")
    field.type("two")
    page.get_by_role("button", name="Send").click()
    expect(first(page)).to_contain_text("Stored")
    assert rows(system, "one\ntwo") == 1


def test_the_page_says_that_the_database_is_unavailable_and_when_it_is_back(system: System, open_page: Open) -> None:
    page = open_page("en-US")
    expect(page.get_by_text("Strings are getting through.")).to_be_visible()
    system.postgres.stop()
    send(page, "patient")
    expect(first(page)).to_contain_text("Queued")
    expect(page.get_by_text("The database is unreachable; strings are accepted and wait safely.")).to_be_visible()
    system.postgres.start()
    expect(first(page)).to_contain_text("Stored")
    expect(page.get_by_text("Strings are getting through.")).to_be_visible()
    assert rows(system, "patient") == 1


def test_a_string_sent_while_the_journal_is_unavailable_survives_a_reload_and_is_stored_once(
    system: System, open_page: Open
) -> None:
    page = open_page("en-US")
    system.redis.kill()
    send(page, "stubborn")
    expect(first(page)).to_contain_text("Will retry")
    page.reload()
    expect(first(page)).to_contain_text("stubborn")
    system.redis.start()
    expect(first(page)).to_contain_text("Stored", timeout=40_000)
    page.reload()
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(1)
    assert rows(system, "stubborn") == 1
