"""Where the database is, read from the environment."""

from __future__ import annotations

import os
from pathlib import Path


def database_url(name: str) -> str:
    """Return the address that the variable, or the file that ``<name>_FILE`` names, holds.

    Raises ValueError when neither is set, OSError when the file cannot be read.
    """
    path = os.environ.get(f"{name}_FILE")
    url = Path(path).read_text(encoding="utf-8").strip() if path else os.environ.get(name, "")
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError(f"{name}: set it to postgresql://role:password@host:port/database")
    return url
