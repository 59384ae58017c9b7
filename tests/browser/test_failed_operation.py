"""Operations on many failed strings: they are seen from every view, and none ends without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browsing import Open, violations
from dead_letters import plant
from playwright.sync_api import Locator, Page, Route, expect
from redis import Redis
from support import Client, eventually, redis_of

from core.keys import KEYS
from local.system import Process, System

pytestmark = pytest.mark.timeout(180)
TOKEN = "only-operators-have-this-token"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}
MANY = 40_000
"""Dead letters that the service is busy with for a few seconds."""


@pytest.fixture(scope="module")
def api_settings() -> dict[str, str]:
    """The API has an operator token."""
    return {"OPERATOR_TOKEN": TOKEN}


@pytest.fixture
def redis(system: System) -> Iterator[Redis]:
    """The journal, without dead letters before and after."""
    with redis_of(system) as client:
        yield client
    with Client(base_url=system.api_url, timeout=60, headers=OPERATOR) as operators:
        body = {"reasons": "all", "why": "the test is over"}
        operators.post("/dummies/failed/discard", json=body).raise_for_status()


def operator(open_page: Open) -> Page:
    """Open the failed view and enter the token."""
    page = open_page("en-US", "#/failed")
    page.get_by_label("Operator token").fill(TOKEN)
    page.get_by_label("Operator token").press("Enter")
    expect(page.get_by_role("button", name="all…").first).to_be_visible()
    return page


def begin(page: Page, button: str) -> None:
    """Press a button above the list and confirm."""
    page.get_by_role("button", name=button).click()
    dialog = page.get_by_role("dialog")
    if button.startswith("Discard"):
        dialog.get_by_label("Reason", exact=True).fill("a test of ours")
    dialog.locator("button[type=submit]").click()
    expect(dialog).to_have_count(0)


def line(page: Page) -> Locator:
    """Return the line about the operation, which every view has."""
    return page.get_by_role("region", name="Retrying or discarding failed strings")


def result(page: Page) -> Locator:
    """Return what the line says of the state and the result."""
    return line(page).get_by_role("status")


def do_the_rest(page: Page) -> None:
    """Continue the operation, and confirm it again."""
    line(page).get_by_role("button", name="Do the rest").click()
    page.get_by_role("dialog").locator("button[type=submit]").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def refuse_token(page: Page, requests: str) -> None:
    """Answer such requests like a service with another token."""
    body = '{"type": "urn:ix-dummies:problem:operator-only", "title": "", "status": 401, "detail": ""}'
    page.route(requests, lambda route: route.fulfill(status=401, body=body, content_type="application/problem+json"))


def hold(page: Page, count: int = 1) -> list[Route]:
    """Confirm a retry of all, and keep the requests from the service."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route("**/retry", keep)
    begin(page, "Retry all")

    def pump() -> bool:
        page.wait_for_timeout(50)
        return len(held) >= count

    eventually(pump, within=20)
    return held


def release(page: Page, held: list[Route]) -> None:
    """Let the service have the requests, and all that follow."""
    for each in held:
        each.continue_()
    page.unroute("**/retry")


def test_a_retry_goes_on_while_other_views_are_open_and_its_result_waits(open_page: Open, redis: Redis) -> None:
    plant(redis, 30)
    page = operator(open_page)
    held = hold(page)
    page.get_by_role("navigation").get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", name="History")).to_be_focused()
    release(page, held)
    eventually(lambda: redis.hlen(KEYS.failed) == 0, within=20)
    expect(result(page)).to_have_text("30 strings retried.")
    expect(page.get_by_role("heading", name="History")).to_be_focused()
    assert violations(page) == []

    line(page).get_by_role("link", name="Failed").click()
    expect(page.get_by_text("No string has failed.")).to_be_visible()
    expect(result(page)).to_have_text("30 strings retried.")
    line(page).get_by_role("button", name="Close").click()
    expect(line(page)).to_have_count(0)
    expect(page.get_by_role("heading", name="Failed strings", level=1)).to_be_focused()


def test_a_reload_asks_first_and_afterwards_the_rest_can_be_done(open_page: Open, redis: Redis) -> None:
    plant(redis, 30)
    page = operator(open_page)
    hold(page)
    expect(result(page)).to_be_focused()
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    page.unroute("**/retry")
    assert asked == ["beforeunload"]
    expect(result(page)).to_contain_text("The tab was reloaded or closed before it was done. 0 strings retried.")
    expect(result(page)).to_contain_text("More may be done than was counted")
    assert violations(page) == []
    do_the_rest(page)
    expect(result(page)).to_contain_text("retried. More may be done")
    eventually(lambda: redis.hlen(KEYS.failed) == 0, within=20)
    page.reload()
    expect(result(page)).to_contain_text("retried. More may be done")
    assert len(asked) == 1


def test_a_discard_whose_api_is_killed_says_what_it_waits_for_and_then_does_the_rest(
    system: System, api: Process, api_settings: dict[str, str], open_page: Open, redis: Redis
) -> None:
    plant(redis, MANY)
    page = operator(open_page)
    begin(page, "Discard all")
    eventually(lambda: 0 < redis.hlen(KEYS.failed) < MANY, within=20)
    api.kill()
    assert redis.hlen(KEYS.failed) > 0
    expect(result(page)).to_contain_text("Will retry: the service does not answer.")
    assert violations(page) == []
    system.start_api(api_settings)
    expect(result(page)).to_contain_text("discarded. More may be done than was counted")
    assert redis.hlen(KEYS.failed) == 0
    expect(page.get_by_text("No string has failed.")).to_be_visible()


def test_two_tabs_share_the_work_and_together_count_each_string_once(open_page: Open, redis: Redis) -> None:
    plant(redis, MANY)
    pages = [operator(open_page), operator(open_page)]
    for page in pages:
        begin(page, "Discard all")
    done = 0
    for page in pages:
        expect(result(page)).to_contain_text("discarded.")
        done += int(result(page).inner_text().split(" string")[0].replace(",", ""))
    assert done == MANY
    assert redis.hlen(KEYS.failed) == 0


def test_a_stopped_one_says_what_is_left_and_does_the_rest(open_page: Open, redis: Redis) -> None:
    plant(redis, MANY)
    page = operator(open_page)
    begin(page, "Discard all")
    line(page).get_by_role("button", name="Stop").click()
    expect(result(page)).to_contain_text("Stopped.")
    expect(result(page)).to_be_focused()
    assert redis.hlen(KEYS.failed) > 0
    do_the_rest(page)
    expect(line(page).get_by_role("button", name="Close")).to_be_visible()
    expect(result(page)).not_to_contain_text("Stopped.")
    assert redis.hlen(KEYS.failed) == 0


def test_a_token_that_is_refused_ends_it_and_says_so(open_page: Open, redis: Redis) -> None:
    plant(redis, 3)
    page = operator(open_page)
    refuse_token(page, "**/retry")
    begin(page, "Retry all")
    expect(result(page)).to_contain_text("operator token is no longer valid")
    expect(result(page)).to_contain_text("0 strings retried.")
    page.unroute("**/retry")
    do_the_rest(page)
    expect(result(page)).to_have_text("3 strings retried.")


def test_the_rest_is_confirmed_again_because_more_may_have_failed_since(open_page: Open, redis: Redis) -> None:
    plant(redis, 3)
    page = operator(open_page)
    refuse_token(page, "**/discard")
    begin(page, "Discard all")
    rest = line(page).get_by_role("button", name="Do the rest")
    expect(rest).to_be_visible()
    page.unroute("**/discard")
    plant(redis, 5)
    rest.click()
    dialog = page.get_by_role("dialog", name="Discard all failed strings for good?")
    expect(dialog).to_contain_text("8 strings at present.")
    expect(dialog.get_by_label("Reason", exact=True)).to_have_value("a test of ours")
    assert violations(page) == []
    dialog.get_by_role("button", name="Cancel").click()
    expect(rest).to_be_focused()
    assert redis.hlen(KEYS.failed) == 8
    do_the_rest(page)
    expect(result(page)).to_be_focused()
    expect(result(page)).to_have_text("8 strings discarded.")


def test_a_question_says_how_many_there_are_while_it_is_open(open_page: Open, redis: Redis) -> None:
    plant(redis, 30)
    page = operator(open_page)
    expect(page.get_by_role("heading", name="30 strings failed")).to_be_visible()
    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")  # the rows are read: they do not move
    plant(redis, 70)
    expect(page.get_by_text("The list has changed.")).to_be_attached()
    expect(page.get_by_role("heading", name="30 of 100 strings shown")).to_be_attached()
    page.get_by_role("button", name="Discard all").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("100 strings at present.")
    assert violations(page) == []
    plant(redis, 50)
    expect(dialog).to_contain_text("150 strings at present.")
    dialog.get_by_role("button", name="Cancel").click()

    page.locator("summary").click()
    page.locator("details").get_by_role("button", name="Discard").click()
    expect(dialog).to_contain_text("150 strings at present.")
    plant(redis, 50)
    expect(dialog).to_contain_text("200 strings at present.")
    dialog.get_by_role("button", name="Cancel").click()

    page.get_by_label("Search in texts and reasons").fill("text 7")
    expect(page.get_by_role("heading", name=re.compile("strings match$"))).to_be_visible()
    page.get_by_role("button", name="Discard all that match").click()
    expect(dialog).to_contain_text("at present.")
    plant(redis, 10)
    expect(dialog).not_to_contain_text("at present.")


def test_a_question_about_a_group_that_is_not_counted_to_its_end_has_no_number(open_page: Open, redis: Redis) -> None:
    plant(redis, 30)

    def count_ten(route: Route) -> None:
        answer = route.fetch().json()
        group = {**answer["items"][0], "count": 10}
        route.fulfill(json={**answer, "items": [group], "looked_at": 10, "next_cursor": "1"})

    page = open_page("en-US", "#/failed")
    page.route("**/dummies/failed/reasons*", count_ten)
    page.get_by_label("Operator token").fill(TOKEN)
    page.get_by_label("Operator token").press("Enter")
    page.locator("summary").click()
    expect(page.get_by_text("10 of 30 strings counted.")).to_be_visible()
    page.locator("details").get_by_role("button", name="Discard").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Those that fail meanwhile may be included.")
    expect(dialog).not_to_contain_text("at present")


def test_a_duplicate_of_the_tab_leaves_the_operation_to_the_original(open_page: Open, redis: Redis) -> None:
    plant(redis, 30)
    page = operator(open_page)
    held = hold(page)
    with page.context.expect_page() as opened:
        page.evaluate("void window.open(location.href)")
    duplicate = opened.value
    # it has the copied token
    expect(duplicate.get_by_role("heading", name="30 strings failed")).to_be_visible()
    expect(line(duplicate)).to_have_count(0)
    expect(result(page)).to_have_text("Retrying all failed strings…")
    duplicate.reload()
    expect(duplicate.get_by_role("heading", name="30 strings failed")).to_be_visible()
    expect(line(duplicate)).to_have_count(0)
    release(page, held)
    expect(result(page)).to_have_text("30 strings retried.")


def test_strings_whose_answers_were_lost_are_not_said_to_be_handled_by_others(open_page: Open, redis: Redis) -> None:
    plant(redis, 3)
    page = operator(open_page)
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.url in lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.fetch()
            route.abort("connectionreset")

    page.route("**/retry", lose)
    page.get_by_role("checkbox", name="Select all that are shown").check()
    begin(page, "Retry 3 strings")
    expect(result(page)).to_have_text(
        "0 strings retried. 3 strings retried, or handled by another operator: an answer was lost."
    )
    assert redis.hlen(KEYS.failed) == 0


def test_a_proxys_answers_count_nothing(open_page: Open, redis: Redis) -> None:
    plant(redis, 3)
    page = operator(open_page)

    def log_in(route: Route) -> None:
        route.fulfill(status=200, content_type="application/json", body='{"error": "login"}\n')

    page.route("**/retry", log_in)
    page.get_by_role("checkbox", name="Select all that are shown").check()
    begin(page, "Retry 3 strings")
    expect(result(page)).to_contain_text("Will retry: the service gave an unexpected response.")
    expect(line(page)).to_contain_text("0 strings retried so far.")
    page.unroute("**/retry")
    expect(result(page)).to_have_text("3 strings retried.")

    plant(redis, 2)
    page.route("**/retry", log_in)
    begin(page, "Retry all")
    expect(result(page)).to_contain_text("Will retry: the service gave an unexpected response.")
    expect(line(page)).to_contain_text("0 strings retried so far.")
    page.unroute("**/retry")
    expect(result(page)).to_contain_text("2 strings retried. More may be done than was counted")


def test_two_operators_together_leave_nothing_that_was_not_looked_at(open_page: Open, redis: Redis) -> None:
    plant(redis, MANY)
    pages = [operator(open_page), operator(open_page)]
    for page, button in zip(pages, ["Discard all", "Retry all"], strict=True):
        begin(page, button)
    for page in pages:
        expect(line(page).get_by_role("button", name="Close")).to_be_visible()
        expect(result(page)).not_to_contain_text("not looked at")
    assert redis.hlen(KEYS.failed) == 0
