"""Where the database is, read from the environment."""

from __future__ import annotations

from pydantic import BaseModel

from core.addresses import database_address
from core.settings import DatabaseUrl, JournalUrl, Replicas, Shards, stop, variable


class EraseSettings(BaseModel):
    """The settings of ``database.erase``."""

    database_owner_url: DatabaseUrl
    """PostgreSQL, as the owner of the table."""
    redis_url: JournalUrl | None = None
    """Where the journal is; without it nothing is erased there."""
    journal_shards: Shards = 1
    """Into how many shards it is divided."""
    journal_replicas: Replicas = 0
    """On the disks of how many replicas of Redis a text must be erased, too."""
    allow_volatile_journal: bool = False
    """Whether it is enough that the replicas have received that."""
    log_json: bool = False
    """Whether log lines are JSON."""


def database_url(name: str) -> str:
    """Return the address that the variable, or the file that ``<name>_FILE`` names, holds.

    Where there is none, or a bad one, stop the process with one line that names the variable and says what to do.
    """
    try:
        return database_address(variable(name) or "")
    except ValueError as error:
        stop([f"{name}: {error}"])
