"""The page's checker itself: each rule, broken once, is reported; and each mutant fits the present page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from faults_page import checker
from faults_page.batch import MAX_TEXT_BYTES, Batch, make_batch
from faults_page.checker import CANCELLED, judge_end, judge_look
from faults_page.ledger import Ledger
from faults_page.mutants import MUTANTS
from faults_page.tab import Look, Row
from faults_page.world import Kept
from local.system import ROOT

LONG = "x" * MAX_TEXT_BYTES
BATCH = Batch("b", ("b 0", "b 1", "", "b 2 poison", f"b 3 {LONG}"))
COUNTS = {"lines": 5, "accepted": 3, "refused": 1}
RECEIPT = Look("All sent: 3 strings accepted\n2 stored, 1 failed", counts=COUNTS)
SINGLE = Row("t 0", "stored", "9")
KEPT = Kept({}, {"3": "b 2 poison"}, {"1": "b 0", "2": "b 1", "9": "t 0"})
LINES = [{"line": 1, "id": "1"}, {"line": 2, "id": "2"}, {"line": 4, "id": "3"}, {"line": 5, "refused": "too long"}]


def judged(
    look: Look = RECEIPT, kept: Kept = KEPT, lines: list[dict[str, object]] = LINES, row: Row = SINGLE
) -> Ledger:
    """Return the ledger of a round with a look at the receipt or the panel, one at a single string, and the end."""
    ledger = Ledger("round", "anywhere")
    ledger.batches.append(BATCH)
    ledger.singles["t 0"] = True
    judge_look(ledger, RECEIPT, KEPT)
    judge_look(ledger, look, kept)
    judge_look(ledger, Look("Send", rows=(row,)), kept)
    ledger.receipts["b"].lines = lines
    judge_end(ledger, [row], kept)
    return ledger


def test_a_round_in_which_every_word_is_true_breaks_no_rule() -> None:
    assert not judged().broken
    assert not judged(
        replace(RECEIPT, words="3 of 4 strings accepted\n1 stored, 1 failed, 1 not confirmed yet", counts={})
    ).broken


@pytest.mark.parametrize(
    ("counts", "broken"),
    [
        ({"accepted": 1, "refused": 1, "unsent": 1, "unknown": 1}, []),
        ({"accepted": 1, "unsent": 1, "unknown": 2}, ["false words"]),
        ({"accepted": 1, "refused": 1, "unknown": 2}, []),
    ],
)
def test_an_answer_that_was_not_waited_for_makes_unknown_lines_known(counts: dict[str, int], broken: list[str]) -> None:
    ledger = Ledger("round", "anywhere")
    ledger.batches.append(BATCH)
    for each in ({"accepted": 0, "unknown": 4}, counts):
        words = f"{CANCELLED}: nothing is in the database yet"
        judge_look(ledger, Look(words, counts={"lines": 5, **each}), KEPT)
    assert [rule for rule in ledger.offences if rule == "false words"] == broken


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("lost", lambda: judged(kept=Kept({}, KEPT.dead, {"1": "b 0", "9": "t 0"}))),
        ("lost", lambda: judged(kept=KEPT._replace(rows=KEPT.rows | {"1": "b 1", "2": "b 0"}))),
        ("lost", lambda: judged(kept=KEPT._replace(rows={"1": "b 0", "2": "b 1"}))),
        ("doubled", lambda: judged(kept=KEPT._replace(rows=KEPT.rows | {"4": "b 0"}))),
        ("doubled", lambda: judged(kept=KEPT._replace(rows=KEPT.rows | {"3": "b 2 poison"}))),
        ("doubled", lambda: judged(kept=KEPT._replace(rows=KEPT.rows | {"8": "t 0"}))),
        ("unexplained", lambda: judged(kept=KEPT._replace(rows=KEPT.rows | {"7": "another"}))),
        ("unexplained", lambda: judged(lines=LINES[1:])),
        ("false words", lambda: judged(lines=LINES[:-1])),
        ("false words", lambda: judged(replace(RECEIPT, words="All of them are stored."))),
        ("false words", lambda: judged(replace(RECEIPT, words="3 stored"))),
        ("false words", lambda: judged(replace(RECEIPT, words="1 stored, 1 failed"))),
        ("false words", lambda: judged(replace(RECEIPT, words="1 stored, 1 failed\nNo longer there: 1 string. Lost."))),
        ("unread", lambda: judged(replace(RECEIPT, words="3 of 4 strings accepted\n2 stored, 1 awaited", counts={}))),
        ("unread", lambda: judged(replace(RECEIPT, words="All sent: 3 strings accepted"))),
        ("false words", lambda: judged(replace(RECEIPT, words="4 of 4 strings accepted", counts={}))),
        ("false words", lambda: judged(replace(RECEIPT, words="0 of 17 strings accepted", counts={}))),
        ("false words", lambda: judged(replace(RECEIPT, counts={"lines": 5, "accepted": 2, "refused": 1}))),
        ("false words", lambda: judged(row=Row("t 0", "stored", "8"))),
        ("false words", lambda: judged(row=Row("t 0", "unknown", "9"))),
    ],
)
def test_each_rule_that_is_broken_is_reported(rule: str, changed: Callable[[], Ledger]) -> None:
    assert changed().offences[rule]


def test_a_paused_batch_may_not_say_for_good_that_less_was_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger("round", "anywhere")
    ledger.batches.append(BATCH)
    paused = Look("Sending\n1 of 4 strings accepted\n1 stored\nPaused.")
    unsettled = replace(paused, words=f"{paused.words} It is not known yet whether 2 strings were accepted.")
    for seconds, look, broken in ((0, paused, 0), (2, paused, 0), (4, unsettled, 0), (8, paused, 0), (12, paused, 1)):
        monkeypatch.setattr(checker.time, "monotonic", lambda seconds=seconds: 1000.0 + seconds)
        judge_look(ledger, look, KEPT)
        assert len(ledger.offences["false words"]) == broken


def test_no_receipt_may_come_back_or_change_what_it_says_was_not_sent() -> None:
    cancelled = replace(RECEIPT, words="Cancelled: 1 string\n1 stored", counts={"lines": 5, "accepted": 1, "unsent": 3})
    more = replace(RECEIPT, words="Cancelled: 3 strings\n2 stored, 1 failed")
    ledger = Ledger("round", "anywhere")
    ledger.batches.append(BATCH)
    judge_look(ledger, cancelled, KEPT)
    assert not ledger.broken
    judge_look(ledger, replace(more, counts={"lines": 5, "accepted": 3, "unsent": 1}), KEPT)
    assert len(ledger.offences["false words"]) == 1
    ledger.receipts["b"].closed = True
    judge_look(ledger, cancelled, KEPT)
    assert len(ledger.offences["false words"]) == 2


def test_the_number_of_lines_or_strings_tells_which_batch_it_is() -> None:
    ledger = Ledger("round", "anywhere")
    ledger.batches = [make_batch(f"b{number:02}", number, Random(number)) for number in range(16)]
    for batch in ledger.batches:
        assert ledger.batch_of(len(batch.lines)) is ledger.batch_of(len(batch.texts)) is batch


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_still_fits_the_page(mutant: object) -> None:
    for file, old, _ in mutant.edits:
        assert (ROOT / file).read_text(encoding="utf-8").count(old) == 1
