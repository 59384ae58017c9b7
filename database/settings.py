"""The migration's only setting, read from the environment."""

from __future__ import annotations

import os
from pathlib import Path


def owner_url() -> str:
    """Return where the database is, as its owner: DATABASE_OWNER_URL, or the content of DATABASE_OWNER_URL_FILE.

    Raises ValueError when neither is set, OSError when the file cannot be read.
    """
    path = os.environ.get("DATABASE_OWNER_URL_FILE")
    url = Path(path).read_text(encoding="utf-8").strip() if path else os.environ.get("DATABASE_OWNER_URL", "")
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("DATABASE_OWNER_URL: set it to postgresql://owner:password@host:port/database")
    return url
