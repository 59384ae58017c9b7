"""The checker: compares what the clients were told with what was stored, after everything has healed and drained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from faults.ledger import Event, Ledger
from faults.texts import is_poison, nonce_of, text_of

LEAST_ACKNOWLEDGED = 1_000
SHOWN = 5


class Found(NamedTuple):
    """The state at the end: all rows (id, text), all dead letters (id, text), and each known id's status.

    ``late`` strings were stored too long after all had healed; the journal's balance is off by ``unaccounted``.
    """

    rows: Sequence[tuple[str, str]]
    dead_letters: Sequence[tuple[str, str]]
    statuses: Mapping[str, str]
    waiting: int
    set_aside: int
    late: int
    unaccounted: int
    unseen_faults: Sequence[str]


class Verdict(NamedTuple):
    """Offending strings by the rule they break, what else is wrong, and the counts for the table."""

    offences: Mapping[str, Sequence[str]]
    faults: Sequence[str]
    counts: Mapping[str, int]

    @property
    def ok(self) -> bool:
        """Whether the promise was kept and the run says something."""
        return not any(self.offences.values()) and not self.faults


def check(ledger: Ledger, found: Found, least_acknowledged: int = LEAST_ACKNOWLEDGED) -> Verdict:
    """Judge a run."""
    acknowledged, possible, unknown = ledger.with_outcome("acknowledged"), ledger.possible(), _unknown(ledger)
    stored = Counter(nonce_of(text) or text for _, text in found.rows)
    dead = {nonce_of(text) or text for _, text in found.dead_letters}
    offences = {
        "lost": sorted(acknowledged - stored.keys() - dead),
        "duplicated": sorted([nonce for nonce, count in stored.items() if count > 1] + list(stored.keys() & dead)),
        "unexpected": sorted((stored.keys() | dead) - possible),
        "altered": sorted(nonce_of(text) or text for _, text in [*found.rows, *found.dead_letters] if _altered(text)),
        "renamed": sorted(_renamed(ledger, found)),
        "wrongly dead": sorted(nonce for nonce in dead if not is_poison(nonce)),
        "wrongly alive": sorted(nonce for nonce in stored if is_poison(nonce)),
        "turned away": sorted(nonce for nonce, events in ledger.events.items() if _turned_away(events)),
        "wrong status": sorted(_wrong_statuses(ledger, found)),
    }
    faults = [f"a planned fault was not seen to happen: {name}" for name in found.unseen_faults]
    if len(acknowledged) < least_acknowledged:
        faults.append(f"only {len(acknowledged)} strings were acknowledged, {least_acknowledged} are needed")
    if found.waiting:
        faults.append(f"{found.waiting} strings wait in the journal still, {found.set_aside} of them set aside")
    if found.late:
        faults.append(f"{found.late} strings were stored too late after all had healed")
    if found.unaccounted:
        faults.append(f"the balance is off by {found.unaccounted} strings")
    counts = {
        "acknowledged": len(acknowledged),
        "refused": len(ledger.with_outcome("refused")),
        "unknown": len(unknown),
        "recovered": len(unknown & stored.keys()),
        "rows": len(found.rows),
        "dead letters": len(dead),
        "unaccounted": found.unaccounted,
    }
    return Verdict(offences, faults, counts)


def report(verdict: Verdict, ledger: Ledger, seed: int) -> str:
    """Return the table and, where something is wrong, the seed and the history of offending strings."""
    lines = [f"{name:>14} {count:>9,}" for name, count in verdict.counts.items()]
    lines += [f"{name:>14} {len(nonces):>9,}  must be 0" for name, nonces in verdict.offences.items()]
    lines += verdict.faults
    for name, nonces in verdict.offences.items():
        if nonces:
            lines += [f"{name}, with SEED={seed}:", *(ledger.history(nonce) for nonce in nonces[:SHOWN])]
    return "\n".join(lines)


def _unknown(ledger: Ledger) -> set[str]:
    return ledger.with_outcome("unknown") - ledger.with_outcome("acknowledged")


def _turned_away(events: Sequence[Event]) -> bool:
    """Tell whether a string that can be stored was refused as if it could not."""
    return any(event.outcome == "refused" and event.what.startswith("4") for event in events)


def _altered(text: str) -> bool:
    nonce = nonce_of(text)
    return nonce is None or text != text_of(nonce)


def _renamed(ledger: Ledger, found: Found) -> set[str]:
    """Return the strings whose id was not the same in every answer and in the table."""
    given = {nonce: set(ids) for nonce, ids in ledger.ids.items()}
    for row_id, text in [*found.rows, *found.dead_letters]:
        nonce = nonce_of(text) or text
        if nonce in given:
            given[nonce].add(row_id)
    return {nonce for nonce, ids in given.items() if len(ids) > 1}


def _wrong_statuses(ledger: Ledger, found: Found) -> set[str]:
    nonces = {each: nonce for nonce, ids in ledger.ids.items() for each in ids}
    expected = dict.fromkeys((row_id for row_id, _ in found.rows), "stored")
    expected |= dict.fromkeys((row_id for row_id, _ in found.dead_letters), "failed")
    return {nonces.get(each, each) for each, status in found.statuses.items() if status != expected.get(each)}
