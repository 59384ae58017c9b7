"""What the doctor reports: one line for each check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

UNREACHED = "does not answer"
"""How what was seen begins where a server could not be reached."""
APART = 5.0
"""Seconds that two machines' clocks may differ."""


class Finding(NamedTuple):
    """The result of one check: what was checked, whether it is ok (None: skipped), what was seen, and the remedy."""

    what: str
    ok: bool | None
    seen: str
    remedy: str = ""


def passed(what: str, seen: str) -> Finding:
    """Return that a check passed."""
    return Finding(what, ok=True, seen=seen)


def failed(what: str, seen: str, remedy: str) -> Finding:
    """Return that a check failed, and what to do."""
    return Finding(what, ok=False, seen=seen, remedy=remedy)


def skipped(what: str, why: str) -> Finding:
    """Return that a check could not be made."""
    return Finding(what, ok=None, seen=why)


def compare_clocks(what: str, theirs: float, ours: float) -> Finding:
    """Return whether another machine's clock (s since 1970) agrees with ours: ids, times and leases depend on it."""
    apart = theirs - ours
    if abs(apart) > APART:
        way = "ahead of" if apart > 0 else "behind"
        return failed(what, f"{abs(apart):.0f} s {way} the clock here", "synchronize both machines' clocks with NTP")
    return passed(what, f"within {max(0.1, abs(apart)):.1f} s of the clock here")


def table(findings: Sequence[Finding]) -> str:
    """Return all findings, a line each, with the remedy below each that failed."""
    signs = {True: "✓", False: "✗", None: "·"}
    width = max(len(finding.what) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{signs[finding.ok]} {finding.what:<{width}}  {finding.seen}")
        if finding.remedy:
            lines.append(f"  {'':<{width}}  → {finding.remedy}")
    return "\n".join(lines)
