"""The API's settings, read from the environment once at the start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator

from api import operator_tokens
from api.http.origins import is_host, origin_pattern
from core.settings import CoreSettings, DatabaseUrl
from core.submission import LONGEST_TEXT


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(item.strip() for item in value.split(",") if item.strip())


_Separated = BeforeValidator(_split)


class ApiSettings(CoreSettings):
    """What the API needs."""

    database_read_url: DatabaseUrl | None = None
    """The primary, through the read role; without it history and the status of stored strings answer 503."""
    max_text_bytes: Annotated[int, Field(ge=1, le=LONGEST_TEXT)] = 64 * 1024
    """The longest string, in bytes of UTF-8."""
    journal_limit: Annotated[int, Field(ge=1)] = 5_000_000
    """Waiting strings from which submitting is refused with 503."""
    journal_memory_fraction: Annotated[float, Field(gt=0, le=1)] = 0.9
    """The fraction of Redis' maxmemory from which submitting is refused with 503."""
    cors_origins: Annotated[tuple[str, ...], _Separated] = ()
    """Origins, comma-separated, whose pages may use the API from the browser; ``https://*.page.example`` allows all
    names below page.example."""
    cors_ports: Annotated[tuple[Annotated[int, Field(ge=1, le=65535)], ...], _Separated] = ()
    """Ports, comma-separated, whose pages may do so too where they have the API's own host."""
    allowed_hosts: Annotated[tuple[str, ...], _Separated] = ()
    """The service's names and addresses, comma-separated, without ports; other names are refused. Any by default."""
    operator_token: SecretStr | None = None
    """A bearer token of operators, who manage dead letters; without any token no one can over HTTP."""
    read_token: SecretStr | None = None
    """The bearer token without which nothing that shows texts can be read; by default everyone reads everything. Two
    tokens, separated by a space, are both valid while one replaces the other."""
    operators_file: Path | None = None
    """A file with one name and token per line, of further operators; it is read again whenever it has changed."""

    otel_traces_sampler: Literal[
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    ] = "parentbased_traceidratio"
    """Which requests are traced; where it is parent-based, none whose client says that it is not to be."""
    otel_traces_sampler_arg: Annotated[float, Field(ge=0, le=1)] = 0.01
    """The fraction of requests that is traced at most where that is a ratio, whatever clients say."""
    access_log: bool = False
    """Whether every request has a log line, not only one that is refused, failed or slow."""
    operations_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """A port on which a separate thread serves ``/healthz``, ``/readyz`` and ``/metrics``; the probes are also served
    with the rest."""
    stuck_after: Annotated[float, Field(gt=0)] = 30.0
    """Seconds without progress after which a request is stuck; ``/healthz`` on that port fails once all threads are."""
    draining_file: Path | None = None
    """While this file exists the process is shutting down: it is not ready, and closes connections after a response."""

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        """Accept only what browsers send: anything else would never match."""
        for place, origin in enumerate(origins, 1):
            try:
                origin_pattern(origin)
            except ValueError:
                raise ValueError(
                    f"write origin {place} as https://page.example, https://page.example:8443 (never the default port),"
                    " or https://*.page.example for all names below page.example, in lower case"
                ) from None
        return origins

    @field_validator("allowed_hosts")
    @classmethod
    def _check_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for place, host in enumerate(hosts, 1):
            if not is_host(host):
                raise ValueError(
                    f"write host {place} as dummies.example, 192.0.2.1 or [2001:db8::1]: in lower case, without a port"
                )
        return hosts

    @field_validator("operator_token")
    @classmethod
    def _check_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token:
            operator_tokens.check(token.get_secret_value())
        return token

    @field_validator("read_token")
    @classmethod
    def _check_tokens(cls, tokens: SecretStr | None) -> SecretStr | None:
        for token in tokens.get_secret_value().split(" ", 1) if tokens else ():
            operator_tokens.check(token)
        return tokens
