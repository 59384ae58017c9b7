"""What was chosen and not sent yet is kept while its tab is open, whichever view, batch or storage comes between."""

from __future__ import annotations

import re

import pytest
from browsing import Open, violations
from playwright.sync_api import Page, expect
from support import eventually, query

from local.system import System

pytestmark = pytest.mark.timeout(120)

# more than the browser saves for a tab
PASTE = """(field) => {
  const data = new DataTransfer();
  data.setData("text/plain", Array.from({ length: 130_000 }, (_, i) => `long ${i} ${"x".repeat(40)}`).join("\\n"));
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
DENY = "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('no', 'SecurityError') } })"
MAYBE_SENT = """
IDBFactory.prototype.open = () => new EventTarget();
sessionStorage.setItem("ix-dummies:draft:lines", "one");
sessionStorage.setItem("ix-dummies:draft:lines-batch", "11111111-1111-4111-8111-111111111111");
"""
MAY_LEAVE = "window.dispatchEvent(new Event('beforeunload', { cancelable: true }))"


def view(page: Page, name: str) -> None:
    """Switch to a view by the page's own link."""
    page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute("aria-current", "page")


def press(page: Page, name: str) -> None:
    """Press the button with this name."""
    page.get_by_role("button", name=name, exact=True).click()


def choose(page: Page, name: str, content: bytes) -> None:
    """Choose a file with this content."""
    page.locator("input[type=file]").set_input_files([{"name": name, "mimeType": "text/plain", "buffer": content}])


def test_a_text_too_long_to_be_saved_is_kept_over_other_views(open_page: Open) -> None:
    page = open_page("en-US", "#/many")
    page.get_by_label("Lines").evaluate(PASTE)
    expect(page.get_by_text("Your text: 130,000 lines")).to_be_visible()
    view(page, "History")
    assert page.evaluate(MAY_LEAVE) is False
    view(page, "Bulk")
    expect(page.get_by_text("Your text: 130,000 lines")).to_be_visible()
    press(page, "Review")
    expect(page.get_by_role("button", name="Send 130,000 strings")).to_be_visible()
    press(page, "Back")
    press(page, "Remove")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_label("Lines")).to_have_value("")
    assert page.evaluate(MAY_LEAVE) is True


def test_drafts_are_kept_over_other_views_where_the_browser_denies_storage(open_page: Open) -> None:
    page = open_page("en-US")
    page.add_init_script(DENY)
    page.reload()
    page.get_by_label("Text", exact=True).fill("a letter")
    view(page, "Bulk")
    page.get_by_label("Lines").fill("one\ntwo")
    view(page, "Send")
    expect(page.get_by_label("Text", exact=True)).to_have_value("a letter")
    assert page.evaluate(MAY_LEAVE) is False
    view(page, "Bulk")
    expect(page.get_by_label("Lines")).to_have_value("one\ntwo")
    press(page, "Review")
    press(page, "Send 2 strings")
    expect(page.get_by_role("heading", name="All sent: 2 strings accepted")).to_be_visible()
    press(page, "Done")
    press(page, "Delete")
    expect(page.get_by_label("Lines")).to_have_value("")


@pytest.mark.parametrize("source", ["file", "text"])
def test_lines_at_the_review_outlast_another_view_and_another_tabs_batch(
    system: System, open_page: Open, source: str
) -> None:
    page = open_page("en-US", "#/many")
    lines = f"mine {source} 1\nmine {source} 2"
    if source == "file":
        choose(page, "mine.txt", lines.encode())
    else:
        page.get_by_label("Lines").fill(lines)
        press(page, "Review")
    expect(page.get_by_role("button", name="Send 2 strings")).to_be_visible()
    view(page, "History")
    view(page, "Bulk")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.get_by_role("button", name="Send 2 strings")).to_be_visible()

    other = page.context.new_page()
    other.goto(page.url)
    choose(other, "theirs.txt", f"theirs {source}".encode())
    press(other, "Send 1 string")
    for each in (page, other):
        expect(each.get_by_role("heading", name="All sent: 1 string accepted")).to_be_visible()
    kept = re.compile("Your other lines are kept")
    expect(page.get_by_role("main").get_by_text(kept)).to_be_visible()
    expect(other.get_by_role("main").get_by_text(kept)).to_have_count(0)
    assert violations(page) == []
    press(other, "Done")
    press(other, "Delete")

    press(page, "Send 2 strings")
    expect(page.get_by_role("heading", name="All sent: 2 strings accepted")).to_be_visible()
    expect(page.get_by_role("main").get_by_text(kept)).to_have_count(0)
    press(page, "Done")
    press(page, "Delete")
    expect(page.get_by_label("Lines")).to_have_value("")
    like = f"%{source}%"
    eventually(lambda: query(system, "SELECT count(*) FROM dummies WHERE text LIKE %s", like) == [(3,)], within=20)


def test_the_field_has_the_focus_once_lines_that_may_have_been_sent_are_removed(open_page: Open) -> None:
    page = open_page("en-US")
    page.add_init_script(MAYBE_SENT)
    page.goto(f"{page.url.split('#')[0]}?again#/many")
    remove = page.get_by_role("button", name="Remove")
    remove.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Remove").press("Enter")
    expect(page.get_by_label("Lines")).to_have_value("")
    expect(page.get_by_label("Lines")).to_be_focused()
