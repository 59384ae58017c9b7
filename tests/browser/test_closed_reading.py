"""Where reading is closed, the page asks for the token once, and sends it with all that it reads."""

from __future__ import annotations

import pytest
from browsing import Open, violations
from playwright.sync_api import Page, Request, expect
from support import Client, count_rows, eventually

from local.system import System

pytestmark = pytest.mark.timeout(120)
TOKEN = "only-readers-have-this-token"
READS = ("/dummies/?", "/dummies/status")
LANGUAGES = pytest.mark.parametrize(
    ("locale", "label", "refused"),
    [("en-US", "Read token", "token is not valid"), ("ko-KR", "읽기 토큰", "토큰이 올바르지 않습니다")],
)


@pytest.fixture(scope="module")
def api_settings() -> dict[str, str]:
    """Reading is closed."""
    return {"READ_TOKEN": TOKEN}


def store(system: System, text: str) -> str:
    """Store a string, and return its id."""
    before = count_rows(system)
    with Client(base_url=system.api_url, timeout=20) as client:
        made = str(client.submit(text).raise_for_status().json()["id"])
    eventually(lambda: count_rows(system) > before, within=20)
    return made


def tokens(page: Page) -> list[tuple[str, str | None]]:
    """Return how each of the page's reads is asked from now on, which is by fetch in early.js, and with which token."""
    seen: list[tuple[str, str | None]] = []

    def note(request: Request) -> None:
        if any(part in request.url for part in READS) and request.method != "OPTIONS":
            seen.append((request.resource_type, request.headers.get("authorization")))

    page.on("request", note)
    return seen


def enter(page: Page, label: str, token: str) -> None:
    """Enter a token."""
    page.get_by_label(label).fill(token)
    page.get_by_label(label).press("Enter")


@LANGUAGES
def test_the_token_is_asked_for_once_and_kept_for_the_tab(
    open_page: Open, system: System, locale: str, label: str, refused: str
) -> None:
    at = store(system, "for readers only")
    page = open_page(locale, "#/history")
    expect(page.get_by_label(label)).to_be_visible()
    assert not violations(page)
    expect(page.get_by_text("for readers only")).to_have_count(0)
    enter(page, label, "wrong")
    expect(page.get_by_role("alert").filter(has_text=refused)).to_be_visible()
    expect(page.get_by_label(label)).to_be_focused()
    enter(page, label, TOKEN)
    expect(page.get_by_text("for readers only").first).to_be_visible()
    expect(page.get_by_label(label)).to_have_count(0)
    seen = tokens(page)
    page.reload()
    expect(page.get_by_text("for readers only").first).to_be_visible()
    expect(page.get_by_role("contentinfo")).to_be_visible()
    assert seen[0] == ("fetch", f"Bearer {TOKEN}")
    page.goto(page.url.split("#")[0] + f"#/string/{at}")
    expect(page.get_by_text("for readers only").first).to_be_visible()
    expect(page.get_by_label(label)).to_have_count(0)
    assert {token for _, token in seen} == {f"Bearer {TOKEN}"}


@LANGUAGES
def test_strings_are_sent_without_it_and_followed_with_it(
    open_page: Open, system: System, locale: str, label: str, refused: str
) -> None:
    before = count_rows(system)
    page = open_page(locale)
    box = page.get_by_role("textbox").first
    box.fill("sent by anyone")
    box.press("Enter")
    expect(page.get_by_label(label)).to_be_visible()
    eventually(lambda: count_rows(system) == before + 1, within=20)
    enter(page, label, "wrong")
    expect(page.get_by_role("alert").filter(has_text=refused)).to_be_visible()
    enter(page, label, TOKEN)
    stored = "Stored" if locale == "en-US" else "저장됨"
    expect(page.get_by_role("listitem").filter(has_text="sent by anyone")).to_contain_text(stored)
    expect(page.get_by_label(label)).to_have_count(0)
