"""The page on slow lines: whatever moves is waited for, and nothing is sent twice."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from browsing import Open, hold
from forwarding import Forwarder
from playwright.sync_api import Page, expect
from support import Client, eventually, query

from local.system import System

pytestmark = pytest.mark.timeout(180)
LONG = 64_000
"""Characters, one byte each."""
PATIENT = 90_000  # ms


@pytest.fixture(scope="module")
def line(site: str) -> Iterator[Forwarder]:
    """A line to the page's server; each test makes it slow once the page is open."""
    with Forwarder(urlsplit(site).port or 80) as opened:
        yield opened


@pytest.fixture
def open_slow(open_page: Open, line: Forwarder) -> Iterator[Open]:
    """Open the page over the line, with no slow direction yet; the line is fast again at the end."""

    def open_in(locale: str, address: str = "") -> Page:
        page = open_page(locale)
        page.goto(f"http://127.0.0.1:{line.port}/{address}")
        expect(page.get_by_text("Strings are getting through.")).to_be_visible()
        return page

    yield open_in
    line.up.rate = line.down.rate = float("inf")


def submissions(page: Page) -> list[str]:
    """Return the paths of what the page submits from now on, as it is sent."""
    sent: list[str] = []
    page.on("request", lambda request: request.method == "POST" and sent.append(urlsplit(request.url).path))
    return sent


def stored(system: System, like: str) -> int:
    """Return the number of rows whose text matches a pattern."""
    return query(system, "SELECT count(*) FROM dummies WHERE text LIKE %s", like)[0][0]


def test_a_long_string_is_sent_once_over_a_line_of_ten_kilobytes_a_second(
    system: System, open_slow: Open, line: Forwarder
) -> None:
    page = open_slow("en-US")
    sent = submissions(page)
    line.up.rate = 10_000
    page.get_by_role("textbox").fill(f"single {'x' * LONG}")
    page.get_by_role("textbox").press("Enter")
    row = page.get_by_role("main").get_by_role("listitem")
    expect(row).to_contain_text("Stored in", timeout=PATIENT)
    assert sent == ["/dummies/"]
    assert stored(system, "single x%") == 1


def test_lines_of_many_kilobytes_are_sent_once_over_a_line_of_twenty_kilobytes_a_second(
    system: System, open_slow: Open, line: Forwarder
) -> None:
    page = open_slow("en-US", "#/many")
    sent = submissions(page)
    line.up.rate = 20_000
    content = "\n".join(f"bulk {number} {'x' * LONG}" for number in range(6))
    page.locator("input[type=file]").set_input_files(
        [{"name": "long.txt", "mimeType": "text/plain", "buffer": content.encode()}]
    )
    page.get_by_role("button", name="Send 6 strings").click()
    expect(page.get_by_role("heading", name="All sent: 6 strings accepted")).to_be_visible(timeout=PATIENT)
    chunks = sent.count("/dummies/bulk")
    assert 1 <= chunks <= 6
    eventually(lambda: stored(system, "bulk % x%") == 6, within=20)


def test_the_history_of_long_strings_loads_at_two_hundred_kilobytes_a_second(
    system: System, open_slow: Open, line: Forwarder
) -> None:
    with Client(base_url=system.api_url, timeout=20) as client:
        for number in range(60):
            client.submit(f"history {number} {'x' * LONG}").raise_for_status()
    eventually(lambda: stored(system, "history % x%") == 60, within=20)
    page = open_slow("en-US")
    line.down.rate = 200_000
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("main").get_by_role("listitem").filter(has_text="history 59 xxx")).to_be_visible()


def test_the_page_opens_without_its_settings(open_page: Open, line: Forwarder) -> None:
    page = open_page("en-US")
    held = hold(page, "**/settings.json")
    page.goto(f"http://127.0.0.1:{line.port}/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_role("textbox").fill("before the settings")
    page.get_by_role("textbox").press("Enter")
    expect(page.get_by_role("main").get_by_role("listitem")).to_contain_text("Sending")
    for route in held:
        route.continue_()
    expect(page.get_by_role("main").get_by_role("listitem")).to_contain_text("Stored")
