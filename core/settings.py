"""Settings: only this module reads the environment; each tier's ``settings.py`` declares what it needs.

A field ``redis_url`` is read from ``REDIS_URL``, or from the file that ``REDIS_URL_FILE`` names (for secrets
that are mounted as files). A bad value stops the start with one line that names it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from core.addresses import database_address, is_cluster, journal_address, redis_address
from core.shards import MOST_SHARDS

RedisUrl = Annotated[str, AfterValidator(redis_address)]
JournalUrl = Annotated[str, AfterValidator(journal_address)]
DatabaseUrl = Annotated[str, AfterValidator(database_address)]
MAX_FILE_BYTES = 64 * 1024
_CELERY_READS = ("BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL")
"""Variables that override the broker's address in Celery only."""
_LIBRARIES_READ = ("PROMETHEUS_MULTIPROC_DIR",)


NEEDS_BROKER = "set it to a Redis of its own: wake-ups cannot travel over a Redis Cluster"
MOST_REPLICAS = 5
Replicas = Annotated[int, Field(ge=0, le=MOST_REPLICAS)]
Shards = Annotated[int, Field(ge=1, le=MOST_SHARDS)]


class CoreSettings(BaseModel):
    """The settings of every tier."""

    model_config = ConfigDict(frozen=True)

    redis_url: JournalUrl
    """Where the journal is: ``redis://[[user]:password@]host[:port]/db``, or ``rediss://`` for TLS. A Redis Cluster is
    named by some of its nodes: ``redis+cluster://[[user]:password@]host:port,host:port/``, or ``rediss+cluster://``."""
    celery_broker_url: RedisUrl | None = Field(default=None, validate_default=True)
    """The broker of the wake-ups; the journal's Redis by default, which must not be a cluster then."""
    journal_replicas: Replicas = 0
    """On the disks of how many replicas of Redis a string must be, too, before it is accepted."""
    journal_shards: Shards = 1
    """Into how many shards a journal on a Redis Cluster is divided; it may be raised, workers first."""
    allow_volatile_journal: bool = False
    """Whether to accept a Redis that loses what it acknowledged when it ends or is full, as on a laptop."""
    log_json: bool = False
    """Whether log lines are JSON, for machines; otherwise key=value, for people."""
    prometheus_multiproc_dir: Path | None = None
    """A folder of the tier's own through which its processes add up their metrics; it may be made here."""
    otel_exporter_otlp_endpoint: HttpUrl | None = None
    """The collector that gets traces, by OTLP over HTTP; without one nothing is traced."""

    @field_validator("celery_broker_url")
    @classmethod
    def _need_broker(cls, broker: str | None, given: ValidationInfo) -> str | None:
        if broker is None and is_cluster(given.data.get("redis_url", "")):
            raise ValueError(NEEDS_BROKER)
        return broker

    @field_validator("journal_shards")
    @classmethod
    def _need_cluster(cls, shards: int, given: ValidationInfo) -> int:
        if shards > 1 and not is_cluster(given.data.get("redis_url", "")):
            raise ValueError("only a journal on a Redis Cluster has shards: redis+cluster://host:port,host:port/")
        return shards

    @property
    def broker_url(self) -> str:
        """The address of the broker."""
        return self.celery_broker_url or self.redis_url


S = TypeVar("S", bound=BaseModel)


def variable(name: str) -> str | None:
    """Return the value of a variable, or the content of the file that ``<name>_FILE`` names; None if neither is set.

    Raises ValueError, which says what to do, where the setting is ambiguous or the file cannot be read.
    """
    confusing = _CELERY_READS if name == "CELERY_BROKER_URL" else ()
    for other in os.environ:
        if os.environ[other] and (other in confusing or (other.upper() in {name, f"{name}_FILE"} - {other})):
            raise ValueError(f"unset {other}, which not every program reads, and set {name}")
    value, path = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if path and name in _LIBRARIES_READ:
        raise ValueError(f"set it, not {name}_FILE, which the library that reads it does not know")
    if value and path:
        raise ValueError(f"set it or {name}_FILE, not both")
    if not path:
        return value or None
    if not (text := content(Path(path)).rstrip("\r\n")):
        raise ValueError(f"{path} is empty")
    return text


def load(settings: type[S]) -> S:
    """Return the settings, or stop the process with one line for each bad value (its name, never the value)."""
    values, problems = {}, {}
    for field in settings.model_fields:
        try:
            if (value := variable(field.upper())) is not None:
                values[field] = value
        except ValueError as error:
            problems[field] = str(error)
    try:
        loaded = settings(**values)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            said = "set it" if found["type"] == "missing" else found["msg"].removeprefix("Value error, ")
            problems.setdefault(str(found["loc"][0]), said)
    if problems:
        stop(f"{field.upper()}: {said}" for field, said in problems.items())
    return loaded


def stop(problems: Iterable[str]) -> NoReturn:
    """Stop the process, with a line for each of its settings' problems."""
    print(*problems, sep="\n", file=sys.stderr)  # noqa: T201
    raise SystemExit(2)


def content(file: Path) -> str:
    """Return the content of a file of at most 64 KiB; raises ValueError."""
    try:
        if file.exists() and not file.is_file():
            raise ValueError(f"{file} is not a regular file")
        with file.open("rb") as opened:
            found = opened.read(MAX_FILE_BYTES + 1)
        if len(found) > MAX_FILE_BYTES:
            raise ValueError(f"{file} is larger than {MAX_FILE_BYTES} bytes")
        return found.decode("utf-8")
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not UTF-8") from None
