"""Failed logins: logged with the client's address, which then has to wait ever longer before its next one counts.

Nothing sleeps: a login that comes too early is refused, whatever its token, so a client that guesses learns nothing.
Other addresses are not affected. Those who share one, behind NAT or a proxy that nginx does not know, wait together: to
let the right token in meanwhile would tell which one it is, as fast as tokens can be sent. ``READ_TOKEN``, which many
share and which changes nothing, is no login: it is let in at any time, and ends no failures.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from time import monotonic

import structlog

from api.http.client_address import Address
from api.http.problems import ApiProblem

log = structlog.get_logger()

FREE = 10
"""Failures of an address before it has to wait; the page sends two requests with each token that someone enters."""
LONGEST_WAIT = 60
"""Seconds that an address waits at most; the first wait is 1 s, and each further failure doubles it."""
FORGOTTEN_AFTER = 3600
"""Seconds after the end of its wait in which an address must fail again, or its failures are forgotten."""
MOST_ADDRESSES = 1024
"""Addresses whose failures are kept, a few hundred bytes each; those that failed longest ago are dropped first."""
_IPV6_PREFIX = 64
"""Bits of an IPv6 address that tell clients apart: the rest is the client's own to choose."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    refused: int = 0
    until: float = 0.0


class LoginGuard:
    """The failures of each address, in this process; threads may share it."""

    def __init__(self) -> None:
        """Begin without any."""
        self._lock = threading.Lock()
        self._failures: OrderedDict[object, _Failures] = OrderedDict()

    def note(self, address: Address | None, *, right: bool) -> None:
        """Note a login with the right token or a wrong one; raises ApiProblem while its address has to wait.

        The right token ends the address' failures. Clients whose address is unknown count as one.
        """
        origin, now = _origin(address), monotonic()
        with self._lock:
            known = self._failures.get(origin)
            if known and now < known.until:
                known.refused += 1
                raise _too_early(known.until - now)
            if right:
                self._failures.pop(origin, None)
                return
            if known is None or now > known.until + FORGOTTEN_AFTER:
                known = _Failures()
            count, refused = known.count + 1, known.refused
            wait = 0 if count < FREE else min(LONGEST_WAIT, 2 ** min(count - FREE, LONGEST_WAIT))
            self._failures[origin] = _Failures(count, 0, now + wait)
            self._failures.move_to_end(origin)
            if len(self._failures) > MOST_ADDRESSES:
                self._failures.popitem(last=False)
        log.warning("login failed", address=str(address), failures=count, refused_since=refused, wait=wait)


def _origin(address: Address | None) -> object:
    return IPv6Network((address, _IPV6_PREFIX), strict=False) if isinstance(address, IPv6Address) else address


def _too_early(wait: float) -> ApiProblem:
    return ApiProblem(
        "rate-limited",
        "Too many wrong tokens came from this address. Retry later: until then none is looked at.",
        retry_after=math.ceil(wait),
    )
