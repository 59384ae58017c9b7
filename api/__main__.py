"""The API as a program: ``python -m api``, with granian's options.

granian replaces a process that ends at its start, and with several of them goes on doing so. So what stops the API is
looked at here as well, before there is any, and is said once.
"""

from __future__ import annotations

from granian.cli import entrypoint

from api.settings import ApiSettings
from core.durability import refuse_volatile
from core.settings import load


def main() -> None:
    """Serve, or stop with one line when a setting is bad or Redis cannot keep the promise."""
    refuse_volatile(load(ApiSettings))
    entrypoint()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
