"""The checker itself: each rule, broken once, is reported; and each way to break the code fits the present code."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.checker import Found, check, report
from faults.ledger import Ledger
from faults.mutants import MUTANTS
from faults.proxy import INSERT
from faults.texts import nonce_of, text_of
from local.system import ROOT

ONE, TWO, BAD, OFF, MAYBE = "aaaaaaaa-1", "aaaaaaaa-2", "aaaaaaaa-3-poison", "aaaaaaaa-4", "aaaaaaaa-5"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Two strings and a poisonous one acknowledged, one refused, one unknown."""
    made = Ledger(tmp_path / "ledger")
    for nonce, row_id in ((ONE, "1"), (TWO, "2"), (BAD, "3")):
        made.note("invoked", [nonce])
        made.note("acknowledged", [nonce], "202", [row_id])
    for nonce, outcome in ((OFF, "refused"), (MAYBE, "unknown")):
        made.note("invoked", [nonce])
        made.note(outcome, [nonce])
    made.close()
    return made


def found(**changes: object) -> Found:
    """Return the state after a run without faults, with these changes."""
    right = Found(
        rows=[("1", text_of(ONE)), ("2", text_of(TWO)), ("5", text_of(MAYBE))],
        dead_letters=[("3", text_of(BAD))],
        statuses={"1": "stored", "2": "stored", "3": "failed"},
        waiting=0,
        set_aside=0,
        late=0,
        unaccounted=0,
        unseen_faults=[],
    )
    return right._replace(**changes)


def test_a_fit_string_that_is_refused_is_reported(tmp_path: Path) -> None:
    again = Ledger(tmp_path / "again")
    again.note("invoked", [ONE])
    again.note("refused", [ONE], "422 key-reused")
    again.close()
    assert check(again, found(rows=[], dead_letters=[], statuses={})).offences["turned away"] == [ONE]


def test_a_run_in_which_all_went_well_is_green(ledger: Ledger) -> None:
    verdict = check(ledger, found(), least_acknowledged=3)
    assert verdict.ok
    assert verdict.counts["recovered"] == 1


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("lost", {"rows": [("1", text_of(ONE))]}),
        ("duplicated", {"rows": [*found().rows, ("9", text_of(ONE))]}),
        ("duplicated", {"rows": [*found().rows, ("3", text_of(BAD))]}),
        ("unexpected", {"rows": [*found().rows, ("4", text_of(OFF))]}),
        ("unexpected", {"rows": [*found().rows, ("9", text_of("aaaaaaaa-99"))]}),
        ("altered", {"rows": [("1", text_of(ONE) + " "), *found().rows[1:]]}),
        ("renamed", {"rows": [("9", text_of(ONE)), *found().rows[1:]]}),
        ("wrongly dead", {"rows": found().rows[1:], "dead_letters": [("1", text_of(ONE)), *found().dead_letters]}),
        ("wrongly alive", {"rows": [*found().rows, ("3", text_of(BAD))], "dead_letters": []}),
        ("wrong status", {"statuses": {"1": "queued"}}),
        ("wrong status", {"statuses": {"3": "unknown"}}),
    ],
)
def test_each_rule_that_is_broken_is_reported(ledger: Ledger, rule: str, changes: dict[str, object]) -> None:
    verdict = check(ledger, found(**changes), least_acknowledged=3)
    assert verdict.offences[rule]
    assert not verdict.ok
    assert "SEED=17" in report(verdict, ledger, 17)


@pytest.mark.parametrize(
    ("changes", "least", "says"),
    [
        ({}, 4, "only 3 strings"),
        ({"waiting": 2, "set_aside": 1}, 3, "2 strings wait in the journal still, 1 of them set aside"),
        ({"late": 3}, 3, "3 strings were stored too late"),
        ({"unaccounted": -1}, 3, "the balance is off by -1 strings"),
        ({"unseen_faults": ["Redis killed"]}, 3, "not seen to happen: Redis killed"),
    ],
)
def test_a_run_that_shows_too_little_is_red(ledger: Ledger, changes: dict[str, object], least: int, says: str) -> None:
    verdict = check(ledger, found(**changes), least_acknowledged=least)
    assert not verdict.ok
    assert says in report(verdict, ledger, 1)


def test_a_text_carries_its_nonce() -> None:
    assert [nonce_of(text_of(nonce)) for nonce in (ONE, BAD)] == [ONE, BAD]
    assert nonce_of("no nonce") is None


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_still_fits_the_code(mutant: object) -> None:
    for file, old, _ in mutant.edits:
        assert (ROOT / file).read_text(encoding="utf-8").count(old) >= 1


def test_the_proxy_knows_the_workers_statement() -> None:
    """Otherwise no answer to a commit would be dropped."""
    assert INSERT in (ROOT / "worker" / "sql" / "insert.sql").read_bytes()
