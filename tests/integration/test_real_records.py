"""Status records and repeats on real Redis: the oldest supported version and the machine's own."""

from __future__ import annotations

from record_cases import Calls, LookUps, RepeatedBulks


class TestLookUps(LookUps):
    """On both versions."""


class TestRepeatedBulks(RepeatedBulks):
    """On both versions."""


class TestCalls(Calls):
    """On both versions."""
