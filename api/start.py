"""What stops the API at its start."""

from __future__ import annotations

import psycopg2

from api.settings import ApiSettings
from core.durability import refuse_volatile
from core.session import refuse_unfit


def refuse_unkept(settings: ApiSettings) -> None:
    """Stop the process, with one line, when Redis or PostgreSQL could not keep what is promised."""
    refuse_volatile(settings)
    refuse_unfit(psycopg2, settings.database_read_url, "DATABASE_READ_URL")
