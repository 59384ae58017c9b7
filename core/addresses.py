"""Addresses of servers: checked before the start, because each driver accepts something that another misunderstands.

redis-py and kombu read the same address differently, libpq lets an address override what this code sets, and all of
them misread some mistakes. So an address may hold only what all of its readers understand alike. An error never
repeats the address: any part of it may be a password.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address
from urllib.parse import unquote

_CHARACTERS = r"(?:[A-Za-z0-9._~!$&'()*+=-]|%[0-9A-Fa-f]{2})"
_HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?"
_ADDRESS = re.compile(
    rf"(?P<scheme>[a-z+]+)://(?:(?P<user>{_CHARACTERS}*)(?::(?P<password>(?:{_CHARACTERS}|[,:])*))?@)?"
    rf"(?P<hosts>{_HOST}(?:,{_HOST})*)?(?:/(?P<path>{_CHARACTERS}*))?(?:\?(?P<query>[!-~]*))?"
)
_HOSTS = re.compile(r"(\[.*?\]|[^,:]+)(?::([0-9]+))?")
_ANY: tuple[str, ...] = ()
_CERT_REQS = ("none", "optional", "required", "CERT_NONE", "CERT_OPTIONAL", "CERT_REQUIRED")
_TLS: Mapping[str, Sequence[str]] = {
    "ssl_cert_reqs": _CERT_REQS,
    "ssl_check_hostname": ("true", "false"),
    "ssl_ca_certs": _ANY,
    "ssl_certfile": _ANY,
    "ssl_keyfile": _ANY,
}
_PARAMETERS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "redis": {},
    "rediss": _TLS,
    "redis+cluster": {},
    "rediss+cluster": _TLS,
    "postgresql": {
        "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
        "sslrootcert": _ANY,
        "sslcert": _ANY,
        "sslkey": _ANY,
        "sslcrl": _ANY,
        "ssl_min_protocol_version": ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
        "channel_binding": ("disable", "prefer", "require"),
        "gssencmode": ("disable", "prefer", "require"),
        "host": _ANY,
        "hostaddr": _ANY,
    },
}
REDIS_FORM = "redis://user:password@host:port/0"
CLUSTER_FORM = "redis+cluster://user:password@host:port,host:port/"
_CLUSTER = re.compile("(rediss?)[+]cluster://")
DATABASE_FORM = "postgresql://role:password@host:port/database"


def redis_address(address: str) -> str:
    """Return the address of a Redis as redis-py and kombu both understand it; raises ValueError."""
    parts, parameters = _read(address, ("redis", "rediss"), REDIS_FORM)
    if not parts["hosts"] or "," in parts["hosts"]:
        raise ValueError(f"name one host: {REDIS_FORM}")
    if not re.fullmatch("0|[1-9][0-9]{0,4}|", parts["path"]):
        raise ValueError(f"give the database as a number: {REDIS_FORM}")
    return _with_tls(address, parameters)


def journal_address(address: str) -> str:
    """Return the address of a Redis, or of a Redis Cluster by some of its nodes; raises ValueError."""
    if not is_cluster(address):
        return redis_address(address)
    parts, parameters = _read(address, ("redis+cluster", "rediss+cluster"), CLUSTER_FORM)
    if not parts["hosts"]:
        raise ValueError(f"name some of the cluster's nodes: {CLUSTER_FORM}")
    if parts["path"] not in {"", "0"}:
        raise ValueError("a Redis Cluster has only the database 0")
    return _with_tls(address, parameters)


def is_cluster(address: str) -> bool:
    """Return whether an address is that of a Redis Cluster."""
    return bool(_CLUSTER.match(address))


def nodes_in(address: str) -> list[tuple[str, str, int]]:
    """Return each node that a cluster's valid address names: its own address as redis-py reads it, host, and port."""
    found = _ADDRESS.fullmatch(address)
    if not found:
        return []
    before, after = _CLUSTER.sub(r"\1://", address[: found.start("hosts")]), address[found.end("hosts") :]
    hosts = [(host, int(port or 6379)) for host, port in _HOSTS.findall(found["hosts"])]
    return [(f"{before}{host}:{port}{after}", host.strip("[]"), port) for host, port in hosts]


def _with_tls(address: str, parameters: Mapping[str, str]) -> str:
    if "ssl_keyfile" in parameters and "ssl_certfile" not in parameters:
        raise ValueError("ssl_keyfile needs ssl_certfile")
    return re.sub(
        "=CERT_(NONE|OPTIONAL|REQUIRED)", lambda found: f"={found[1].lower()}", address
    )  # redis-py knows no other spelling


def database_address(address: str) -> str:
    """Return the address of a PostgreSQL as libpq understands it, which overrides nothing; raises ValueError."""
    parts, parameters = _read(address, ("postgresql", "postgres"), DATABASE_FORM)
    folder, hosts = parameters.get("host"), parts["hosts"]
    if bool(folder) == bool(hosts) or (folder and not folder.startswith("/")):
        raise ValueError(f"name a host: {DATABASE_FORM}; a socket's folder as ?host=/folder")
    if "hostaddr" in parameters and parameters["hostaddr"].count(",") != hosts.count(","):
        raise ValueError("give as many addresses in hostaddr as there are hosts")
    return address


def hosts_in(address: str) -> list[str]:
    """Return the hosts that a valid address names, none where it names a socket's folder."""
    found = _ADDRESS.fullmatch(address)
    return [host.strip("[]") for host, _ in _HOSTS.findall(found["hosts"] or "")] if found else []


def place_of(address: str) -> str:
    """Return where a valid address leads, for a log line: ``host:port/database``, without user and password."""
    found = _ADDRESS.fullmatch(address)
    if not found:
        return ""
    folder = re.search("(?:^|&)host=([^&]*)", found["query"] or "")
    return f"{found['hosts'] or unquote(folder[1] if folder else '')}/{found['path'] or ''}"


def _read(address: str, schemes: Sequence[str], form: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return an address' parts and parameters."""
    found = _ADDRESS.fullmatch(address)
    if not found or found["scheme"] not in schemes or re.search("[@#;]", found["query"] or ""):
        raise ValueError(f"write it as {form}, and percent-encode what is special in user and password")
    parts = found.groupdict(default="")
    if any(_decoded(text) is None for text in parts.values()):
        raise ValueError("percent-encode UTF-8, without NUL")
    for host, port in _HOSTS.findall(parts["hosts"]):
        if port and not 0 < int(port[:6]) < 2**16:
            raise ValueError("give a port from 1 to 65535")
        if host.startswith("["):
            _check_ipv6(host[1:-1])
    return parts, _parameters(parts["query"], _PARAMETERS["postgresql" if "postgres" in schemes else parts["scheme"]])


def _check_ipv6(host: str) -> None:
    try:
        IPv6Address(host)
    except ValueError:
        raise ValueError("what is in brackets is not an IPv6 address") from None


def _parameters(query: str, known: Mapping[str, Sequence[str]]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for parameter in query.split("&") if query else ():
        name, _, value = parameter.partition("=")
        if name not in known or name in parameters:
            may = f"may have, once each, {', '.join(known)}" if known else "has no parameters"
            raise ValueError(f"remove {name!r} from the query string: such an address {may}")
        if not value or (known[name] and value not in known[name]):
            raise ValueError(f"set {name} to {' or '.join(known[name]) or 'a value'}")
        parameters[name] = unquote(value)
    return parameters


def _decoded(text: str) -> str | None:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        return None
    return None if "\0" in decoded else decoded
