"""What PostgreSQL's errors are about: the connection, the database, the text, or something unlisted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest

from database.errors import is_outage
from worker.failures import TooSlow, refusal

OPEN, CLOSED = SimpleNamespace(closed=0), SimpleNamespace(closed=2)


class Said(psycopg2.OperationalError):
    """An error with any SQLSTATE."""

    def __init__(self, code: str | None, context: str | None = None) -> None:
        super().__init__("what the server said\nDETAIL: Failing row contains (secret)")
        self.code, self.context = code, context

    @property
    def pgcode(self) -> str | None:
        """The SQLSTATE."""
        return self.code

    @property
    def diag(self) -> Any:
        """The parts of the message."""
        return SimpleNamespace(message_primary="what the server said", constraint_name=None, context=self.context)


@pytest.mark.parametrize(
    ("error", "connection"),
    [
        (Said(None), OPEN),
        (Said("08006"), OPEN),
        (Said("23514"), CLOSED),
        (psycopg2.InterfaceError("cursor already closed"), OPEN),
        (psycopg2.DatabaseError("error with status PGRES_TUPLES_OK and no message from the libpq"), OPEN),
        (RuntimeError("ours"), CLOSED),
        (RuntimeError("ours"), None),
    ],
)
def test_a_lost_connection_says_nothing_about_the_strings(error: Exception, connection: Any) -> None:
    assert is_outage(error, connection)


@pytest.mark.parametrize(
    "code",
    [
        *("25006", "25P02", "26000", "28000", "40001", "40P01", "42501", "42P01", "42703", "42883"),
        *("53100", "53200", "53300", "55P03", "55006", "57P01", "58030", "58P01"),
        *("XX000", "XX001", "XX002", "0A000", "F0000", "HV000"),
    ],
)
def test_what_says_how_the_database_is_doing_never_counts_against_a_string(code: str) -> None:
    failure = refusal(Said(code), OPEN).failure
    assert not failure.counts
    assert not failure.final


@pytest.mark.parametrize("code", ["P0001", "22012", "22P02", "54000", "44000", "38000", "ZZ123", "21000"])
def test_an_unlisted_error_counts_but_is_not_final(code: str) -> None:
    failure = refusal(Said(code), OPEN).failure
    assert failure.counts
    assert not failure.final


@pytest.mark.parametrize("code", ["22021", "22P05", "22001"])
def test_a_text_that_is_refused_as_such_is_final(code: str) -> None:
    assert refusal(Said(code), OPEN).failure.final
    assert not refusal(Said(code, "PL/pgSQL function audit() line 1 at SQL statement"), OPEN).failure.final


@pytest.mark.parametrize("error", [ValueError("NUL"), UnicodeEncodeError("ascii", "µ", 0, 1, "no"), KeyError("x")])
def test_an_exception_of_our_own_code_is_not_the_strings_fault_by_itself(error: Exception) -> None:
    failure = refusal(error, OPEN).failure
    assert (failure.kind, failure.final, failure.counts) == (type(error).__name__, False, True)


@pytest.mark.parametrize(("code", "counts"), [("57014", True), ("55P03", False)])
def test_a_statement_that_took_too_long_is_an_error_of_its_own(code: str, *, counts: bool) -> None:
    refused = refusal(Said(code), OPEN)
    assert isinstance(refused, TooSlow)
    assert refused.failure.counts == counts


def test_a_reason_is_the_same_for_all_that_fail_alike_and_repeats_no_text() -> None:
    assert refusal(Said("P0001"), OPEN).failure.reason == "P0001 what the server said"
