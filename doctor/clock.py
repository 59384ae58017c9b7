"""Clocks: ids, times and leases suffer when two machines' clocks are apart."""

from __future__ import annotations

from doctor.finding import Finding, ill, well

APART = 5.0
"""Seconds that two clocks may differ."""


def compare(what: str, theirs: float, ours: float) -> Finding:
    """Return whether another machine's clock (s since 1970) is about ours."""
    apart = theirs - ours
    if abs(apart) > APART:
        way = "ahead of" if apart > 0 else "behind"
        return ill(what, f"{abs(apart):.0f} s {way} the clock here", "have both machines' clocks set by NTP")
    return well(what, f"within {max(0.1, abs(apart)):.1f} s of the clock here")
