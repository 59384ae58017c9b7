"""The checker: compares what the page says with what the service keeps, at each look and when all is settled."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

from faults_page.batch import MAX_TEXT_BYTES, Batch
from faults_page.ledger import Ledger, Receipt
from faults_page.tab import ALL_STORED, CANCELLED, PAUSED, UNSETTLED, Look, Row
from faults_page.world import Kept

SOON = 3.0
"""Seconds in which every tab shows what was accepted before a pause."""
RULES = ("lost", "doubled", "unexplained", "false words", "unread", "stuck")


def judge_look(ledger: Ledger, look: Look, kept: Kept) -> None:
    """Judge what a tab said just before the service was asked: each word must be true already."""
    for row in look.rows:
        _judge_row(ledger, row, kept)
    if look.step == "sending":
        accepted, strings = look.accepted_of
        batch = _named(ledger, strings)
        if batch:
            _judge_progress(ledger, batch, look, accepted, kept)
            _judge_pause(ledger, batch, look, accepted, kept)
    if look.step == "receipt":
        batch = _named(ledger, look.counts["lines"])
        if batch:
            _judge_progress(ledger, batch, look, look.counts["accepted"], kept)
            _judge_receipt(ledger, batch, look)


def _named(ledger: Ledger, count: int) -> Batch | None:
    batch = ledger.batch_of(count)
    if batch is None:
        ledger.accuse("false words", f"the page shows a batch of {count}, which was never sent")
    return batch


def _judge_row(ledger: Ledger, row: Row, kept: Kept) -> None:
    places = {"stored": kept.rows, "failed": kept.dead, "queued": kept.all}
    if row.state in places and places[row.state].get(row.id) != row.text:
        ledger.accuse("false words", f"{row.text} is {row.state} as {row.id}, but not kept so")
    if row.state == "unknown":
        ledger.accuse("false words", f"{row.text} is unknown as {row.id}")
    if row.state == "refused" and len(row.text.encode()) <= MAX_TEXT_BYTES:
        ledger.accuse("false words", f"{row.text} is refused, though it can be stored")


def _judge_progress(ledger: Ledger, batch: Batch, look: Look, accepted: int, kept: Kept) -> None:
    """Judge what is said of a batch while it is sent and afterwards: it is true already, whatever follows."""
    everything, rows, dead = (len(_of(batch, each)) for each in (kept.all, kept.rows, kept.dead))
    if accepted > everything:
        ledger.accuse("false words", f"{batch.name}: {accepted} accepted, {everything} kept")
    if ALL_STORED in look.words and rows < accepted:
        ledger.accuse("false words", f"{batch.name}: all {accepted} in the database, {rows} rows")
    if look.fates:
        ledger.met["fates"] += 1
        # nothing is discarded in a run, so that no string is ever gone
        if look.fates.stored > rows or look.fates.failed > dead or look.fates.gone or sum(look.fates) != accepted:
            said = f"{look.fates} of {accepted}"
            ledger.accuse("false words", f"{batch.name}: {said}, {rows} rows and {dead} dead letters")
    elif accepted and ALL_STORED not in look.words:
        ledger.accuse("unread", f"{batch.name}: what became of {accepted} strings: {look.words!r}")


def _judge_pause(ledger: Ledger, batch: Batch, look: Look, accepted: int, kept: Kept) -> None:
    """Judge a batch that stays paused: it does not say for good that fewer strings were accepted than are kept."""
    everything, now = len(_of(batch, kept.all)), time.monotonic()
    if PAUSED not in look.words or UNSETTLED.search(look.words) or accepted >= everything:
        ledger.short.pop(batch.name, None)
        return
    said, since = ledger.short.get(batch.name, (accepted, now))
    if said == accepted and now > since + SOON:
        ledger.accuse("false words", f"{batch.name}: paused at {accepted} accepted, {everything} kept")
    ledger.short[batch.name] = (accepted, since if said == accepted else now)


def _judge_receipt(ledger: Ledger, batch: Batch, look: Look) -> None:
    counts, receipt = look.counts, ledger.receipts.get(batch.name)
    total = sum(counts.get(name, 0) for name in ("accepted", "refused", "unsent", "unknown"))
    if counts["lines"] != len(batch.lines) or total != len(batch.texts):
        ledger.accuse("false words", f"{batch.name}: receipt {counts} of {len(batch.lines)} lines")
    if CANCELLED not in look.words and (total != counts["accepted"] + batch.refused):
        ledger.accuse("false words", f"{batch.name}: all sent, receipt {counts}, {batch.refused} to be refused")
    if receipt is None or (receipt.resumed and not receipt.closed):
        ledger.receipts[batch.name] = Receipt(counts)
    elif receipt.closed:
        ledger.accuse("false words", f"{batch.name}: receipt {counts} after it was dismissed with {receipt.counts}")
    elif not _may_follow(counts, receipt):
        ledger.accuse("false words", f"{batch.name}: receipt {counts} after the final one {receipt.counts}")
    elif counts != receipt.counts:
        ledger.receipts[batch.name] = Receipt(counts)


def _may_follow(counts: dict[str, int], receipt: Receipt) -> bool:
    """Tell whether only unknown lines became known; those beside a refused one were not kept, and go unsent."""
    unsent, refused = (counts.get(name, 0) - receipt.counts.get(name, 0) for name in ("unsent", "refused"))
    return (unsent == 0 or (unsent > 0 and refused > 0)) and counts["accepted"] in receipt.possible


def judge_end(ledger: Ledger, rows: Iterable[Row], kept: Kept) -> None:
    """Judge the end of a round, when everything was let through and has settled."""
    ledger.met.update({"rows": len(kept.rows), "dead letters": len(kept.dead), "accepted": ledger.accepted})
    for batch in ledger.batches:
        _judge_batch(ledger, batch, kept)
    _judge_singles(ledger, {row.text: row for row in rows}, kept)
    known = {text for batch in ledger.batches for text in batch.texts} | set(ledger.singles)
    for text in set(kept.all.values()) - known:
        ledger.accuse("unexplained", f"{text[:40]} was never sent")
    for text in {kept.dead[each] for each in kept.rows.keys() & kept.dead.keys()}:
        ledger.accuse("doubled", f"{text[:40]} is a row and a dead letter")


def _judge_batch(ledger: Ledger, batch: Batch, kept: Kept) -> None:
    receipt = ledger.receipts.get(batch.name)
    found = _of(batch, kept.all)
    doubled = Counter(found.values()) - batch.wanted
    if doubled:
        ledger.accuse("doubled", f"{batch.name}: {doubled.total()} more than were sent, {_some(doubled)}")
    possible = receipt.possible if receipt else range(1)
    if len(found) not in possible:
        rule = "lost" if len(found) < possible.start else "unexplained"
        ledger.accuse(rule, f"{batch.name}: the receipt says {possible.start}, {len(found)} are kept")
    if receipt and receipt.lines is not None:
        _judge_lines(ledger, batch, receipt, found)


def _judge_lines(ledger: Ledger, batch: Batch, receipt: Receipt, found: dict[str, str]) -> None:
    """Judge the saved receipt line by line."""
    lines = receipt.lines or []
    given = {each["id"]: batch.lines[each["line"] - 1] for each in lines if "id" in each}
    wrong = [text for each, text in given.items() if found.get(each) != text]
    if wrong:
        ledger.accuse("lost", f"{batch.name}: {len(wrong)} lines are not kept under the receipt's id, {_some(wrong)}")
    others = [text for each, text in found.items() if each not in given]
    if len(others) >= len(receipt.possible):
        ledger.accuse("unexplained", f"{batch.name}: {len(others)} are kept that no line explains, {_some(others)}")
    counts = {"accepted": len(given), "refused": sum("refused" in each for each in lines)}
    said = {name: receipt.counts.get(name, 0) for name in counts}
    if counts != said or len(lines) != len({each["line"] for each in lines}):
        ledger.accuse("false words", f"{batch.name}: the receipt says {said} in words, {counts} in {len(lines)} lines")


def _judge_singles(ledger: Ledger, rows: dict[str, Row], kept: Kept) -> None:
    for text, certain in ledger.singles.items():
        row, ids = rows.get(text), [each for each, other in kept.all.items() if other == text]
        if len(ids) > 1:
            ledger.accuse("doubled", f"{text[:40]} {len(ids)} times")
        if (row is None and certain) or (row and row.state in {"stored", "failed"} and not ids):
            ledger.accuse("lost", f"{text[:40]}: listed as {row}, kept {len(ids)} times")


def _of(batch: Batch, kept: dict[str, str]) -> dict[str, str]:
    beginning = f"{batch.name} "
    return {each: text for each, text in kept.items() if text.startswith(beginning)}


def _some(texts: Iterable[str]) -> list[str]:
    return [text[:40] for text in texts][:3]
