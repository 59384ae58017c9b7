"""What the doctor is told, by the same variables as the tiers; whatever is missing or wrong becomes a finding."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import NamedTuple

from core.addresses import database_address, hosts_in, redis_address
from core.settings import variable
from doctor.finding import Finding, ill, unseen, well

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Wanted(NamedTuple):
    """A setting: its name, what checks it, and what goes unseen without it (nothing: it must be there)."""

    name: str
    check: Callable[[str], str]
    without: str = ""


WANTED = (
    Wanted("REDIS_URL", redis_address),
    Wanted("CELERY_BROKER_URL", redis_address, "wake-ups travel through REDIS_URL"),
    Wanted("DATABASE_URL", database_address),
    Wanted("DATABASE_READ_URL", database_address, "the API's role is not looked at"),
    Wanted("DATABASE_OWNER_URL", database_address, "no string is sent through, because nobody could remove its row"),
)
NAMES = {wanted.name for wanted in WANTED}


def read_settings() -> tuple[dict[str, str], list[Finding]]:
    """Return the settings that are there and valid, and what was found of each; never a value, which may be secret."""
    settings, findings = {}, []
    for wanted in WANTED:
        try:
            value = variable(wanted.name)
            if value is not None:
                settings[wanted.name] = value = wanted.check(value)
            findings.append(_found(wanted, value))
        except ValueError as error:
            findings.append(ill(wanted.name, "not understood", str(error)))
    return settings, findings


def look_up_names(settings: dict[str, str]) -> list[Finding]:
    """Return whether each host's name is known here."""
    hosts = {host: name for name, value in settings.items() for host in hosts_in(value)}
    return [_look_up(host, name) for host, name in sorted(hosts.items())]


def _found(wanted: Wanted, value: str | None) -> Finding:
    if value:
        return well(wanted.name, f"names {' and '.join(hosts_in(value)) or 'a socket'}")
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
