"""The failed view: an operator retries and discards what PostgreSQL refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from browsing import Open, violations
from dead_letters import plant
from playwright.sync_api import Locator, Page, expect
from support import Client, eventually, query, redis_of

from local.system import Process, System

pytestmark = pytest.mark.timeout(120)
ODD = 'a deadlock, in "quotes"\nand on two lines'
TOKEN = "only-operators-have-this-token"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}
PLANT = "ALTER TABLE dummies ADD CONSTRAINT planted CHECK (text NOT LIKE '%%poison%%') NOT VALID"
CURE = "ALTER TABLE dummies DROP CONSTRAINT planted"


@pytest.fixture(scope="module")
def api_settings() -> dict[str, str]:
    """The API has an operator token."""
    return {"OPERATOR_TOKEN": TOKEN}


@pytest.fixture(scope="module")
def site(site: str) -> str:
    """The URL of the failed view."""
    return f"{site}#/failed"


@pytest.fixture
def poison(system: System) -> Iterator[Client]:
    """Make the database refuse some strings during the test; yield a client to submit them."""
    query(system, PLANT)
    with Client(base_url=system.api_url, timeout=20) as client:
        yield client
    if query(system, "SELECT 1 FROM pg_constraint WHERE conname = 'planted'"):
        query(system, CURE)


def dead_letter(client: Client, count: int, name: str) -> None:
    """Submit this many strings and wait until they are dead letters."""
    before = dead_letters(client)["total"]
    client.submit_all(f"{name} poison {number}" for number in range(count))
    eventually(lambda: dead_letters(client)["total"] == before + count, within=20)


def enter(page: Page) -> None:
    """Enter the operator token."""
    page.get_by_label("Operator token").fill(TOKEN)
    page.get_by_label("Operator token").press("Enter")
    expect(page.get_by_label("Search in texts and reasons")).to_be_visible()


def result(page: Page) -> Locator:
    """Return what the page says of the last operation."""
    return page.get_by_role("region", name="Retrying or discarding failed strings").get_by_role("status")


def discard_all(page: Page) -> None:
    """Discard all dead letters, for the next test."""
    page.get_by_role("button", name="Discard all").click()
    page.get_by_label("Reason", exact=True).fill("the test is over")
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(page.get_by_text("No string has failed.")).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "label", "refused", "forget", "empty"),
    [
        ("en-US", "Operator token", "token is not valid", "Forget token", "No string has failed."),
        ("ko-KR", "운영자 토큰", "토큰이 올바르지 않습니다", "토큰 지우기", "실패한 문자열이 없습니다."),
    ],
)
def test_a_wrong_token_is_refused_and_the_right_one_kept_for_the_tab(
    open_page: Open, locale: str, label: str, refused: str, forget: str, empty: str
) -> None:
    page = open_page(locale)
    field = page.get_by_label(label)
    refusals: list[str] = []
    page.on("response", lambda response: refusals.append(response.url) if response.status == 401 else None)
    for wrong in ("wrong", "토큰"):  # the second one cannot be in a header
        field.fill(wrong)
        field.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text(refused)
        expect(field).to_be_focused()
        expect(field).to_have_value(wrong)
        assert field.evaluate("field => field.selectionEnd - field.selectionStart") == len(wrong)
        assert violations(page) == []
    assert len(refusals) == 1  # each counts for the service, which slows down those who guess
    page.keyboard.insert_text(f"  {TOKEN}\n ")  # what is selected is replaced
    page.keyboard.press("Enter")
    expect(page.get_by_text(empty)).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert violations(page) == []
    page.reload()
    expect(page.get_by_text(empty)).to_be_visible()
    assert TOKEN not in page.evaluate("JSON.stringify(localStorage)")
    page.get_by_role("button", name=forget).click()
    expect(field).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.reload()
    expect(field).to_be_visible()


def test_one_is_discarded_with_a_reason_and_another_stored_once_the_cause_is_gone(
    system: System, open_page: Open, poison: Client
) -> None:
    dead_letter(poison, 3, "single")
    page = open_page("en-US")
    enter(page)
    expect(page.get_by_role("heading", name="3 strings failed")).to_be_visible()
    page.get_by_label("Search in texts and reasons").fill("poison 1")
    row = page.get_by_role("listitem").filter(has_text="single poison")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("planted")
    expect(row).to_contain_text("attempt")

    row.get_by_role("button", name="Discard").click()
    dialog = page.get_by_role("dialog", name="Discard 1 string for good?")
    expect(dialog.get_by_label("Reason", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(row.get_by_role("button", name="Discard")).to_be_focused()
    row.get_by_role("button", name="Discard").click()
    dialog.get_by_role("button", name="Discard").click()
    expect(dialog.get_by_role("alert")).to_have_text("Enter a reason for the log.")
    assert violations(page) == []
    dialog.get_by_label("Reason", exact=True).fill("sent by mistake")
    dialog.get_by_role("button", name="Discard").click()
    expect(result(page)).to_be_focused()
    expect(result(page)).to_have_text("1 string discarded.")
    expect(page.get_by_text("No failed string contains this.")).to_be_visible()
    page.get_by_role("button", name="Close").click()

    query(system, CURE)
    page.get_by_label("Search in texts and reasons").fill("poison 2")
    row.get_by_role("button", name="Retry").click()
    expect(result(page)).to_be_focused()
    expect(result(page)).to_have_text("1 string retried.")
    eventually(lambda: stored(system, "single") == ["single poison 2"], within=20)
    page.get_by_label("Search in texts and reasons").fill("")
    expect(page.get_by_role("heading", name="1 string failed")).to_be_visible()
    discard_all(page)


def test_all_that_match_are_retried_and_others_are_left(system: System, open_page: Open, poison: Client) -> None:
    dead_letter(poison, 120, "bulk")
    dead_letter(poison, 2, "other")
    page = open_page("en-US")
    enter(page)
    expect(page.get_by_role("heading", name="of 122 strings shown")).to_be_visible()
    page.get_by_role("button", name="Show more").click()
    page.get_by_label("Search in texts and reasons").fill("bulk")
    expect(page.get_by_role("heading", name="shown; there may be more below")).to_be_visible()
    more, end = page.get_by_role("button", name="Show more"), page.get_by_role("heading", name="120 strings match")
    while not end.is_visible():
        expect(more.or_(end)).to_be_visible()
        if more.is_visible():
            more.click()
    expect(page.get_by_role("list").filter(has_text="bulk poison")).to_be_focused()

    query(system, CURE)
    page.get_by_role("button", name="Retry all that match").click()
    dialog = page.get_by_role("dialog", name="Retry all failed strings that contain “bulk”?")
    expect(dialog).to_contain_text("120 strings at present.")
    dialog.get_by_role("button", name="Retry").click()
    expect(result(page)).to_have_text("120 strings retried.")
    assert violations(page) == []
    expected = sorted(f"bulk poison {number}" for number in range(120))
    eventually(lambda: stored(system, "bulk") == expected, within=20)

    page.get_by_label("Search in texts and reasons").fill("")
    expect(page.get_by_role("heading", name="2 strings failed")).to_be_visible()
    page.get_by_role("checkbox", name="Select all that are shown").check()
    page.get_by_role("button", name="Retry 2 strings").click()
    page.get_by_role("dialog", name="Retry 2 strings?").get_by_role("button", name="Retry").click()
    expect(page.get_by_text("No string has failed.")).to_be_visible()
    eventually(lambda: len(stored(system, "other")) == 2, within=20)


def test_a_whole_reason_is_looked_at_and_discarded(system: System, open_page: Open, poison: Client) -> None:
    dead_letter(poison, 3, "mine")
    with redis_of(system) as redis:
        plant(redis, 4, ODD, "theirs")
        plant(redis, 1, "value too long")
    page = open_page("en-US")
    enter(page)
    expect(page.locator("summary")).to_have_text("By reason (3)")
    groups = page.locator("details").get_by_role("listitem")
    expect(groups).to_have_count(3)
    expect(groups.first).to_contain_text(re.compile("4.*Retry"))
    assert violations(page) == []
    groups.first.get_by_role("button", name="deadlock").click()
    expect(page.get_by_role("heading", name="4 strings match")).to_be_visible()
    groups.first.get_by_role("button", name="Discard").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("4 strings at present.")
    dialog.get_by_label("Reason", exact=True).fill("not ours")
    dialog.get_by_role("button", name="Discard").click()
    expect(result(page)).to_have_text("4 strings discarded.")
    expect(groups).to_have_count(2)
    page.get_by_label("Search in texts and reasons").fill("")
    expect(page.get_by_role("heading", name="4 strings failed")).to_be_visible()
    discard_all(page)


def test_the_list_follows_what_fails_and_what_others_do_but_not_while_one_selects(
    open_page: Open, poison: Client
) -> None:
    page = open_page("en-US")
    enter(page)
    expect(page.get_by_text("No string has failed.")).to_be_visible()
    dead_letter(poison, 2, "early")
    expect(page.get_by_role("heading", name="2 strings failed")).to_be_visible()

    row = page.get_by_role("listitem").filter(has_text="early poison 0")
    row.get_by_role("checkbox").check()
    first = dead_letters(poison, "early poison 0")["items"][0]["id"]
    poison.delete(f"/dummies/{first}", params={"reason": "gone"}, headers=OPERATOR).raise_for_status()
    expect(page.get_by_text("The list has changed.")).to_be_visible()
    assert violations(page) == []
    expect(row).to_be_visible()
    row.get_by_role("button", name="Retry").click()
    expect(result(page)).to_contain_text("0 strings retried. 1 string skipped: already handled")
    expect(page.get_by_role("heading", name="1 string failed")).to_be_visible()
    expect(page.get_by_text("The list has changed.")).to_have_count(0)
    discard_all(page)


def test_a_retry_whose_cause_is_not_gone_leaves_the_list_as_the_service_has_it(open_page: Open, poison: Client) -> None:
    dead_letter(poison, 1, "stubborn")
    page = open_page("en-US")
    enter(page)
    page.get_by_role("listitem").get_by_role("button", name="Retry").click()
    expect(result(page)).to_have_text("1 string retried.")
    eventually(lambda: dead_letters(poison)["total"] == 1, within=20)
    expect(page.get_by_role("heading", name="1 string failed")).to_be_visible()
    expect(page.get_by_text("No string has failed.")).to_have_count(0)

    dead_letter(poison, 39, "stubborn too")
    expect(page.get_by_role("heading", name="40 strings failed")).to_be_visible()
    page.get_by_role("button", name="Retry all").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    expect(result(page)).to_have_text("40 strings retried.")
    eventually(lambda: dead_letters(poison)["total"] == 40, within=20)
    expect(page.get_by_role("heading", name="40 strings failed")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="stubborn")).to_have_count(40)
    discard_all(page)


def test_one_that_another_operator_discards_while_another_fails_leaves_the_list(
    open_page: Open, poison: Client
) -> None:
    dead_letter(poison, 2, "first")
    page = open_page("en-US")
    enter(page)
    expect(page.get_by_role("heading", name="2 strings failed")).to_be_visible()
    page.context.set_offline(True)  # the page sees the same number before and after
    gone = dead_letters(poison, "first poison 0")["items"][0]["id"]
    poison.delete(f"/dummies/{gone}", params={"reason": "gone"}, headers=OPERATOR).raise_for_status()
    dead_letter(poison, 1, "second")
    page.context.set_offline(False)
    rows = page.get_by_role("listitem")
    expect(rows.filter(has_text="second poison 0")).to_be_visible()
    expect(rows.filter(has_text="first poison 0")).to_have_count(0)
    discard_all(page)


def test_a_string_belongs_to_the_failed_ones_as_long_as_it_is(system: System, open_page: Open, poison: Client) -> None:
    dead_letter(poison, 1, "lonely")
    page = open_page("en-US")
    enter(page)
    page.get_by_role("link", name="Details").click()
    views = page.get_by_role("navigation")
    expect(views.locator("[aria-current]")).to_contain_text("Failed")
    back = page.get_by_role("main").get_by_role("link", name="Failed", exact=True)
    expect(back).to_be_visible()
    back.click()
    expect(page.get_by_role("heading", name="Failed strings", level=1)).to_be_focused()

    query(system, CURE)
    page.get_by_role("listitem").get_by_role("button", name="Retry").click()
    eventually(lambda: stored(system, "lonely") == ["lonely poison 0"], within=20)
    expect(page.get_by_text("No string has failed.")).to_be_visible()
    page.go_back()
    expect(views.locator("[aria-current]")).to_have_text("History")
    expect(page.get_by_role("main").get_by_role("link", name="History")).to_be_visible()


def test_an_outage_and_a_service_without_operator_token_are_explained(
    system: System, api: Process, open_page: Open
) -> None:
    page = open_page("en-US")
    system.redis.kill()
    page.get_by_label("Operator token").fill(TOKEN)
    page.get_by_label("Operator token").press("Enter")
    expect(page.get_by_text("Will retry: the journal does not answer.")).to_be_visible()
    assert violations(page) == []
    system.redis.start()
    expect(page.get_by_text("Will retry")).to_have_count(0)
    expect(page.get_by_text("No string has failed.")).to_be_visible()

    api.kill()
    without = system.start_api(workers=1)
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("without an OPERATOR_TOKEN")
    assert violations(page) == []
    without.stop()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Will retry: the service does not answer.")).to_be_visible()


def dead_letters(client: Client, containing: str = "") -> dict[str, Any]:
    """Return the first page of dead letters."""
    return client.get("/dummies/failed", params={"q": containing}, headers=OPERATOR).raise_for_status().json()


def stored(system: System, name: str) -> list[str]:
    """Return the texts of the rows with this name, in order."""
    return [
        text
        for (text,) in query(
            system, 'SELECT text FROM dummies WHERE text LIKE %s ORDER BY text COLLATE "C"', f"{name} %"
        )
    ]
