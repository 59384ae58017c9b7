"""Ports of the loopback interface."""

from __future__ import annotations

import random
import socket

# Below the range from which the kernel takes the source ports of outgoing connections: there a client that retries
# while its server is down could take the server's port, or even connect to itself.
FIRST, LAST = 20_000, 29_999
_given: set[int] = set()


def is_free(port: int) -> bool:
    """Return whether a server could listen on this port of 127.0.0.1. Raises PermissionError for a privileged one."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # as servers do: connections that linger after their server has ended take no port
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a free port that this process was not given before."""
    while True:
        port = random.randint(FIRST, LAST)  # noqa: S311
        if port not in _given and is_free(port):
            _given.add(port)
            return port
