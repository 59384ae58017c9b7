"""What a later try may cure, by SQLSTATE."""

from __future__ import annotations

import psycopg2
import pytest

from worker.store import is_outage


class Refusal(psycopg2.Error):
    """An error with a SQLSTATE of one's choice."""

    def __init__(self, code: str | None) -> None:
        super().__init__("refused")
        self.code = code

    @property
    def pgcode(self) -> str | None:
        """The SQLSTATE."""
        return self.code


@pytest.mark.parametrize(
    "code",
    [
        None,
        "08006",
        "40001",
        "40P01",
        "42501",
        "42P01",
        "53100",
        "53200",
        "53300",
        "55P03",
        "57014",
        "57P01",
        "58030",
        "25006",
    ],
)
def test_an_outage(code: str | None) -> None:
    assert is_outage(Refusal(code))


@pytest.mark.parametrize(
    "code", ["22001", "22021", "22P02", "23502", "23505", "23514", "54000", "25001", "P0001", "XX000"]
)
def test_poison(code: str) -> None:
    assert not is_outage(Refusal(code))
