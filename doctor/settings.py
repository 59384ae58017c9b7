"""The doctor's settings: the tiers' own variables; each that is missing or wrong becomes a finding."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import NamedTuple

from core.addresses import database_address, hosts_in, is_cluster, journal_address, redis_address
from core.settings import MOST_REPLICAS, NEEDS_BROKER, variable
from core.shards import MOST_SHARDS
from doctor.finding import Finding, failed, passed, skipped

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Wanted(NamedTuple):
    """A setting: its name, what checks it, and what is skipped without it (empty: it is required)."""

    name: str
    check: Callable[[str], str]
    without: str = ""


WANTED = (
    Wanted("REDIS_URL", journal_address),
    Wanted("CELERY_BROKER_URL", redis_address, "wake-ups travel through REDIS_URL"),
    Wanted("DATABASE_URL", database_address),
    Wanted("DATABASE_READ_URL", database_address, "the API's role is not checked"),
    Wanted("DATABASE_OWNER_URL", database_address, "no string is sent, because its row could not be deleted"),
)
NAMES = {wanted.name for wanted in WANTED}
NUMBERS = {"JOURNAL_SHARDS": (1, MOST_SHARDS), "JOURNAL_REPLICAS": (0, MOST_REPLICAS)}
"""Settings that are numbers: the default, which is the least, and the most."""


def read_settings() -> tuple[dict[str, str], list[Finding]]:
    """Return the valid settings, and a finding for each; a finding holds no value, which may be secret."""
    settings, findings = {}, []
    for wanted in WANTED:
        try:
            value = variable(wanted.name)
            if value is not None:
                settings[wanted.name] = value = wanted.check(value)
            findings.append(_found(wanted, value))
        except ValueError as error:
            findings.append(failed(wanted.name, "invalid", str(error)))
    if is_cluster(settings.get("REDIS_URL", "")) and "CELERY_BROKER_URL" not in settings:
        del settings["REDIS_URL"]
        findings.append(failed("CELERY_BROKER_URL", "not set", NEEDS_BROKER))
    return settings, findings


def read_numbers() -> tuple[dict[str, int], list[Finding]]:
    """Return the numbers, and a finding for each that is set."""
    numbers, findings = {name: least for name, (least, _) in NUMBERS.items()}, []
    for name, (least, most) in NUMBERS.items():
        try:
            if (value := variable(name)) is not None:
                numbers[name] = min(most, max(least, int(value)))
                is_right = numbers[name] == int(value)
                findings.append(passed(name, value) if is_right else _no_number(name, least, most))
        except ValueError:
            findings.append(_no_number(name, least, most))
    return numbers, findings


def is_allowed(name: str) -> bool:
    """Return whether a setting that allows something does so, in any of the forms that the tiers take."""
    return (variable(name) or "").lower() in {"1", "on", "t", "true", "y", "yes"}


def _no_number(name: str, least: int, most: int) -> Finding:
    return failed(name, "invalid", f"set it to a number from {least} to {most}")


def look_up_names(settings: dict[str, str]) -> list[Finding]:
    """Return whether each host name resolves here."""
    hosts = {host: name for name, value in settings.items() for host in hosts_in(value)}
    return [_look_up(host, name) for host, name in sorted(hosts.items())]


def _found(wanted: Wanted, value: str | None) -> Finding:
    if value:
        return passed(wanted.name, f"names {' and '.join(hosts_in(value)) or 'a socket'}")
    if wanted.without:
        return skipped(wanted.name, f"not set: {wanted.without}")
    return failed(wanted.name, "not set", f"set {wanted.name}")


def _look_up(host: str, name: str) -> Finding:
    what = f"name {host}"
    try:
        addresses = {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError as error:
        return failed(what, str(error), f"fix {name}, or the name server that should resolve this host")
    return passed(what, ", ".join(sorted(addresses)))
