"""Bulk submission: lines of the field or a file become rows exactly once, whatever stops or restarts meanwhile."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from browsing import Open, hold, violations
from playwright.sync_api import Page, expect
from support import eventually, query

from local.system import Process, System

pytestmark = pytest.mark.timeout(120)

# the batch that the browser keeps
KEPT_BATCH = """
new Promise((resolve) => {
  const open = indexedDB.open("ix-dummies:batch");
  open.onsuccess = () => {
    const get = open.result.transaction("batch").objectStore("batch").get(0);
    get.onsuccess = () => resolve(get.result);
  };
})
"""


# as on a full disk, or after a crash
FAILS_TO_OPEN = """
indexedDB.open = () => {
  const request = { error: new DOMException("Internal error opening backing store", "UnknownError") };
  setTimeout(() => request.onerror(new Event("error")), 50);
  return request;
};
"""


class Tiers:
    """A system whose API can be killed and restarted."""

    def __init__(self, system: System, api: Process) -> None:
        self.system = system
        self.api = api

    def restart_api(self) -> None:
        """Kill the API and start it again."""
        self.api.kill()
        self.api = self.system.start_api()

    def rows(self, like: str) -> list[str]:
        """Return the texts of all rows that match the pattern, sorted."""
        return [text for (text,) in query(self.system, "SELECT text FROM dummies WHERE text LIKE %s ORDER BY 1", like)]


@pytest.fixture(scope="module")
def tiers(system: System, api: Process) -> Tiers:
    return Tiers(system, api)


@pytest.fixture(scope="module")
def site(site: str) -> str:
    """The URL of the bulk view."""
    return f"{site}#/many"


def choose(page: Page, name: str, content: bytes) -> None:
    """Choose a file with this content."""
    page.locator("input[type=file]").set_input_files([{"name": name, "mimeType": "text/plain", "buffer": content}])


def press(page: Page, name: str) -> None:
    """Press the button whose name starts with this."""
    page.get_by_role("button", name=re.compile(f"^{re.escape(name)}")).click()


def accepted(page: Page) -> int:
    """Return how many strings the page says are accepted."""
    words = page.get_by_text(re.compile(r"^[\d,]+ of [\d,]+ strings accepted$")).inner_text()
    return int(words.split()[0].replace(",", ""))


def test_typed_lines_are_sent_without_the_bad_ones_and_the_receipt_names_their_ids(
    tiers: Tiers, open_page: Open, tmp_path: Path
) -> None:
    page = open_page("en-US")
    expect(page.get_by_role("button", name="Review")).to_be_disabled()
    assert violations(page) == []
    page.get_by_label("Lines").fill(f"typed one\n\ntyped\0bad\ntyped {'x' * 65_536}\ntyped last 가")
    page.reload()
    press(page, "Review")
    expect(page.get_by_role("heading", name="Ready to send your lines")).to_be_focused()
    expect(page.get_by_text("Line 3: contains a NUL character.")).to_be_visible()
    expect(page.get_by_text("Line 4: is longer than 64 KiB.")).to_be_visible()
    assert violations(page) == []

    press(page, "Send the other 2 strings")
    expect(page.get_by_role("heading", name="All sent: 2 strings accepted")).to_be_visible()
    expect(page.get_by_text("All of them are stored.")).to_be_visible()
    assert violations(page) == []
    assert tiers.rows("typed%") == ["typed last 가", "typed one"]

    page.reload()  # the receipt is there until it is dismissed
    with page.expect_download() as download:
        press(page, "Save receipt as NDJSON")
    download.value.save_as(tmp_path / "receipt.ndjson")
    receipt = [json.loads(line) for line in (tmp_path / "receipt.ndjson").read_text().splitlines()]
    ids = dict(query(tiers.system, "SELECT text, id::text FROM dummies WHERE text LIKE 'typed%%'"))
    assert receipt == [{"line": 1, "id": ids["typed one"]}, {"line": 5, "id": ids["typed last 가"]}]
    press(page, "Done")
    expect(page.get_by_label("Lines")).to_be_focused()
    expect(page.get_by_label("Lines")).to_have_value("")


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en-US", ("is not UTF-8", "EUC-KR (CP949)", "Yes, read it as EUC-KR", "Send 2 strings", "All sent: 2")),
        ("ko-KR", ("UTF-8이 아닙니다", "EUC-KR(CP949)", "예, EUC-KR로 읽기", "문자열 2개 보내기", "모두 보냈습니다.")),
    ],
)
def test_a_korean_file_in_an_older_encoding_is_shown_and_then_read(
    tiers: Tiers, open_page: Open, locale: str, words: tuple[str, str, str, str, str]
) -> None:
    refused, offered, read, send, sent = words
    page = open_page(locale)
    # 똠 and 펲 are in CP949 but not in plain EUC-KR
    choose(page, "옛.txt", f"{locale} ascii\r\n\r\n{locale} 똠방각하 펲시\r\n".encode("cp949"))
    expect(page.get_by_role("heading", level=2)).to_contain_text(refused)
    expect(page.get_by_text(offered)).to_be_visible()
    expect(page.get_by_text(f"{locale} 똠방각하 펲시")).to_be_visible()
    assert violations(page) == []
    press(page, read)
    press(page, send)
    expect(page.get_by_role("heading", level=2)).to_contain_text(sent)
    eventually(lambda: tiers.rows(f"{locale} %") == [f"{locale} ascii", f"{locale} 똠방각하 펲시"], within=20)


def test_a_file_in_no_known_encoding_is_refused_with_the_line(open_page: Open) -> None:
    page = open_page("en-US")
    choose(page, "broken.txt", b"first\nsec\xff\xffond\n")
    expect(page.get_by_text("Line 2 has a character that is not UTF-8.")).to_be_visible()
    expect(page.get_by_text("Save it as UTF-8")).to_be_visible()
    press(page, "Back")
    expect(page.get_by_label("Lines")).to_be_focused()


def test_a_file_in_utf_16_is_said_to_be_that_and_one_of_an_old_mac_is_read_by_line(open_page: Open) -> None:
    page = open_page("en-US")
    choose(page, "wide.txt", "first\r\nsecond\r\n".encode("utf-16-le"))
    expect(page.get_by_text("It looks like UTF-16.")).to_be_visible()
    assert violations(page) == []
    press(page, "Back")
    choose(page, "mac.txt", b"first\rsecond\r\rthird\r")
    expect(page.get_by_role("button", name="Send 3 strings")).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en-US", ("What to send", "Column 2: text", "The first row names the columns", "Send {} strings")),
        ("ko-KR", ("보낼 내용", "2열: text", "첫 행은 열 이름입니다", "문자열 {}개 보내기")),
    ],
)
def test_a_column_of_a_table_becomes_rows(
    tiers: Tiers, open_page: Open, locale: str, words: tuple[str, str, str, str]
) -> None:
    label, column, named, send = words
    page = open_page(locale)
    table = f'id,text\r\n1,"{locale} ""cell"", one"\r\n2,"{locale} cell\ntwo"\r\n'
    choose(page, "표.csv", b"\xff\xfe" + table.encode("utf-16-le"))
    page.get_by_label(label).select_option(label=column)
    expect(page.get_by_role("button", name=send.format(2))).to_be_visible()
    page.get_by_label(named).uncheck()
    expect(page.get_by_role("button", name=send.format(3))).to_be_visible()
    page.get_by_label(named).check()
    assert violations(page) == []
    press(page, send.format(2))
    expected = [f'{locale} "cell", one', f"{locale} cell\ntwo"]
    eventually(lambda: tiers.rows(f"{locale} %cell%") == expected, within=20)


def test_a_workbook_is_refused_with_what_to_do(open_page: Open) -> None:
    page = open_page("en-US")
    choose(page, "data.xlsx", b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml xl/workbook.xml")
    expect(page.get_by_role("heading", name="data.xlsx is not a text file")).to_be_visible()
    expect(page.get_by_text("Save it there as CSV UTF-8")).to_be_visible()
    assert violations(page) == []


def test_twenty_thousand_lines_are_rows_once_each_though_the_api_is_killed_twice_and_the_page_reloaded(
    tiers: Tiers, open_page: Open
) -> None:
    page = open_page("en-US")
    texts = [f"batch {number:05} 가나다 👋🏽" for number in range(20_000)]
    # delays every request, so that the faults happen during the batch
    page.context.route("**/dummies/bulk", lambda route: (page.wait_for_timeout(300), route.continue_()))
    choose(page, "batch.txt", ("\ufeff" + "\r\n".join(texts)).encode())
    press(page, "Send 20,000 strings")
    eventually(lambda: page.wait_for_timeout(50) or accepted(page) >= 2_000, within=20)

    tiers.api.kill()
    expect(page.get_by_text("Will retry: the service does not answer.")).to_be_visible()
    assert violations(page) == []
    tiers.restart_api()
    press(page, "Pause")
    expect(page.get_by_text("Paused.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Paused.")).to_be_visible()
    before = accepted(page)
    assert before < 20_000
    press(page, "Resume")
    eventually(lambda: page.wait_for_timeout(50) or accepted(page) > before, within=20)

    page.reload()  # sending continues by itself
    tiers.restart_api()
    other = page.context.new_page()
    other.goto(page.url)  # another tab follows
    expect(other.get_by_text("Another tab of this browser is sending these lines.")).to_be_visible()
    for each in (page, other):
        expect(each.get_by_role("heading", name="All sent: 20,000 strings accepted")).to_be_visible(timeout=60_000)
    expect(other.get_by_text("All of them are stored.")).to_be_visible()
    assert tiers.rows("batch %") == texts


def test_what_was_accepted_stays_when_the_rest_is_cancelled(tiers: Tiers, open_page: Open) -> None:
    page = open_page("en-US")
    tiers.api.kill()
    choose(page, "cancel.txt", b"cancelled one\ncancelled two\n")
    press(page, "Send 2 strings")
    expect(page.get_by_text("Will retry")).to_be_visible()
    press(page, "Cancel")
    expect(page.get_by_role("heading", name="Finishing what is under way (2 strings)")).to_be_focused()
    press(page, "Do not wait")
    expect(page.get_by_role("heading", name="Cancelled: 0 strings")).to_be_focused()
    assert violations(page) == []
    tiers.restart_api()
    press(page, "Done")
    press(page, "Delete")
    expect(page.get_by_label("Lines")).to_be_focused()
    assert tiers.rows("cancelled%") == []


def test_a_hundred_thousand_lines_pasted_into_a_text_never_get_into_the_field_and_are_sent_once(
    tiers: Tiers, open_page: Open
) -> None:
    page = open_page("en-US", permissions=["clipboard-read", "clipboard-write"])
    field = page.get_by_label("Lines")
    field.fill("pasted first\n")
    lines = "Array.from({ length: 100_000 }, (_, number) => `pasted ${number}`).join('\\n')"
    page.evaluate(f"navigator.clipboard.writeText({lines})")
    field.press("ControlOrMeta+v")
    expect(page.get_by_text("Your text: 100,001 lines")).to_be_visible()
    expect(page.get_by_role("button", name="Review")).to_be_focused()
    assert page.locator("textarea").count() == 0
    assert violations(page) == []
    page.reload()  # neither a reload nor a look at the review loses them
    press(page, "Review")
    press(page, "Back")
    press(page, "Remove")
    press(page, "Keep")
    press(page, "Review")
    press(page, "Send 100,001 strings")
    expect(page.get_by_role("heading", name="All sent: 100,001 strings accepted")).to_be_visible(timeout=60_000)
    like = "SELECT count(*), count(DISTINCT text) FROM dummies WHERE text LIKE 'pasted %%'"
    eventually(lambda: query(tiers.system, like) == [(100_001, 100_001)], within=60)
    page.reload()
    press(page, "Done")
    press(page, "Delete")
    expect(page.get_by_label("Lines")).to_have_value("")


def test_the_field_for_one_string_does_not_take_a_far_too_long_text(open_page: Open) -> None:
    page = open_page("en-US", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Send", exact=True).click()
    page.get_by_label("Text", exact=True).fill("kept")
    page.evaluate("navigator.clipboard.writeText('x\\n'.repeat(100_000))")
    page.get_by_label("Text", exact=True).press("ControlOrMeta+v")
    expect(page.get_by_role("alert")).to_contain_text("it was not put into the field")
    expect(page.get_by_label("Text", exact=True)).to_have_value("kept")
    assert violations(page) == []
    page.get_by_role("link", name="Send many strings").click()
    expect(page.get_by_label("Lines")).to_be_visible()


def test_lines_are_not_shown_again_if_the_page_ends_between_keeping_their_batch_and_clearing_the_field(
    open_page: Open,
) -> None:
    page = open_page("en-US")
    page.get_by_label("Lines").fill("killed one\nkilled two")
    press(page, "Review")
    saved = page.evaluate("Object.entries(sessionStorage)")
    press(page, "Send 2 strings")
    expect(page.get_by_role("heading", name="All sent: 2 strings accepted")).to_be_visible()
    # as the tab's storage is if it is killed right then
    batch = page.evaluate(KEPT_BATCH)
    page.evaluate(
        "([saved, batch]) => { for (const [name, text] of [...saved, ['ix-dummies:draft:lines-batch', batch.id]])"
        " sessionStorage.setItem(name, text) }",
        [saved, batch],
    )
    page.reload()
    press(page, "Done")
    press(page, "Delete")
    expect(page.get_by_label("Lines")).to_have_value("")


@pytest.mark.parametrize("hangs", ["indexedDB.open", "a transaction"])
def test_a_storage_that_does_not_answer_is_said_and_lines_are_sent_without_it(
    tiers: Tiers, open_page: Open, hangs: str
) -> None:
    page = open_page("en-US")
    of = "IDBFactory.prototype.open" if hangs == "indexedDB.open" else "IDBObjectStore.prototype.get"
    page.add_init_script(f"{of} = () => ({{}})")
    page.reload()
    expect(page.get_by_text("This browser's storage does not answer")).to_be_visible()
    expect(page.get_by_text("Lines from an earlier visit may still be in it")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Lines").fill(f"without {hangs}")
    press(page, "Review")
    press(page, "Send 1 string")
    press(page, "Send anyway")
    expect(page.get_by_role("heading", name="All sent: 1 string accepted")).to_be_visible()
    eventually(lambda: tiers.rows(f"without {hangs}") == [f"without {hangs}"], within=20)


def test_a_file_is_not_sent_twice_unasked_because_the_storage_that_has_it_cannot_be_opened(
    tiers: Tiers, open_page: Open
) -> None:
    page = open_page("en-US")
    page.context.route("**/dummies/bulk", lambda route: route.abort())
    content = b"unopened one\nunopened two\n"
    choose(page, "unopened.txt", content)
    press(page, "Send 2 strings")
    expect(page.get_by_text("Will retry")).to_be_visible()
    page.close()
    broken = page.context.new_page()
    broken.add_init_script(FAILS_TO_OPEN)
    broken.goto(page.url)
    expect(broken.get_by_text("Lines from an earlier visit may still be in it")).to_be_visible()
    page.context.unroute("**/dummies/bulk")
    choose(broken, "unopened.txt", content)
    press(broken, "Send 2 strings")
    expect(broken.get_by_role("dialog")).to_contain_text("Lines from an earlier visit may still be in this browser")
    assert violations(broken) == []
    press(broken, "Do not send")
    broken.close()
    page = page.context.new_page()  # in which the storage opens again
    page.goto(broken.url)
    expect(page.get_by_text("All of them are stored.")).to_be_visible(timeout=20_000)
    assert tiers.rows("unopened %") == ["unopened one", "unopened two"]


def test_a_batch_goes_on_beside_another_view_though_its_code_did_not_load_first(tiers: Tiers, open_page: Open) -> None:
    page = open_page("en-US")
    held = hold(page, "**/dummies/bulk")
    choose(page, "later.txt", b"later one\nlater two\n")
    press(page, "Send 2 strings")
    eventually(lambda: page.wait_for_timeout(50) or held, within=20)
    send_view = page.url.replace("#/many", "")
    page.goto("about:blank")
    for route in held:  # else it is let go, and may still arrive
        route.abort()
    page.unroute("**/dummies/bulk")
    refused: list[str] = []
    page.route("**/assets/batchParts*.js", lambda route: (refused.append(route.request.url), route.abort()))
    page.goto(send_view)
    eventually(lambda: page.wait_for_timeout(50) or refused, within=20)
    assert tiers.rows("later %") == []
    page.unroute("**/assets/batchParts*.js")
    page.evaluate("dispatchEvent(new Event('online'))")
    eventually(lambda: page.wait_for_timeout(50) or len(tiers.rows("later %")) == 2, within=20)
