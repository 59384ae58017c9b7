"""What the doctor is told, by the same variables as the tiers; whatever is missing or wrong becomes a finding."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from pydantic import PostgresDsn, RedisDsn, TypeAdapter, ValidationError

from worker.doctor.finding import Finding, ill, unseen, well

REDIS = TypeAdapter(RedisDsn)
POSTGRES = TypeAdapter(PostgresDsn)
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Wanted(NamedTuple):
    """A setting: its name, what it may be, and what goes unseen without it (nothing: it must be there)."""

    name: str
    kind: TypeAdapter[RedisDsn] | TypeAdapter[PostgresDsn]
    without: str = ""


WANTED = (
    Wanted("REDIS_URL", REDIS),
    Wanted("CELERY_BROKER_URL", REDIS, "wake-ups travel through REDIS_URL"),
    Wanted("DATABASE_URL", POSTGRES),
    Wanted("DATABASE_READ_URL", POSTGRES, "the API's role is not looked at"),
    Wanted("DATABASE_OWNER_URL", POSTGRES, "no string is sent through, because nobody could remove its row"),
)


def read_settings() -> tuple[dict[str, str], list[Finding]]:
    """Return the settings that are there and valid, and what was found of each; never a value, which may be secret."""
    settings, findings = {}, []
    for wanted in WANTED:
        try:
            value = _read(wanted.name)
            if value:
                wanted.kind.validate_python(value)
        except OSError as error:
            findings.append(ill(wanted.name, f"{error.filename}: {error.strerror}", f"mend {wanted.name}_FILE"))
        except ValidationError as error:
            findings.append(ill(wanted.name, error.errors()[0]["msg"], "mend the address"))
        else:
            findings.append(_found(wanted, value))
            if value:
                settings[wanted.name] = value
    return settings, findings


def look_up_names(settings: dict[str, str]) -> list[Finding]:
    """Return whether each host's name is known here."""
    hosts = {host_of(value): name for name, value in settings.items()}
    return [_look_up(host, name) for host, name in sorted(hosts.items()) if host]


def host_of(url: str) -> str:
    """Return the host in an address."""
    parts: SplitResult = urlsplit(url)
    return parts.hostname or ""


def _read(name: str) -> str:
    path = os.environ.get(f"{name}_FILE")
    return Path(path).read_text(encoding="utf-8").strip() if path else os.environ.get(name, "")


def _found(wanted: Wanted, value: str) -> Finding:
    if value:
        return well(wanted.name, f"names {host_of(value) or 'a socket'}")
    if wanted.without:
        return unseen(wanted.name, f"not set: {wanted.without}")
    return ill(wanted.name, "not set", f"set {wanted.name}")


def _look_up(host: str, name: str) -> Finding:
    what = f"name {host}"
    try:
        addresses = {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError as error:
        return ill(what, str(error), f"mend {name}, or the name server that should know this host")
    return well(what, ", ".join(sorted(addresses)))
