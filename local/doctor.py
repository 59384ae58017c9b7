"""`make doctor`: the doctor, by default for the system that `make run` started."""

from __future__ import annotations

import json
import os
import runpy
import sys

from local.run import ADDRESSES


def main() -> None:
    """Examine what the environment names or, where it names no Redis, the system of `make run`."""
    if not os.environ.get("REDIS_URL"):
        if not ADDRESSES.exists():
            sys.exit("Nothing to look at: start the system with make run, or set REDIS_URL, DATABASE_URL and so on.")
        os.environ |= json.loads(ADDRESSES.read_text(encoding="utf-8"))
    runpy.run_module("doctor", run_name="__main__")


if __name__ == "__main__":
    main()
