"""The page while the browser translates it, as Chrome does: every text, now and later, is replaced by one in <font>."""

from __future__ import annotations

import json

import pytest
from browsing import Open
from playwright.sync_api import Locator, Page, expect
from support import Client, query

from local.system import System

pytestmark = pytest.mark.timeout(120)
TOKEN = "only-operators-have-this-token"
VIEWS = ("#/", "#/many", "#/history", "#/failed", "#/string/6f1c2a9e-0000-4000-8000-000000000000")

# A translated text is the original between guillemets; Chrome leaves alone what says translate="no".
TRANSLATE = """
() => {
  const skipped = "font, script, style, textarea, [translate=no]";
  function translate(root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (const text of texts) {
      if (!text.data.trim() || !text.parentElement || text.parentElement.closest(skipped)) continue;
      const [outer, inner] = [document.createElement("font"), document.createElement("font")];
      inner.textContent = `«${text.data}»`;
      outer.append(inner);
      text.replaceWith(outer);
    }
  }
  document.documentElement.classList.add("translated-ltr");
  translate(document.body);
  new MutationObserver((records) => {
    for (const { target } of records) translate(target.nodeType === 3 ? target.parentNode ?? target : target);
  }).observe(document.body, { childList: true, characterData: true, subtree: true });
}
"""

# React marks the text nodes that it updates itself; a translator takes those out of the page.
LOOSE_TEXTS = """
() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const loose = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (Object.keys(node).some((key) => key.startsWith("__reactFiber$"))) loose.push(node.parentElement.outerHTML);
  }
  return loose;
}
"""


@pytest.fixture(scope="module")
def api_settings() -> dict[str, str]:
    """The API has an operator token."""
    return {"OPERATOR_TOKEN": TOKEN}


def first(page: Page) -> Locator:
    """Return the first string in the list."""
    return page.get_by_role("main").get_by_role("listitem").first


def send(page: Page, text: str) -> None:
    """Type a string and press Enter."""
    page.get_by_role("textbox").fill(text)
    page.get_by_role("textbox").press("Enter")


def test_every_state_of_a_string_is_shown_in_translation(system: System, open_page: Open) -> None:
    page = open_page("en-US")
    page.evaluate(TRANSLATE)
    system.postgres.stop()
    send(page, "what I typed")
    expect(first(page)).to_contain_text("«Queued»")
    expect(page.get_by_text("«The database is unreachable; strings are accepted and wait safely.»")).to_be_visible()
    expect(first(page)).to_contain_text("in line")
    system.postgres.start()
    expect(first(page)).to_contain_text("«Stored»")
    expect(first(page)).not_to_contain_text("Queued")
    expect(first(page)).not_to_contain_text("in line")
    expect(first(page).locator("[dir=auto]")).to_have_text("what I typed")
    expect(page.get_by_role("status").first).to_have_text("«Strings are getting through.»")
    page.route("**/dummies/", lambda route: route.abort())
    send(page, "not yet")
    expect(first(page)).to_contain_text("«Will retry:»")
    page.unroute("**/dummies/")
    expect(first(page)).to_contain_text("«Stored»")
    expect(first(page)).not_to_contain_text("Waiting")
    page.get_by_role("button", name="Clear finished").click()
    expect(page.get_by_text("«Nothing sent yet.»")).to_be_visible()


def test_elements_that_an_extension_has_moved_can_be_removed(open_page: Open) -> None:
    page = open_page("en-US")
    send(page, "moved")
    expect(first(page)).to_contain_text("Stored")
    page.route("**/dummies/", lambda route: route.abort())
    send(page, "stays")
    expect(first(page)).to_contain_text("Will retry:")
    moved = page.get_by_role("main").get_by_role("listitem").filter(has_text="moved")
    moved.evaluate("(row) => { const font = document.createElement('font'); row.replaceWith(font); font.append(row); }")
    page.get_by_role("button", name="Clear finished").click()
    expect(moved).to_have_count(0)
    expect(first(page)).to_contain_text("stays")


def test_a_switch_of_language_and_of_the_view_is_shown_in_translation(open_page: Open) -> None:
    page = open_page("en-US")
    page.evaluate(TRANSLATE)
    problem = json.dumps({"type": "urn:ix-dummies:problem:invalid-text", "detail": "No such strings."})
    answer = {"status": 422, "content_type": "application/problem+json", "body": problem}
    page.route("**/dummies/", lambda route: route.fulfill(**answer))
    send(page, "refused")
    expect(first(page)).to_contain_text("«Refused»")
    page.get_by_role("button", name="«Details»", exact=True).first.click()
    page.get_by_role("button", name="한국어").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("«문자열 보내기»")
    expect(page.get_by_role("main")).not_to_contain_text("Refused")
    for address in VIEWS:
        page.evaluate("(hash) => { location.hash = hash }", address)
        expect(page.get_by_role("heading", level=1)).to_contain_text("«")
    page.get_by_role("button", name="English").click()
    page.evaluate("location.hash = '#/'")
    expect(first(page)).to_contain_text("«Refused»")


def test_a_batch_is_shown_in_translation(open_page: Open) -> None:
    page = open_page("en-US", "#/many")
    page.evaluate(TRANSLATE)
    page.get_by_role("textbox").fill("one\n\ntwo\nthree")
    page.get_by_role("button", name="«Review").click()
    expect(page.get_by_role("heading", level=2)).to_contain_text("«")
    page.get_by_role("button", name="«Send 3").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("«All sent: 3 strings accepted»")
    expect(page.get_by_role("main")).not_to_contain_text("Send 3")


def test_stored_and_failed_strings_are_shown_in_translation(system: System, open_page: Open) -> None:
    query(system, "ALTER TABLE dummies ADD CHECK (text <> 'poison') NOT VALID")
    with Client(base_url=system.api_url, timeout=20) as client:
        client.submit_all(["kept", "poison"])
    page = open_page("en-US", "#/history")
    page.evaluate(TRANSLATE)
    page.evaluate("location.hash = '#/history?q=kept'")
    expect(page.get_by_role("link", name="kept")).to_be_visible()
    page.get_by_role("link", name="kept").click()
    expect(page.get_by_role("status").last).to_have_text("«Stored»« It is in the database, exactly once.»")
    page.evaluate("location.hash = '#/failed'")
    page.get_by_label("«Operator token»").fill(TOKEN)
    page.get_by_label("«Operator token»").press("Enter")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(1)
    page.get_by_role("checkbox", name="Select", exact=True).check()
    expect(page.get_by_text("«1 selected»")).to_be_visible()
    page.get_by_role("button", name="«Discard…»").click()
    page.get_by_label("«Reason»").fill("over")
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(page.get_by_text("«No string has failed.»")).to_be_visible()


@pytest.mark.parametrize("address", VIEWS)
def test_react_updates_no_text_node_itself(open_page: Open, address: str) -> None:
    page = open_page("ko-KR", address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_role("button", name="자세히", exact=True).click()
    assert page.evaluate(LOOSE_TEXTS) == []
