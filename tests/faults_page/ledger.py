"""What was done, and what the page claimed of it."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from faults_page.batch import Batch


@dataclass
class Receipt:
    """A batch's receipt as last seen: the counts in words, and the lines that were saved, None if they were not."""

    counts: dict[str, int]
    lines: list[dict[str, Any]] | None = None
    resumed: bool = False
    closed: bool = False

    @property
    def possible(self) -> range:
        """How many of the batch's strings may be kept, as far as the receipt knows."""
        return range(self.counts["accepted"], self.counts["accepted"] + self.counts.get("unknown", 0) + 1)


class Ledger:
    """A round: what was sent, the receipts, and each offence by the rule that it breaks."""

    def __init__(self, name: str, origin: str) -> None:
        """Name the round, whose texts all begin with its name, and say where the page is."""
        self.name, self.origin = name, origin
        self.batches: list[Batch] = []
        self.receipts: dict[str, Receipt] = {}
        self.short: dict[str, tuple[int, float]] = {}
        """Paused batch -> how many strings it says were accepted, and since when more than these are kept."""
        self.singles: dict[str, bool] = {}
        """Text -> whether its row must be in the list at the end: not if the tab may have died first."""
        self.outcomes: dict[str, list[bool]] = defaultdict(list)
        """Action -> whether it was done, each time that it was possible."""
        self.met: Counter[str] = Counter()
        """How much there was of what the checker compares with the page's words."""
        self.events: list[str] = []
        self.offences: dict[str, list[str]] = defaultdict(list)
        self._started = time.monotonic()

    def note(self, words: str) -> None:
        """Note an action or a fault."""
        self.events.append(f"{time.monotonic() - self._started:7.2f} {words}")

    def accuse(self, rule: str, words: str) -> None:
        """Note that a rule is broken; once, though every look sees it."""
        if words not in self.offences[rule]:
            self.offences[rule].append(words)
            self.note(f"!! {rule}: {words}")

    @property
    def broken(self) -> bool:
        """Whether a rule was broken."""
        return any(self.offences.values())

    @property
    def accepted(self) -> int:
        """How many lines the receipts say were accepted."""
        return sum(receipt.counts["accepted"] for receipt in self.receipts.values())

    def batch_of(self, count: int) -> Batch | None:
        """Return the batch that has this many lines or strings."""
        return next((each for each in self.batches if count in {len(each.lines), len(each.texts)}), None)
