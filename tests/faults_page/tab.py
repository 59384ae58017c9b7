"""A tab of the page: what it says, and its buttons. All of the page's words that the run needs are here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

SOON = 2_000
"""Milliseconds in which a button that was seen can be pressed."""
LOADED = 15_000
CHECK, BACK, SAVE = "Review", "Back", "Save receipt as NDJSON"
PAUSE, RESUME, CANCEL, LEAVE, TRY_NOW = "Pause", "Resume", "Cancel", "Do not wait", "Try now"
DONE, DELETE, KEEP, DO_NOT_SEND = "Done", "Delete", "Keep", "Do not send"
SEND = re.compile(r"(?:Send|Send the other) [\d,]+ strings?")
SEND_REST = re.compile(r"Send the remaining [\d,]+ strings?")
COUNTS = {
    "Lines": "lines",
    "Accepted": "accepted",
    "Refused": "refused",
    "Not sent": "unsent",
    "Outcome unknown": "unknown",
}
ACCEPTED_OF = re.compile(r"([\d,]+) of ([\d,]+) strings? accepted")
ALL_STORED = "All of them are stored."
FATES = re.compile(
    r"^(?=.* (?:stored|yet))(?:([\d,]+) stored)?(?:(?:, )?([\d,]+) failed)?(?:(?:, )?([\d,]+) not confirmed yet)?$",
    re.MULTILINE,
)
GONE = re.compile(r"^No longer there: ([\d,]+) strings?\.", re.MULTILINE)
CANCELLED = "Cancelled:"
PAUSED = "Paused."
UNSETTLED = re.compile(r"It is not known yet whether [\d,]+ strings? (?:was|were) accepted\.")
TEXT, LINES = "Text", "Lines"
VIEWS = ("#/", "#/many", "#/history", "#/failed")
NO_PAGE = re.compile("crashed|has been closed|net::ERR_|context was destroyed|interrupted by another navigation")
"""What Playwright says of a tab that was closed, has crashed, has no network or loads another page."""
_LOOK = """() => {
  const dialog = document.querySelector("dialog[open]");
  const buttons = [...(dialog ?? document).querySelectorAll(dialog ? "button" : "main button")];
  // not innerText, which has nothing of a row that is out of sight
  const text = (each, selector) => each.querySelector(selector)?.textContent ?? "";
  return {
    words: document.querySelector("main")?.innerText ?? "",
    choosing: document.querySelector("main form input[type=file]") !== null,
    asking: dialog !== null,
    buttons: buttons.filter((each) => each.offsetParent && !each.disabled).map((each) => each.innerText),
    counts: Object.fromEntries([...document.querySelectorAll("main section dl > div")].map(
      (each) => [text(each, "dt"), text(each, "dd")])),
    rows: [...document.querySelectorAll("main li[data-state]")].map((each) => ({
      state: each.dataset.state, text: text(each, "p"), id: each.querySelector("a")?.hash.split("/").at(-1) ?? "" })),
  };
}"""
# Playwright's fill() inserts line by line: 1,000 lines take seconds, in which the tab answers nothing
_FILL = """(field, text) => {
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(field, text);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}"""
Step = Literal["choose", "review", "sending", "receipt", "other"]


class Row(NamedTuple):
    """A string sent singly, as its list shows it."""

    text: str
    state: str
    id: str


class Fates(NamedTuple):
    """What became of a batch's accepted strings, as the page says."""

    stored: int
    failed: int
    open: int
    gone: int


@dataclass(frozen=True)
class Look:
    """What a tab says at one moment."""

    words: str
    buttons: tuple[str, ...] = ()
    choosing: bool = False
    asking: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()

    @property
    def step(self) -> Step:
        """The step of the bulk view; ``other`` in another view and before it is loaded."""
        if self.choosing:
            return "choose"
        if self.shows(SEND):
            return "review"
        if "accepted" in self.counts:
            return "receipt"
        return "sending" if ACCEPTED_OF.search(self.words) else "other"

    @property
    def accepted_of(self) -> tuple[int, int]:
        """The sending panel's counts: accepted, all strings."""
        found = ACCEPTED_OF.search(self.words)
        assert found
        return number(found[1]), number(found[2])

    @property
    def fates(self) -> Fates | None:
        """What became of the accepted strings; None if the tab does not say."""
        found, gone = FATES.search(self.words), GONE.search(self.words)
        if not found:
            return None
        stored, failed, waiting = (number(count or "0") for count in found.groups())
        return Fates(stored, failed, waiting, number(gone[1]) if gone else 0)

    def shows(self, button: str | re.Pattern[str]) -> bool:
        """Tell whether a button can be pressed."""
        return any(re.fullmatch(button, each) for each in self.buttons)


class Tab:
    """One tab; it can be opened again after it was closed or has crashed."""

    def __init__(self, context: BrowserContext, site: str) -> None:
        self._context, self._site = context, site
        self.page: Page
        self.open("#/many")

    def open(self, view: str = "") -> bool:
        """Open a new tab at a view; False if the page did not come."""
        self.page = self._context.new_page()
        self.page.set_default_timeout(LOADED)
        self.crashed = False
        self.page.on("crash", lambda _: setattr(self, "crashed", True))
        self.page.on("dialog", lambda dialog: dialog.accept())
        return self.attempt(lambda: self.page.goto(self._site + view))

    def close(self) -> None:
        """Close it, as a user does."""
        self.attempt(self.page.close)

    def crash(self) -> bool:
        """Kill its renderer, and close what is left of it; False if it lives on until then."""

        def kill() -> None:
            # the navigation is aborted first, and the renderer dies a moment later
            with self.page.expect_event("crash", timeout=SOON):
                self.attempt(lambda: self.page.goto("chrome://crash", timeout=SOON))

        self.attempt(kill)
        self.close()
        return self.crashed

    def look(self) -> Look | None:
        """Return what the tab says now; None if it does not show the page."""
        found: list[Any] = []
        if not self.attempt(lambda: found.append(self.page.evaluate(_LOOK))) or not found[0]["words"]:
            return None
        seen = found[0]
        counts = {COUNTS[name]: number(count) for name, count in seen["counts"].items() if name in COUNTS}
        rows = tuple(Row(**row) for row in seen["rows"])
        return Look(seen["words"], tuple(seen["buttons"]), seen["choosing"], seen["asking"], counts, rows)

    def press(self, name: str | re.Pattern[str]) -> bool:
        """Press a button; False if it is no longer there."""
        button = self.page.get_by_role("button", name=name, exact=isinstance(name, str))
        return self.attempt(lambda: button.click(timeout=SOON))

    def show(self, view: str) -> bool:
        """Switch to a view, or open the page at it where the tab does not show the page."""
        if self.crashed:
            self.close()
            self.open(view)
        if self.page.url.startswith(self._site):
            return self.attempt(lambda: self.page.evaluate("(view) => { location.hash = view }", view))
        return self.attempt(lambda: self.page.goto(self._site + view))

    def send(self, text: str) -> bool:
        """Send a single string in the Send view; True if its field is empty afterwards, which says that it is kept."""
        field = self.page.get_by_label(TEXT, exact=True)
        return self.attempt(lambda: (field.fill(text, timeout=SOON), field.press("Enter", timeout=SOON)))

    def choose(self, name: str, content: str) -> bool:
        """Choose a file."""
        file = {"name": f"{name}.txt", "mimeType": "text/plain", "buffer": content.encode()}
        field = self.page.locator("main input[type=file]")
        return self.attempt(lambda: field.set_input_files([file], timeout=SOON))

    def paste(self, content: str) -> bool:
        """Put lines into the field and have them checked."""
        field = self.page.get_by_label(LINES, exact=True)
        return self.attempt(lambda: field.evaluate(_FILL, content, timeout=SOON)) and self.press(CHECK)

    def receipt(self, folder: Path) -> list[dict[str, Any]] | None:
        """Save the receipt and return its lines; None if there is none to be saved."""
        file = folder / "receipt.ndjson"

        def save() -> None:
            with self.page.expect_download(timeout=SOON) as download:
                self.page.get_by_role("button", name=SAVE).click(timeout=SOON)
            download.value.save_as(file)

        if not self.attempt(save):
            return None
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    @staticmethod
    def attempt(act: Callable[[], object]) -> bool:
        """Do what a closed, crashed or changed page may prevent; return whether it was done.

        Raises Playwright's error if nothing of this explains it, for example where two buttons have the name.
        """
        try:
            act()
        except PlaywrightTimeout:
            return False
        except PlaywrightError as error:
            if NO_PAGE.search(error.message):
                return False
            raise
        return True


def number(words: str) -> int:
    """Return a number as the page writes it."""
    return int(words.replace(",", ""))
