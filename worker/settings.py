"""The worker's settings, read from the environment once at the start."""

from __future__ import annotations

from pathlib import Path

from core.settings import CoreSettings, DatabaseUrl


class WorkerSettings(CoreSettings):
    """The worker's settings."""

    database_url: DatabaseUrl
    """PostgreSQL, through the write role."""
    heartbeat_folder: Path | None = None
    """Where the worker touches ``progress`` and, when Redis has its heartbeat, ``journal``, for the probes."""
