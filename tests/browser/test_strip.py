"""The strip above the views and what is said below it agree at every moment, and nothing waits longer than it must."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsing import Open, hold, violations
from dead_letters import plant
from playwright.sync_api import Locator, Page, expect
from support import Client, eventually, query, redis_of

from local.system import Process, System

pytestmark = pytest.mark.timeout(120)
# looks before every paint, and notes what contradicts itself
WATCH = """
window.contradictions = [];
(function look() {
  const strip = document.querySelector("main [role=status]")?.textContent ?? "";
  const below = [...document.querySelectorAll("main :is(li[data-state], [role=status], [role=alert], [aria-live])")]
    .map((each) => each.textContent).join(" ");
  if (/does not answer/.test(below) && !/does not answer|is offline/.test(strip))
    window.contradictions.push([strip, below]);
  requestAnimationFrame(look);
})();
"""
PLANT = "ALTER TABLE dummies ADD CONSTRAINT planted CHECK (text NOT LIKE '%%poison%%') NOT VALID"
CURE = "ALTER TABLE dummies DROP CONSTRAINT IF EXISTS planted"
TOKEN = "only-operators-have-this-token"


@pytest.fixture(scope="module")
def api_settings() -> dict[str, str]:
    """The API has an operator token."""
    return {"OPERATOR_TOKEN": TOKEN}


@pytest.fixture
def page(open_page: Open) -> Page:
    """The Send view, watched."""
    page = open_page("en-US")
    page.context.add_init_script(WATCH)
    page.reload()
    expect(strip(page)).to_have_text("Strings are getting through.")
    return page


@pytest.fixture
def poison(system: System) -> Iterator[None]:
    """Have the database refuse some strings during the test."""
    query(system, PLANT)
    yield
    query(system, CURE)


def strip(page: Page) -> Locator:
    """Return the strip's sentence."""
    return page.get_by_role("main").get_by_role("status").first


def rows(page: Page, *texts: str) -> list[Locator]:
    """Return the rows of these strings."""
    return [page.get_by_role("listitem").filter(has_text=text) for text in texts]


def send(page: Page, *texts: str) -> None:
    """Type each string and press Enter."""
    for text in texts:
        page.get_by_role("textbox").fill(text)
        page.get_by_role("textbox").press("Enter")


def view(page: Page, name: str) -> None:
    """Go to a view by its link."""
    page.get_by_role("navigation").get_by_role("link", name=name).click()


def test_strip_and_view_agree_while_the_api_is_killed_and_restarted(
    system: System, api: Process, api_settings: dict[str, str], page: Page
) -> None:
    with redis_of(system) as redis:
        plant(redis, 3)
    view(page, "Failed")
    page.get_by_label("Operator token").fill(TOKEN)
    page.get_by_label("Operator token").press("Enter")
    page.get_by_role("button", name="Retry all").click()
    api.kill()
    page.get_by_role("dialog").locator("button[type=submit]").click()
    operation = page.get_by_role("region", name="Retrying or discarding failed strings").get_by_role("status")
    expect(operation).to_contain_text("Will retry: the service does not answer.")
    view(page, "Send")
    send(page, "first lost", "second lost", "third lost")
    expect(strip(page)).to_have_text("The service does not answer; strings typed here wait in this browser.")
    for row in rows(page, "first lost", "second lost", "third lost"):
        expect(row).to_contain_text("Will retry: the service does not answer.")
    assert violations(page) == []
    page.get_by_role("button", name="Try now").focus()
    system.start_api(api_settings)
    for row in rows(page, "first lost", "second lost", "third lost"):
        expect(row).to_contain_text("Stored")
    expect(strip(page)).to_have_text("Strings are getting through.")
    expect(page.get_by_role("button", name="Details", exact=True)).to_be_focused()
    expect(operation).to_contain_text("3 strings retried.")
    assert page.evaluate("contradictions") == []
    assert query(system, "SELECT count(*) FROM dummies WHERE text LIKE '%% lost'") == [(3,)]


def test_an_offline_device_is_named_and_everything_goes_on_when_it_is_back(system: System, page: Page) -> None:
    page.get_by_role("link", name="History").click()  # loads the view's code
    expect(page.get_by_role("heading", level=1)).to_have_text("History")
    page.get_by_role("navigation").get_by_role("link", name="Send").click()
    page.context.set_offline(offline=True)
    expect(strip(page)).to_have_text("This device is offline; strings typed here wait in this browser.")
    send(page, "from the train")
    expect(rows(page, "from the train")[0]).to_contain_text("Will retry")
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("The service does not answer.", exact=True)).to_be_visible()
    page.context.set_offline(offline=False)
    expect(page.get_by_text("The service does not answer.", exact=True)).to_have_count(0)
    expect(page.get_by_role("main").get_by_role("listitem").first).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Send").click()
    expect(rows(page, "from the train")[0]).to_contain_text("Stored")
    assert query(system, "SELECT count(*) FROM dummies WHERE text = 'from the train'") == [(1,)]


def test_what_one_tab_may_bring_there_is_refused_in_no_other(system: System, page: Page) -> None:
    held = hold(page.context, "**/dummies/")
    send(page, "sent by both")
    expect(rows(page, "sent by both")[0]).to_contain_text("Sending")
    other = page.context.new_page()
    other.goto(page.url)  # it has found the string unsent
    eventually(lambda: other.wait_for_timeout(50) or len(held) == 2, within=20)
    refusal = {"type": "urn:ix-dummies:problem:invalid-text", "title": "No", "status": 422, "detail": "No."}
    held[0].fulfill(status=422, content_type="application/problem+json", json=refusal)
    eventually(lambda: other.wait_for_timeout(50) or len(held) == 3, within=20)
    for each in (page, other):
        expect(rows(each, "sent by both")[0]).not_to_contain_text("Refused")
    held[1].continue_()
    for each in (page, other):
        expect(rows(each, "sent by both")[0]).to_contain_text("Stored")
        each.reload()
        expect(rows(each, "sent by both")[0]).to_contain_text("Stored")
    assert query(system, "SELECT count(*) FROM dummies WHERE text = 'sent by both'") == [(1,)]


def test_a_late_answer_brings_back_nothing_that_another_tab_has_cleared(system: System, page: Page) -> None:
    other = page.context.new_page()
    held = hold(other, "**/dummies/?id=*")
    other.goto(page.url)
    send(other, "seen in both")
    expect(rows(page, "seen in both")[0]).to_contain_text("Stored")
    eventually(lambda: other.wait_for_timeout(50) or held, within=20)
    with Client(base_url=system.api_url, timeout=20) as client:
        [known] = client.get("/dummies/", params={"q": "seen in both"}).json()["items"]
    page.get_by_role("button", name="Clear finished").click()
    for route in held:
        route.fulfill(json={"items": [known], "not_found": [], "unavailable": []})
    expect(rows(other, "seen in both")[0]).to_have_count(0)
    for each in (page, other):
        each.reload()
        expect(each.get_by_text("Nothing sent yet.")).to_be_visible()


@pytest.mark.usefixtures("poison")
def test_a_failed_string_that_an_operator_retries_or_discards_is_no_longer_said_to_have_failed(
    system: System, page: Page
) -> None:
    send(page, "poison retried", "poison discarded")
    retried, discarded = rows(page, "poison retried", "poison discarded")
    for row in (retried, discarded):
        expect(row).to_contain_text("Failed")
    other, alone = page.context.new_page(), page.context.new_page()
    other.goto(page.url)
    href = retried.get_by_role("link", name="Details").get_attribute("href")
    alone.goto(f"{page.url.split('#')[0]}{href}")
    expect(alone.get_by_role("main")).to_contain_text("Failed")
    query(system, CURE)
    with Client(base_url=system.api_url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20) as operator:
        letters = {each["text"]: each["id"] for each in operator.get("/dummies/failed").json()["items"]}
        operator.post(f"/dummies/{letters['poison retried']}/retry").raise_for_status()
        operator.delete(f"/dummies/{letters['poison discarded']}", params={"reason": "gone"}).raise_for_status()
    for each in (page, other):
        each.bring_to_front()
        kept, gone = rows(each, "poison retried", "poison discarded")
        expect(kept).to_contain_text("Stored")
        expect(gone).to_contain_text("Gone It had failed. An operator discarded it, or the journal lost it.")
    assert violations(page) == []
    alone.bring_to_front()
    expect(alone.get_by_role("main").get_by_text("Stored", exact=True).first).to_be_visible()
    assert query(system, "SELECT text FROM dummies WHERE text LIKE 'poison%%'") == [("poison retried",)]
    page.get_by_role("button", name="Clear finished").click()


@pytest.mark.usefixtures("poison")
def test_failures_are_in_the_strip_the_navigation_and_the_title(page: Page) -> None:
    """The last test of the module: a string stays failed."""
    send(page, "poison")
    expect(rows(page, "poison")[0]).to_contain_text("Failed")
    expect(strip(page)).to_have_text("Some of your strings failed and need an operator.")
    expect(page.get_by_role("navigation").get_by_role("link", name="Failed 1 failed")).to_be_visible()
    expect(page).to_have_title("(1 failed) Send a string · ix-dummies")
    assert violations(page) == []
    page.get_by_role("button", name="Clear finished").click()
    expect(strip(page)).to_have_text("Strings are getting through, but some failed and need an operator.")
