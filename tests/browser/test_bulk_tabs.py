"""Bulk submission when answers are late, lines are refused, and two tabs send: the receipt counts what is stored."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsing import HOST, Open, violations
from playwright.sync_api import BrowserContext, Page, Route, expect
from support import eventually, query

from local.system import System

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def api_settings() -> dict[str, str]:
    """The API refuses lines that the page believes to be short enough."""
    return {"MAX_TEXT_BYTES": "1000"}


@pytest.fixture(scope="module")
def site(site: str) -> str:
    """The URL of the bulk view."""
    return f"{site}#/many"


@pytest.fixture(scope="module")
def plain_site(site: str) -> str:
    """The URL of the bulk view over plain http at a host name, where there is no navigator.locks."""
    return site.replace("127.0.0.1", HOST)


class Held:
    """Answers to bulk requests that the browser gets only once they are released; the API has handled them."""

    def __init__(self, context: BrowserContext) -> None:
        self.ids: list[str] = []
        self._answers: list[Callable[[], None]] = []
        self._released = False
        context.route("**/dummies/bulk", self._hold)

    def _hold(self, route: Route) -> None:
        if self._released:
            return route.continue_()
        answer = route.fetch()
        self.ids += answer.json()["ids"]
        return self._answers.append(lambda: route.fulfill(response=answer))

    def __len__(self) -> int:
        return len(self._answers)

    def release(self) -> None:
        """Give the browser the answers that were held; hold no more."""
        self._released = True
        for answer in self._answers:
            answer()


def rows(system: System, like: str) -> list[str]:
    """Return the texts of all rows that match the pattern, sorted."""
    return [text for (text,) in query(system, "SELECT text FROM dummies WHERE text LIKE %s ORDER BY 1", like)]


def choose(page: Page, name: str, lines: list[str]) -> None:
    """Choose a file with these lines and send it."""
    content = "\n".join(lines).encode()
    page.locator("input[type=file]").set_input_files([{"name": name, "mimeType": "text/plain", "buffer": content}])
    press(page, re.compile("^(Send the other|Send) "))


def press(page: Page, name: str | re.Pattern[str]) -> None:
    """Press the button with this name."""
    page.get_by_role("button", name=name).click()


def receipt(page: Page, folder: Path) -> list[dict[str, object]]:
    """Save the receipt; return its lines."""
    with page.expect_download() as download:
        press(page, "Save receipt as NDJSON")
    download.value.save_as(folder / "receipt.ndjson")
    return [json.loads(line) for line in (folder / "receipt.ndjson").read_text().splitlines()]


def count(page: Page, name: str) -> int:
    """Return a count of the receipt; one that is not shown is 0."""
    value = page.locator("dl div", has_text=name).locator("dd")
    return int(value.inner_text().replace(",", "")) if value.count() else 0


def test_two_tabs_without_locks_store_each_line_once_though_the_service_refuses_some(
    system: System, open_page: Open, plain_site: str, tmp_path: Path
) -> None:
    page = open_page("en-US")
    page.goto(plain_site)
    other = page.context.new_page()
    other.goto(plain_site)
    for each in (page, other):
        assert each.evaluate("isSecureContext") is False
    # each request is late, so that both tabs have the same chunks under way
    page.context.route("**/dummies/bulk", lambda route: (page.wait_for_timeout(300), route.continue_()))
    lines = [f"two tabs {number:04}" for number in range(6_000)]
    for refused in (7, 2_500, 5_999):
        lines[refused] += "x" * 1_000
    choose(page, "tabs.txt", lines)
    for each in (page, other):
        expect(each.get_by_role("heading", name="All sent: 5,997 strings accepted")).to_be_visible(timeout=60_000)
    eventually(lambda: len(rows(system, "two tabs %")) >= 5_997, within=20)
    stored = rows(system, "two tabs %")
    assert (len(stored), len(set(stored))) == (5_997, 5_997)
    saved = receipt(other, tmp_path)
    assert [row["line"] for row in saved if "refused" in row] == [8, 2_501, 6_000]
    ids = {id_ for (id_,) in query(system, "SELECT id::text FROM dummies WHERE text LIKE 'two tabs %%'")}
    assert {row["id"] for row in saved if "id" in row} == ids


def test_a_cancelled_batch_counts_what_was_under_way_once_its_answers_are_there(
    system: System, open_page: Open, tmp_path: Path
) -> None:
    page = open_page("en-US")
    held = Held(page.context)
    choose(page, "cancel.txt", [f"late {number:05}" for number in range(8_000)])
    eventually(lambda: page.wait_for_timeout(50) or len(held) == 2, within=20)
    press(page, "Cancel")
    expect(page.get_by_role("heading", name="Finishing what is under way (4,000 strings)")).to_be_focused()
    assert violations(page) == []
    held.release()
    expect(page.get_by_role("heading", name="Cancelled: 4,000 strings")).to_be_visible()
    assert (count(page, "Accepted"), count(page, "Not sent")) == (4_000, 4_000)
    eventually(lambda: len(rows(system, "late %")) == 4_000, within=20)
    assert len(receipt(page, tmp_path)) == 4_000
    assert violations(page) == []

    press(page, "Done")  # asks, because of what was not sent
    expect(page.get_by_text("Not sent, and deleted from this browser: 4,000 strings.")).to_be_visible()
    press(page, "Keep")
    press(page, "Send the remaining 4,000 strings")
    expect(page.get_by_role("heading", name="All sent: 8,000 strings accepted")).to_be_visible()
    eventually(lambda: len(rows(system, "late %")) == 8_000, within=20)
    press(page, "Done")  # asks, because the receipt has grown since it was saved
    expect(page.get_by_text("The receipt has not been saved.")).to_be_visible()
    press(page, "Keep")
    receipt(page, tmp_path)
    press(page, "Done")
    expect(page.get_by_label("Lines")).to_be_focused()


def test_a_batch_is_paused_once_what_was_under_way_is_counted_also_after_a_reload(
    system: System, open_page: Open
) -> None:
    page = open_page("en-US")
    held = Held(page.context)
    choose(page, "pause.txt", [f"paused {number:05} {'x' * 20}" for number in range(8_000)])
    eventually(lambda: page.wait_for_timeout(50) or len(held) == 2, within=20)
    press(page, "Pause")
    unsettled = re.compile(r"^Pausing\. It is not known yet whether [\d,]+ strings were accepted\.")
    expect(page.get_by_text(unsettled)).to_be_visible()
    expect(page.get_by_text("You may leave or reload the page")).to_have_count(0)
    assert violations(page) == []
    page.context.set_offline(True)
    expect(page.get_by_text(re.compile(unsettled.pattern + " Will retry"))).to_be_visible(timeout=20_000)
    page.context.set_offline(False)
    page.reload()
    expect(page.get_by_text(unsettled)).to_be_visible()
    held.release()
    expect(page.get_by_text("Paused.", exact=True)).to_be_visible(timeout=30_000)
    known = len(set(held.ids))
    expect(page.get_by_text(f"{known:,} of 8,000 strings accepted")).to_be_visible()
    eventually(lambda: len(rows(system, "paused %")) == known, within=20)
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_text(f"{known:,} of 8,000 strings accepted")).to_be_visible()
    press(other, "Resume")
    for each in (page, other):
        expect(each.get_by_role("heading", name="All sent: 8,000 strings accepted")).to_be_visible(timeout=30_000)
    eventually(lambda: len(rows(system, "paused %")) == 8_000, within=20)


@pytest.fixture
def poison(system: System) -> Iterator[None]:
    """Make the database refuse some strings during the test."""
    query(system, "ALTER TABLE dummies ADD CONSTRAINT planted CHECK (text NOT LIKE '%%poison%%') NOT VALID")
    yield
    query(system, "ALTER TABLE dummies DROP CONSTRAINT planted")


@pytest.mark.usefixtures("poison")
def test_strings_that_the_database_refuses_are_counted_as_failed(open_page: Open) -> None:
    page = open_page("en-US")
    choose(page, "poison.txt", [f"{'poison' if number % 2 else 'sound'} {number}" for number in range(40)])
    expect(page.get_by_text("20 stored, 20 failed", exact=True)).to_be_visible()
    expect(page.get_by_text("All of them are stored.")).to_have_count(0)
    assert violations(page) == []
    page.reload()
    expect(page.get_by_text("20 stored, 20 failed", exact=True)).to_be_visible()
    page.get_by_role("link", name="See the failed strings").click()
    expect(page.get_by_role("heading", name="Failed", level=1)).to_be_visible()


def test_a_late_answer_counts_for_its_own_batch_only(system: System, open_page: Open) -> None:
    page = open_page("en-US")
    held = Held(page.context)
    choose(page, "ghost.txt", [f"ghost {number:04}" for number in range(2_000)])
    eventually(lambda: page.wait_for_timeout(50) or len(held) == 1, within=20)
    press(page, "Cancel")
    press(page, "Do not wait")
    expect(page.get_by_role("heading", name="Cancelled: 0 strings")).to_be_focused()
    assert count(page, "Outcome unknown") == 2_000
    press(page, "Done")
    expect(page.get_by_text("Accepted or not, you can no longer find out: 2,000 strings.")).to_be_visible()
    assert violations(page) == []
    press(page, "Delete")
    choose(page, "next.txt", ["after one", "after two", "after three"])
    eventually(lambda: page.wait_for_timeout(50) or len(held) == 2, within=20)
    held.release()
    expect(page.get_by_role("heading", name="All sent: 3 strings accepted")).to_be_visible()
    eventually(lambda: len(rows(system, "after %")) == 3, within=20)


@pytest.mark.parametrize("status", [404, 405, 501])
def test_an_older_service_that_cannot_say_what_became_of_strings_makes_the_page_claim_nothing(
    system: System, open_page: Open, status: int
) -> None:
    page = open_page("en-US")
    asked: list[Route] = []
    page.route("**/dummies/status", lambda route: (asked.append(route), route.fulfill(status=status, body="")))
    choose(page, "older.txt", [f"older {status} {number}" for number in range(3)])
    expect(page.get_by_role("heading", name="All sent: 3 strings accepted")).to_be_visible()
    eventually(lambda: page.wait_for_timeout(50) or (asked and len(rows(system, f"older {status} %")) == 3), within=20)
    expect(page.get_by_text("3 not confirmed yet", exact=True)).to_be_visible()
    for claim in (re.compile("[0-9] stored"), "All of them are stored."):
        expect(page.get_by_text(claim)).to_have_count(0)
    page.unroute("**/dummies/status")  # it is rolled out later
    expect(page.get_by_text("All of them are stored.")).to_be_visible()


def test_a_long_text_that_is_dropped_is_added_to_the_lines_and_never_gets_into_the_field(open_page: Open) -> None:
    page = open_page("en-US")
    page.get_by_label("Lines").fill("dropped first")
    transfer = page.evaluate_handle("""() => {
        const data = new DataTransfer();
        data.setData("text/plain", "dropped\\n".repeat(20_000));
        return data;
    }""")
    page.locator("form").dispatch_event("drop", {"dataTransfer": transfer})
    expect(page.get_by_text("Your text: 20,001 lines")).to_be_visible()
    assert page.locator("textarea").count() == 0
    assert violations(page) == []


def test_the_browser_asks_before_lines_that_only_this_page_has_are_lost(open_page: Open) -> None:
    page = open_page("en-US")
    page.add_init_script("IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError') }")
    page.reload()
    page.context.route("**/dummies/bulk", lambda route: route.abort())
    choose(page, "asked.txt", ["asked one", "asked two"])
    expect(page.get_by_text("Will retry")).to_be_visible()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    eventually(lambda: page.wait_for_timeout(50) or asked == ["beforeunload"], within=20)
    assert not page.is_closed()
    press(page, "Cancel")
    press(page, "Do not wait")
    press(page, "Done")
    press(page, "Delete")
    expect(page.get_by_label("Lines")).to_be_visible()
    with page.expect_event("close"):
        page.close(run_before_unload=True)
    assert asked == ["beforeunload"]


def test_typed_lines_are_not_offered_as_unsent_by_a_duplicate_of_the_tab_that_sent_them(
    system: System, open_page: Open
) -> None:
    """A duplicate has a copy of the tab's storage, from before anything was sent; so has a restored one."""
    page = open_page("en-US")
    page.get_by_label("Lines").fill("\n".join(f"twice {number}" for number in range(20)))
    duplicates = []
    for _ in range(2):
        with page.context.expect_page() as opened:
            page.evaluate("window.open(location.href)")
        duplicates.append(opened.value)
    field, review = duplicates
    expect(field.get_by_label("Lines")).to_have_value(re.compile("twice 19"))
    press(review, "Review")
    expect(review.get_by_role("button", name="Send 20 strings")).to_be_visible()
    copy = field.evaluate("Object.entries(sessionStorage)")
    press(page, "Review")
    press(page, "Send 20 strings")
    for tab in (page, field, review):
        expect(tab.get_by_role("heading", name="All sent: 20 strings accepted")).to_be_visible()
        expect(tab.get_by_text("Your other lines are kept")).to_have_count(0)
    assert violations(field) == []
    press(page, "Done")
    press(page, "Delete")
    field.evaluate("copy => { for (const [name, value] of copy) sessionStorage.setItem(name, value) }", copy)
    field.reload()
    for tab in (page, field, review):
        expect(tab.get_by_label("Lines")).to_have_value("")
    eventually(lambda: len(rows(system, "twice %")) == 20, within=20)
