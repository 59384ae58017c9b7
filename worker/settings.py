"""The worker's settings, read from the environment once at the start."""

from __future__ import annotations

from pydantic import PostgresDsn

from core.settings import CoreSettings


class WorkerSettings(CoreSettings):
    """What the worker needs."""

    database_url: PostgresDsn
    """PostgreSQL, through the write role."""
