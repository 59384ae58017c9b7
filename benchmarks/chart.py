"""A bar chart of the contenders as SVG, for light and dark pages."""

from __future__ import annotations

from xml.sax.saxutils import escape

from benchmarks.figures import Summary, summarise
from benchmarks.report import CONTENDERS, OURS, number
from benchmarks.results import Results

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


def draw(results: Results) -> str:
    """Return the chart: strings stored per second with 64 clients, the median as a bar, the spread as a line."""
    rounds = results["figures"]
    keys = {contender: KEY.format(contender=contender) for contender in CONTENDERS}
    measured = {contender: summarise(rounds[key]) for contender, key in keys.items() if key in rounds}
    scale = (WIDTH - LABELS - FIGURES) / max(figure.most for figure in measured.values())
    ordered = sorted(measured, key=lambda contender: -measured[contender].median)
    bars = [_bar(contender, measured[contender], TOP + place * STEP, scale) for place, contender in enumerate(ordered)]
    height = TOP + len(bars) * STEP + 12
    cores = f"{results['machine']['cores']} cores shared with the load generator"
    note = f"64 clients, strings of 17 characters, {cores}; the limits store nothing"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            f"  <style>{STYLE}</style>",
            "  <title>Single strings stored per second, from the request to the row</title>",
            '  <text class="title" x="8" y="24">Single strings stored per second, from the request to the row</text>',
            f'  <text class="note" x="8" y="44">{escape(note)}</text>',
            *bars,
            "</svg>\n",
        ]
    )


def _bar(contender: str, figure: Summary, top: float, scale: float) -> str:
    kind = "ours" if contender in OURS else "limit" if contender.startswith("bare") else "peer"
    middle, width = top + BAR / 2, figure.median * scale
    ends = [LABELS + end * scale for end in (figure.least, figure.most)]
    return "\n".join(
        [
            f'  <text x="{LABELS - 10}" y="{middle + 5:.1f}" text-anchor="end">{escape(CONTENDERS[contender])}</text>',
            f'  <rect class="{kind}" x="{LABELS}" y="{top:.1f}" width="{width:.1f}" height="{BAR}" rx="2"/>',
            f'  <line class="spread" x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="{middle:.1f}" y2="{middle:.1f}"/>',
            f'  <text x="{ends[1] + 8:.1f}" y="{middle + 5:.1f}">{number(figure.median)}</text>',
        ]
    )
