"""The worker's settings, read from the environment once at the start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from core.settings import CoreSettings, DatabaseUrl


class WorkerSettings(CoreSettings):
    """The worker's settings."""

    database_url: DatabaseUrl
    """PostgreSQL, through the write role."""
    heartbeat_folder: Path | None = None
    """Where the worker touches ``progress`` and, when Redis has its heartbeat, ``journal``, for the probes."""
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """A port on which the worker serves ``/metrics`` to Prometheus."""

    @field_validator("metrics_port")
    @classmethod
    def _check_folder(cls, port: int | None, given: ValidationInfo) -> int | None:
        if port is not None and given.data.get("prometheus_multiproc_dir") is None:
            raise ValueError("set PROMETHEUS_MULTIPROC_DIR too: the pool's processes count, the worker shows it")
        return port
