"""A steady load on whatever API runs, of either version."""

from __future__ import annotations

import http.client
import random
from collections.abc import Mapping

from faults.clients import TIMEOUT, Clients
from faults.ledger import Ledger

from upgrade.versions import Version


class RollingClients(Clients):
    """Clients whose every request goes to any API that runs now: a retry mostly to another than the first attempt."""

    def __init__(self, ports: Mapping[Version, int], ledger: Ledger, rate: float, seed: int) -> None:
        """Send this many requests a second to these ports of this machine, which may change."""
        super().__init__("http://127.0.0.1", ledger, rate, seed)
        self._ports = ports

    def _connection(self) -> http.client.HTTPConnection:
        kept: dict[int, http.client.HTTPConnection] = self._local.__dict__.setdefault("kept", {})
        port = random.choice(list(self._ports.values()))
        if port not in kept:
            kept[port] = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
            self._connections.append(kept[port])
        return kept[port]
