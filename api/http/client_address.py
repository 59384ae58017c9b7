"""The address of a request's client: nginx hands it on, because its own is all that the API sees.

nginx sets the header in every request, whatever the client sent. Who reaches the API past nginx may name any address:
in the cluster the network policies let no one else in. So the address slows its client down and is logged, and opens
nothing.
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from wsgiref.types import WSGIEnvironment

Address = IPv4Address | IPv6Address
NGINX_HEADER = "X-Dummies-Client"
_SOURCES = ("HTTP_X_DUMMIES_CLIENT", "REMOTE_ADDR")


def address_of(environ: WSGIEnvironment) -> Address | None:
    """Return the address that nginx saw, without its header that of the connection; None if neither is an address.

    An IPv4 address is one also where a listener for both families writes it as ``::ffff:192.0.2.1``.
    """
    for source in _SOURCES:
        with suppress(ValueError):
            address = ip_address(environ.get(source, ""))
            return getattr(address, "ipv4_mapped", None) or address
    return None
