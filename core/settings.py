"""Settings: the only readers of the environment are this module and each tier's ``settings.py``.

A field ``redis_url`` is read from ``REDIS_URL``, or from the file that ``REDIS_URL_FILE`` names (for secrets
that are mounted as files). A bad value stops the start with one line that names it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, TypeVar

from pydantic import RedisDsn, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


class _FileSource(PydanticBaseSettingsSource):
    """Reads ``<NAME>_FILE``."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        path = os.environ.get(f"{field_name.upper()}_FILE")
        value = Path(path).read_text(encoding="utf-8").rstrip("\r\n") if path else None
        return value, field_name, False

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}


class CoreSettings(BaseSettings):
    """What every tier needs."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True)

    redis_url: RedisDsn
    """Where the journal is: ``redis://[[user]:password@]host[:port]/db``, or ``rediss://`` for TLS."""
    celery_broker_url: RedisDsn | None = None
    """Where the wake-ups travel; the journal's Redis unless said otherwise."""
    allow_volatile_journal: bool = False
    """Whether a Redis is good enough that loses what it acknowledged when it ends or is full: on a laptop, perhaps."""
    log_json: bool = False
    """Whether log lines are JSON, for machines; else key=value, for people."""

    @property
    def broker_url(self) -> str:
        """Where the wake-ups travel."""
        return str(self.celery_broker_url or self.redis_url)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from the call, the environment, and files that the environment names."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _FileSource(settings_cls)


S = TypeVar("S", bound=CoreSettings)


def load(settings: type[S]) -> S:
    """Return the settings, or stop the process with one line for each bad value (its name, never the value)."""
    try:
        return settings()  # type: ignore[call-arg]
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            name = "_".join(str(part) for part in problem["loc"][:1]).upper()
            print(f"{name}: {problem['msg']}", file=sys.stderr)  # noqa: T201
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)  # noqa: T201
    raise SystemExit(2)
