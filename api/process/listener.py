"""The socket of the operations port, for a process that is to serve and for one that only looks beforehand."""

from __future__ import annotations

import socket
import sys


def listen(port: int) -> socket.socket:
    """Return a socket that listens on this port of every address; the API's processes on one host share it.

    Stops the process with one line where the port cannot be had.
    """
    dual = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual else socket.AF_INET
    try:
        return socket.create_server(("", port), family=family, dualstack_ipv6=dual, reuse_port=True)
    except OSError as error:
        print(f"OPERATIONS_PORT: {error.strerror}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
