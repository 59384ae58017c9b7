"""Publish benchmarks/results.json: draw the chart and write the tables between the markers in README and docs.

``python -m benchmarks.publish`` measures nothing; use it after a change to the chart or the tables.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks import chart, readme, report
from benchmarks.results import Results, doubts
from local.system import ROOT

BEGIN, END = "<!-- benchmarks.publish: begin -->", "<!-- benchmarks.publish: end -->"
RESULTS = Path("benchmarks/results.json")


def read(root: Path) -> Results:
    """Return the results of the run that is published."""
    results: Results = json.loads((root / RESULTS).read_text(encoding="utf-8"))
    return results


def render(results: Results, root: Path) -> dict[Path, str]:
    """Return each published file, relative to the root, with its text. Raises ValueError where markers are missing."""
    tables = {
        "README.md": readme.render(results, readme.ENGLISH),
        "README.ko.md": readme.render(results, readme.KOREAN),
        "docs/performance.md": report.render(results),
    }
    published = {
        Path(name): replace_between_markers((root / name).read_text(encoding="utf-8"), text)
        for name, text in tables.items()
    }
    return published | {Path("docs/benchmark.svg"): chart.draw(results)}


def replace_between_markers(document: str, text: str) -> str:
    """Return the document with the text between its markers. Raises ValueError if they are missing."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the document lacks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def replace(results: Results, root: Path) -> None:
    """Replace the results and publish them; if there are doubts, exit with 1 and leave all files as they are."""
    if reasons := doubts(results["machine"]):
        sys.exit(f"not published: {'; '.join(reasons)}")
    text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    _write({RESULTS: text} | render(results, root), root)


def _write(files: dict[Path, str], root: Path) -> None:
    for name, text in files.items():
        (root / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")


def main() -> None:
    """Publish the results in the repository."""
    _write(render(read(ROOT), ROOT), ROOT)


if __name__ == "__main__":
    main()
