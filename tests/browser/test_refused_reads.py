"""Where the API may not read the table, strings get through; the page says that it cannot tell what became of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsing import Open, violations
from playwright.sync_api import Page, expect
from support import count_rows, eventually, query

from local.system import System

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def refusal(system: System) -> Iterator[None]:
    """Have PostgreSQL refuse the API's reads during the test."""
    query(system, "REVOKE SELECT ON dummies FROM dummy_reader")
    yield
    query(system, "GRANT SELECT ON dummies TO dummy_reader")


def view(page: Page, name: str) -> None:
    """Go to a view by its link."""
    page.get_by_role("navigation").get_by_role("link", name=name).click()


def test_a_missing_right_is_no_outage_and_no_string_is_called_on_its_way(
    system: System,
    open_page: Open,
    refusal: None,  # noqa: ARG001
) -> None:
    before, text = count_rows(system), "stored though it cannot be seen"
    page = open_page("en-US")
    page.get_by_role("textbox").fill(text)
    page.get_by_role("textbox").press("Enter")
    row = page.get_by_role("listitem").filter(has_text=text)
    eventually(lambda: count_rows(system) == before + 1, within=20)
    expect(row).to_contain_text("Whether it is stored cannot be read at present.")
    strip = page.get_by_role("main").get_by_role("status").first
    expect(strip).to_have_text("Strings are getting through.")
    assert violations(page) == []
    view(page, "History")
    expect(page.get_by_text("The database refuses to be read. Strings are safe; an operator finds")).to_be_visible()
    expect(strip).to_have_text("Strings are getting through.")
    assert violations(page) == []
    query(system, "GRANT SELECT ON dummies TO dummy_reader")
    expect(page.get_by_text(text)).to_be_visible()
    view(page, "Send")
    expect(row).to_contain_text("Stored")
