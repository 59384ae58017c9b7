"""A run: one system, rounds of fresh browsers, and what they brought."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from browsing import launch
from playwright.sync_api import sync_playwright

from faults_page.checker import RULES
from faults_page.ledger import Ledger
from faults_page.round import play
from faults_page.world import World

LAST_EVENTS = 80
MET = ("accepted", "rows", "dead letters", "fates")
"""What a run must have had to compare."""
OFTEN = 3
"""An action that fails because a machine is slow does not do so every time when it is tried as often as this."""


@dataclass
class Run:
    """The ledgers of all rounds, and where the pictures are."""

    seed: int
    folder: Path
    ledgers: list[Ledger] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether no rule was broken in any round."""
        return not any(ledger.broken for ledger in self.ledgers)

    @property
    def met(self) -> Counter[str]:
        """How much the rounds had to compare."""
        return sum((ledger.met for ledger in self.ledgers), Counter())

    @property
    def idle(self) -> list[str]:
        """What the run did not meet, and the actions that failed every time: it says nothing of them."""
        outcomes: dict[str, list[bool]] = {}
        for ledger in self.ledgers:
            for action, done in ledger.outcomes.items():
                outcomes.setdefault(action, []).extend(done)
        failed = [action for action, done in outcomes.items() if len(done) >= OFTEN and not any(done)]
        return [name for name in MET if not self.met[name]] + failed


def run(folder: Path, seed: int, *, rounds: int | None = None, seconds: float = float("inf"), first: int = 0) -> Run:
    """Play this many rounds, or as many as begin within some seconds; the first that breaks a rule is the last."""
    folder.mkdir(parents=True, exist_ok=True)
    result = Run(seed, folder)
    with World(folder, seed) as world, sync_playwright() as playwright:
        browser = launch(playwright)
        until = time.monotonic() + seconds
        while result.ok and time.monotonic() < until and (rounds is None or len(result.ledgers) < rounds):
            result.ledgers.append(play(world, browser, seed, first + len(result.ledgers)))
            print(summary(result.ledgers[-1]), flush=True)
        browser.close()
    return result


def summary(ledger: Ledger) -> str:
    """Return a line about a round and, where it broke a rule, what happened in it."""
    broken = ", ".join(f"{len(words)} {rule}" for rule, words in ledger.offences.items())
    line = f"{ledger.name}: {ledger.origin}, {len(ledger.batches)} batches: {broken or 'ok'}"
    return "\n".join([line, *(ledger.events[-LAST_EVENTS:] if ledger.broken else [])])


def report(result: Run) -> str:
    """Return the table."""
    counts = {
        "rounds": len(result.ledgers),
        "batches": sum(len(each.receipts) for each in result.ledgers),
        **{name: result.met[name] for name in MET},
    }
    lines = [f"{name:>14} {count:>9,}" for name, count in counts.items()]
    lines += [f"{rule:>14} {sum(len(each.offences[rule]) for each in result.ledgers):>9,}  must be 0" for rule in RULES]
    if result.idle:
        lines.append(f"not tried: {', '.join(result.idle)}")
    return "\n".join(lines if result.ok else [*lines, f"pictures of the tabs: {result.folder}"])
