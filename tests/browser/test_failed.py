"""The failed view: an operator retries and discards what PostgreSQL refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from browsing import Open, violations
from playwright.sync_api import Page, expect
from support import Client, eventually, query

from local.system import Process, System

pytestmark = pytest.mark.timeout(120)
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


def discard_all(page: Page) -> None:
    """Discard all dead letters, for the next test."""
    page.get_by_role("button", name="Discard all").click()
    page.get_by_label("Reason", exact=True).fill("the test is over")
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(page.get_by_text("No string has failed.")).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "label", "refused", "forget", "empty"),
    [
        ("en-US", "Operator token", "does not take this token", "Forget token", "No string has failed."),
        ("ko-KR", "운영자 토큰", "이 토큰을 받지 않습니다", "토큰 지우기", "실패한 문자열이 없습니다."),
    ],
)
def test_a_wrong_token_is_refused_and_the_right_one_kept_for_the_tab(
    open_page: Open, locale: str, label: str, refused: str, forget: str, empty: str
) -> None:
    page = open_page(locale)
    field = page.get_by_label(label)
    for wrong in ("wrong", "토큰"):  # the second one cannot be in a header
        field.fill(wrong)
        field.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text(refused)
        expect(field).to_be_focused()
        expect(field).to_have_value(wrong)
        assert field.evaluate("field => field.selectionEnd - field.selectionStart") == len(wrong)
        assert violations(page) == []
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
    dialog.get_by_role("button", name="Discard 1 string").click()
    expect(dialog.get_by_role("alert")).to_have_text("Say why, for the log.")
    assert violations(page) == []
    dialog.get_by_label("Reason", exact=True).fill("sent by mistake")
    dialog.get_by_role("button", name="Discard 1 string").click()
    expect(page.get_by_role("heading", name="1 string discarded.")).to_be_focused()
    expect(page.get_by_text("No failed string contains this.")).to_be_visible()
    page.get_by_role("button", name="Close").click()

    query(system, CURE)
    page.get_by_label("Search in texts and reasons").fill("poison 2")
    row.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("heading", name="1 string is on the way to the database again.")).to_be_focused()
    eventually(lambda: stored(system, "single") == ["single poison 2"], within=20)
    page.get_by_label("Search in texts and reasons").fill("")
    expect(page.get_by_role("heading", name="1 string failed")).to_be_visible()
    discard_all(page)


def test_all_that_match_are_retried_and_those_handled_by_another_operator_are_counted_separately(
    system: System, open_page: Open, poison: Client
) -> None:
    dead_letter(poison, 230, "bulk")
    dead_letter(poison, 2, "other")
    page = open_page("en-US")
    enter(page)
    expect(page.get_by_role("heading", name="of 232 strings shown")).to_be_visible()
    page.get_by_role("button", name="Show more").click()
    assert violations(page) == []
    page.get_by_label("Search in texts and reasons").fill("bulk")
    page.get_by_role("button", name="Retry all that match").click()
    dialog = page.get_by_role("dialog", name="Retry 230 strings?")
    expect(dialog).to_be_visible()

    query(system, CURE)
    taken = dead_letters(poison, "bulk poison 77")["items"][0]["id"]
    poison.post(f"/dummies/{taken}/retry", headers=OPERATOR).raise_for_status()
    dialog.get_by_role("button", name="Retry 230 strings").click()
    result = page.get_by_role("heading", name="229 strings are on the way to the database again.")
    expect(result).to_be_focused()
    expect(result).to_contain_text("1 string had already been handled.")
    assert violations(page) == []
    expected = sorted(f"bulk poison {number}" for number in range(230))
    eventually(lambda: stored(system, "bulk") == expected, within=20)

    page.get_by_label("Search in texts and reasons").fill("")
    expect(page.get_by_role("heading", name="2 strings failed")).to_be_visible()
    page.get_by_role("checkbox", name="Select all that are shown").check()
    page.get_by_role("button", name="Retry 2 strings").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry 2 strings").click()
    expect(page.get_by_text("No string has failed.")).to_be_visible()
    eventually(lambda: len(stored(system, "other")) == 2, within=20)


def test_an_outage_and_a_service_without_operator_token_are_explained(
    system: System, api: Process, open_page: Open
) -> None:
    page = open_page("en-US")
    system.redis.kill()
    page.get_by_label("Operator token").fill(TOKEN)
    page.get_by_label("Operator token").press("Enter")
    expect(page.get_by_text("Trying again soon: the journal does not answer.")).to_be_visible()
    assert violations(page) == []
    system.redis.start()
    expect(page.get_by_text("Trying again soon")).to_have_count(0)
    expect(page.get_by_text("No string has failed.")).to_be_visible()

    api.kill()
    without = system.start_api(workers=1)
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("without an OPERATOR_TOKEN")
    assert violations(page) == []
    without.stop()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Trying again soon: the service does not answer.")).to_be_visible()


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
