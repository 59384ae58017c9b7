"""Where the database is, read from the environment."""

from __future__ import annotations

from core.addresses import database_address
from core.settings import stop, variable


def database_url(name: str) -> str:
    """Return the address that the variable, or the file that ``<name>_FILE`` names, holds.

    Where there is none, or a bad one, stop the process with one line that names the variable and says what to do.
    """
    try:
        return database_address(variable(name) or "")
    except ValueError as error:
        stop([f"{name}: {error}"])
