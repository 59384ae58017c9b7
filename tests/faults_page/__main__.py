"""A long run of the page's faults: ``make faults-page``.

SEED= gives the actions and the troubles, DURATION= the seconds; ROUND= plays the round of this number alone.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from faults_page.run import report, run


def main() -> None:
    """Run, print what happened, and exit with 1 if a rule was broken or, except in a single round, if it was idle."""
    seed, seconds = int(os.environ.get("SEED", "1")), float(os.environ.get("DURATION", "600"))
    number = os.environ.get("ROUND")
    folder = Path(tempfile.mkdtemp(prefix="faults-page-"))
    result = run(folder, seed, rounds=1 if number else None, seconds=seconds, first=int(number or 0))
    print(report(result))
    shutil.rmtree(folder / "system", ignore_errors=True)
    passed = result.ok and (number is not None or not result.idle)
    if passed:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
