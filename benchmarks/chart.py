"""A bar chart of the contenders, as SVG by hand: it is read on light and on dark pages and needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.report import CONTENDERS, number

KEY = "{contender}.64.stored"
WIDTH, LABELS, FIGURES = 900, 420, 70
TOP, STEP, BAR = 64, 34, 22
STYLE = """
    text { font: 14px system-ui, sans-serif; fill: #1f2328 }
    .title { font-weight: 600; font-size: 16px }
    .note { font-size: 12px; fill: #59636e }
    .ours { fill: #1a7f37 } .peer { fill: #6e7781 } .limit { fill: #afb8c1 }
    .spread { stroke: #1f2328; stroke-width: 1.5 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } .note { fill: #9198a1 }
      .ours { fill: #3fb950 } .peer { fill: #8b949e } .limit { fill: #484f58 }
      .spread { stroke: #e6edf3 }
    }
  """


def draw(results: Mapping[str, Any]) -> str:
    """Return the chart: strings stored a second at 64 clients, the median as a bar, the spread as a line."""
    figures = {contender: results["figures"].get(KEY.format(contender=contender)) for contender in CONTENDERS}
    measured = {contender: figure for contender, figure in figures.items() if figure}
    most = max((figure["most"] for figure in measured.values()), default=1.0)
    scale = (WIDTH - LABELS - FIGURES) / most
    ordered = sorted(measured, key=lambda contender: -measured[contender]["median"])
    bars = [_bar(contender, measured[contender], TOP + place * STEP, scale) for place, contender in enumerate(ordered)]
    height = TOP + len(bars) * STEP + 12
    cores = f"{results['machine']['cores']} cores that carry the load generator too"
    note = f"64 clients, strings of 17 characters, {cores}; the limits store nothing"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            f"  <style>{STYLE}</style>",
            "  <title>Single strings a second, from the request to the row</title>",
            '  <text class="title" x="8" y="24">Single strings a second, from the request to the row</text>',
            f'  <text class="note" x="8" y="44">{escape(note)}</text>',
            *bars,
            "</svg>\n",
        ]
    )


def _bar(contender: str, figure: Mapping[str, float], top: float, scale: float) -> str:
    kind = "ours" if contender == "ours" else "limit" if contender.startswith("bare") else "peer"
    middle, width = top + BAR / 2, figure["median"] * scale
    ends = [LABELS + figure[end] * scale for end in ("least", "most")]
    return "\n".join(
        [
            f'  <text x="{LABELS - 10}" y="{middle + 5:.1f}" text-anchor="end">{escape(CONTENDERS[contender])}</text>',
            f'  <rect class="{kind}" x="{LABELS}" y="{top:.1f}" width="{width:.1f}" height="{BAR}" rx="2"/>',
            f'  <line class="spread" x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="{middle:.1f}" y2="{middle:.1f}"/>',
            f'  <text x="{ends[1] + 8:.1f}" y="{middle + 5:.1f}">{number(figure["median"])}</text>',
        ]
    )
