"""A user with a browser of two or three tabs, who does in them whatever is possible, at random."""

from __future__ import annotations

import time
from random import Random

from playwright.sync_api import BrowserContext

from faults_page.batch import MAX_TEXT_BYTES, POISON, make_batch
from faults_page.checker import judge_look
from faults_page.ledger import Ledger, Receipt
from faults_page.tab import DELETE, DONE, KEEP, SEND, SEND_REST, VIEWS, Look, Tab
from faults_page.world import World

PASTED = 0.3
"""The part of the batches that is put into the field; the others are files."""
SOON = 3.0
"""Seconds in which the page shows what a press has changed."""
TOLD = 1.0
"""Seconds in which other tabs learn that a receipt was dismissed."""


class User:
    """What the user does is noted in the ledger, and every look is judged; each action tells whether it was done."""

    def __init__(self, world: World, context: BrowserContext, site: str, ledger: Ledger, random: Random) -> None:
        self.world, self.context, self.site, self.ledger, self.random = world, context, site, ledger, random
        self.tabs = [Tab(context, site), Tab(context, site)]
        self.online = True

    def inspect(self, tab: Tab) -> Look | None:
        """Look at a tab, and judge what it says."""
        look = tab.look()
        kept = look and self.world.kept(self.ledger.name)
        if look and kept:
            judge_look(self.ledger, look, kept)
        return look

    def send_single(self, tab: Tab) -> bool:
        """Send one string."""
        tab.show("#/")
        text = f"{self.ledger.name}t{len(self.ledger.singles):03} {self.random.choice(['plain', '가나다', POISON])}"
        if self.random.random() < 0.1:
            text += "가" * (MAX_TEXT_BYTES // 3)  # too many bytes, but few enough characters to be shown whole
        self.ledger.singles[text] = tab.send(text)
        return self.ledger.singles[text]

    def send_singles(self, _: Tab) -> bool:
        """Send strings in every tab, quickly."""
        sent = [self.send_single(tab) for tab in self.tabs * 2]
        return any(sent)

    def choose(self, tab: Tab) -> bool:
        """Choose a new batch, as a file or in the field."""
        number = len(self.ledger.batches)
        batch = make_batch(f"{self.ledger.name}b{number:02}", number, self.random)
        self.ledger.batches.append(batch)
        if self.random.random() < PASTED:
            return tab.paste(batch.content)
        return tab.choose(batch.name, batch.content)

    def send(self, tab: Tab) -> bool:
        """Send what is shown for review."""
        return tab.press(SEND)

    def send_in_all(self, _: Tab) -> bool:
        """Choose a batch in every tab, and send them all."""
        for tab in self.tabs:
            tab.show("#/many")
            self.choose(tab)
        sent = [self.send(tab) for tab in self.tabs]
        return any(sent)

    def send_rest(self, tab: Tab) -> bool:
        """Resume a cancelled batch: its receipt is no longer the last word."""
        receipt = self._receipt(tab)
        if receipt:
            receipt.resumed = True
        return tab.press(SEND_REST)

    def save(self, tab: Tab) -> bool:
        """Save the receipt."""
        receipt = self._receipt(tab)
        if receipt:
            receipt.lines = tab.receipt(self.world.folder)
        return bool(receipt and receipt.lines)

    def finish(self, tab: Tab) -> bool:
        """Save the receipt, most often, and dismiss it; now and then think better of that."""
        if self.random.random() < 0.8:
            self.save(tab)
        answer = DELETE if self.random.random() < 0.8 else KEEP
        receipt = self._receipt(tab)
        if receipt is None or not tab.press(DONE):
            return False
        until = time.monotonic() + SOON
        while time.monotonic() < until and (look := tab.look()) and look.step == "receipt":
            if look.asking:
                tab.press(answer)
        receipt.closed = look is not None and look.step in {"choose", "review"}
        time.sleep(TOLD)
        return True

    def _receipt(self, tab: Tab) -> Receipt | None:
        """Return the receipt that a tab shows, as the ledger has it."""
        look = self.inspect(tab)
        batch = look and look.step == "receipt" and self.ledger.batch_of(look.counts["lines"])
        return self.ledger.receipts.setdefault(batch.name, Receipt(look.counts)) if look and batch else None

    def switch(self, tab: Tab) -> bool:
        """Switch to another view."""
        return tab.show(self.random.choice(VIEWS))

    def reload(self, tab: Tab) -> bool:
        """Reload the page."""
        return tab.attempt(tab.page.reload)

    def go_back(self, tab: Tab) -> bool:
        """Go back in the tab's history."""
        return tab.attempt(lambda: tab.page.go_back(timeout=SOON * 1000))

    def go_forward(self, tab: Tab) -> bool:
        """Go forward in the tab's history."""
        return tab.attempt(lambda: tab.page.go_forward(timeout=SOON * 1000))

    def replace(self, tab: Tab) -> bool:
        """Close the tab, and open another."""
        tab.close()
        return tab.open(self.random.choice(VIEWS[:2]))

    def crash(self, tab: Tab) -> bool:
        """Kill the tab while it works, and open another."""
        self.ledger.singles = dict.fromkeys(self.ledger.singles, False)
        crashed = tab.crash()
        tab.open("#/many")
        return crashed

    def add_tab(self, _: Tab) -> bool:
        """Open one more tab."""
        self.tabs.append(Tab(self.context, self.site))
        return True

    def toggle_network(self, _: Tab) -> bool:
        """Take the browser off the network, or bring it back."""
        self.set_online(online=not self.online)
        return True

    def set_online(self, *, online: bool) -> None:
        """Connect the browser, or disconnect it; a tab that died with another one's process is replaced first."""
        self.online = online
        for tab in self.tabs:
            if tab.crashed:
                self.replace(tab)
        self.context.set_offline(not online)
