"""What stops the API at its start, with one line and exit code 2."""

from __future__ import annotations

from api.settings import ApiSettings
from core.durability import refuse_volatile
from database.session import refuse_unfit


def refuse_unfit_servers(settings: ApiSettings) -> None:
    """Exit when Redis or PostgreSQL could not keep what is promised."""
    refuse_volatile(settings)
    refuse_unfit(settings.database_read_url, "DATABASE_READ_URL")
