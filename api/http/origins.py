"""Which pages, and under which names of this service, may have a browser do something here.

A browser sends whatever requests a website makes, from a network that the website itself may not reach, but always
with the page's origin (``Origin``) if they may change something. Such a request is refused unless the page is the
service's own or its origin is allowed, in which case the page may also read the response (CORS). A request that only
reads is refused, too, where the browser says that another site's page made it out of sight: how long the response takes
tells that page what a search finds. Programs send no origin, and may do everything.

Whoever owns a name can have it lead here, and then a page of that name is the service's own (DNS rebinding). Against
that the service may know its names.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address
from wsgiref.types import WSGIEnvironment

from flask import Flask, Response, request

from api.http.problems import ApiProblem

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PROBES = frozenset({"/healthz", "/readyz"})
"""Paths that answer under any name: the kubelet asks the pod's address."""
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_HIGHEST_PORT = 65535
_HOST = r"[a-z0-9._-]+|\[[0-9a-f:.]+\]"
_ORIGIN = re.compile(rf"(https?)://({_HOST})(?::([0-9]+))?")
_AUTHORITY = re.compile(rf"({_HOST})(?::([0-9]*))?")
_ENTRY = re.compile(rf"(https?)://(\*\.)?({_HOST})(?::([1-9][0-9]{{0,4}}))?")
_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?")
_NUMBER_AT_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")
_CORS = {
    "Access-Control-Expose-Headers": "Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID",
    "Vary": "Origin",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "DELETE, GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, traceparent",
    "Access-Control-Max-Age": "600",
}


class Origins:
    """The rule, made of the settings ``cors_origins``, ``cors_ports`` and ``allowed_hosts``."""

    def __init__(self, allowed: Collection[str], ports: Collection[int], hosts: Collection[str]) -> None:
        """Allow these origins, pages of this host on these ports, and only these hosts, or any if there are none."""
        self._ports = {str(port) for port in ports}
        self._listed = re.compile("|".join(map(origin_pattern, allowed))) if allowed else None
        names = "|".join(map(re.escape, hosts))
        self._names = re.compile(rf"(?:{names})\.?(?::[0-9]*)?") if hosts else None

    def is_plain(self, environ: WSGIEnvironment) -> bool:
        """Return whether a request is a program's or the service's own page's, so that nothing is refused or added."""
        origin = environ.get("HTTP_ORIGIN")
        if self._names and not self.knows(environ.get("HTTP_HOST", "")):
            return False
        if origin is None:
            return "HTTP_SEC_FETCH_SITE" not in environ
        return _is_own(origin, environ.get("HTTP_HOST", "")) and not self._lists(origin)

    def is_foreign(self, environ: WSGIEnvironment) -> bool:
        """Return whether a page made this request that may change nothing here."""
        origin, host = environ.get("HTTP_ORIGIN"), environ.get("HTTP_HOST", "")
        if origin is None:
            return environ.get("HTTP_SEC_FETCH_SITE", "none") not in {"none", "same-origin"}
        return not (_is_own(origin, host) or self.allows(origin, host))

    def allows(self, origin: str, host: str) -> bool:
        """Return whether pages of this origin may use the service at this host (header ``Host``) and read responses."""
        if self._lists(origin):
            return True
        found = _ORIGIN.fullmatch(origin.lower()) if self._ports and not _is_own(origin, host) else None
        if not found:
            return False
        scheme, name, port = found.groups()
        return (port or _DEFAULT_PORTS[scheme]) in self._ports and name == _split(host, "")[0]

    def knows(self, host: str) -> bool:
        """Return whether the service goes by this name (header ``Host``, whatever its port)."""
        return self._names is None or self._names.fullmatch(host.lower()) is not None

    def _lists(self, origin: str) -> bool:
        return self._listed is not None and self._listed.fullmatch(origin.lower()) is not None


def install(app: Flask, origins: Origins) -> None:
    """Refuse what comes from elsewhere or to another name, and let the pages of allowed origins read responses."""

    def refuse() -> None:
        if request.path not in PROBES and not origins.knows(request.environ.get("HTTP_HOST", "")):
            raise ApiProblem(
                "unknown-host",
                "Nothing was accepted. Use a name of this service, or have this one added to ALLOWED_HOSTS.",
            )
        if (request.method not in SAFE or _is_hidden_read(request.environ)) and origins.is_foreign(request.environ):
            raise ApiProblem(
                "foreign-origin",
                "Nothing was accepted. Use the service's own page, or have the origin of this one added to"
                " CORS_ORIGINS. A proxy must pass on the Host that the browser sent.",
            )

    def allow(response: Response) -> Response:
        origin = request.headers.get("Origin")
        if origin is not None and origins.allows(origin, request.environ.get("HTTP_HOST", "")):
            asked = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
            response.headers.update(_CORS | (_PREFLIGHT if asked else {}) | {"Access-Control-Allow-Origin": origin})
        return response

    app.before_request(refuse)
    app.after_request(allow)


def _is_hidden_read(environ: WSGIEnvironment) -> bool:
    """Return whether a request reads for a page or a program, and not for someone who follows a link."""
    shown = (environ.get("HTTP_SEC_FETCH_MODE"), environ.get("HTTP_SEC_FETCH_DEST")) == ("navigate", "document")
    return environ["REQUEST_METHOD"] in {"GET", "HEAD"} and not shown and environ["PATH_INFO"] not in PROBES


def _is_own(origin: str, host: str) -> bool:
    """Return whether an origin is what the browser asked, by whatever scheme: a proxy in front may have removed TLS."""
    if host and origin in (f"http://{host}", f"https://{host}"):
        return True
    found = _ORIGIN.fullmatch(origin.lower())
    if not found:
        return False
    scheme, name, port = found.groups()
    default = _DEFAULT_PORTS[scheme]
    return (name, port or default) == _split(host, default)


def _split(host: str, default: str) -> tuple[str, str]:
    """Return name and port of a header ``Host``; an empty name for anything else."""
    found = _AUTHORITY.fullmatch(host.lower())
    return (found[1], found[2] or default) if found else ("", "")


def origin_pattern(entry: str) -> str:
    """Return the regular expression of the origins that an entry of CORS_ORIGINS allows, in lower case.

    Raises ValueError for anything that no browser sends, and for wildcards other than ``https://*.page.example``, which
    allows all names below page.example.
    """
    found = _ENTRY.fullmatch(entry)
    if not found:
        raise ValueError(entry)
    scheme, wildcard, host, port = found.groups()
    can_be = _is_name(host) and "." in host[:-1] if wildcard else is_host(host)
    if not can_be or port == _DEFAULT_PORTS[scheme] or int(port or 0) > _HIGHEST_PORT:
        raise ValueError(entry)
    below = r"(?:[a-z0-9_-]+\.)+" if wildcard else ""
    return f"{scheme}://{below}{re.escape(host)}" + (f":{port}" if port else "")


def is_host(text: str) -> bool:
    """Return whether a text is a host as browsers send it: a name in lower case, or an IP address in its short form."""
    try:
        if text.startswith("["):
            return text == f"[{IPv6Address(text[1:-1])}]"
        return _is_name(text) or text == str(IPv4Address(text))
    except ValueError:
        return False


def _is_name(host: str) -> bool:
    """Return whether a host is a name; browsers take one that ends in a number for an IPv4 address."""
    return bool(_NAME.fullmatch(host)) and not _NUMBER_AT_END.fullmatch(host)
