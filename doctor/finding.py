"""What the doctor finds: one line for each thing that it looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Finding(NamedTuple):
    """One thing that was looked at: whether it is well (None: it could not be looked at), what was seen, what to do."""

    what: str
    well: bool | None
    seen: str
    remedy: str = ""


def well(what: str, seen: str) -> Finding:
    """Return that a thing is as it should be."""
    return Finding(what, well=True, seen=seen)


def ill(what: str, seen: str, remedy: str) -> Finding:
    """Return that a thing is not as it should be, and what to do."""
    return Finding(what, well=False, seen=seen, remedy=remedy)


def unseen(what: str, why: str) -> Finding:
    """Return that a thing could not be looked at."""
    return Finding(what, well=None, seen=why)


def table(findings: Sequence[Finding]) -> str:
    """Return all findings, a line each, with the remedy below each that is not well."""
    signs = {True: "✓", False: "✗", None: "·"}
    width = max(len(finding.what) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{signs[finding.well]} {finding.what:<{width}}  {finding.seen}")
        if finding.remedy:
            lines.append(f"  {'':<{width}}  → {finding.remedy}")
    return "\n".join(lines)
