"""The API's settings, read from the environment once at the start."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from core.settings import CoreSettings, DatabaseUrl

_ORIGIN = re.compile(r"(?!https:.*:443$|http:.*:80$)https?://[a-z0-9._-]+(?::[1-9][0-9]{0,4})?")

SHORTEST_TOKEN = 16


class ApiSettings(CoreSettings):
    """What the API needs."""

    database_read_url: DatabaseUrl | None = None
    """The primary, through the read role; without it history and the status of stored strings answer 503."""
    max_text_bytes: Annotated[int, Field(ge=1, le=1024 * 1024)] = 64 * 1024
    """The longest string, in bytes of UTF-8."""
    journal_limit: Annotated[int, Field(ge=1)] = 5_000_000
    """Waiting strings from which submitting is refused with 503."""
    journal_memory_fraction: Annotated[float, Field(gt=0, le=1)] = 0.9
    """The fraction of Redis' maxmemory from which submitting is refused with 503."""
    cors_origins: tuple[str, ...] = ()
    """Origins, comma-separated, whose pages may use the API from the browser; none by default."""
    operator_token: SecretStr | None = None
    """The bearer token of operators, who manage dead letters; without it no one can over HTTP."""

    operations_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """A port on which a separate thread serves ``/healthz`` and ``/readyz``; they are also served with the rest."""
    stuck_after: Annotated[float, Field(gt=0)] = 30.0
    """Seconds without progress after which a request is stuck; ``/healthz`` on that port fails once all threads are."""
    draining_file: Path | None = None
    """While this file exists the process is shutting down: it is not ready, and closes connections after a response."""

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(origin.strip() for origin in value.split(",") if origin.strip())

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        """Accept only what browsers send: anything else would never match."""
        for place, origin in enumerate(origins, 1):
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"write origin {place} as https://host, or https://host:8443 for a port, in lower case"
                )
        return origins

    @field_validator("operator_token")
    @classmethod
    def _check_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token and len(token.get_secret_value()) < SHORTEST_TOKEN:
            raise ValueError(f"use at least {SHORTEST_TOKEN} characters")
        if token and not re.fullmatch("[!-~]([ -~]*[!-~])?", token.get_secret_value()):
            raise ValueError("use visible ASCII characters, which a header can carry, and spaces only between them")
        return token
