"""What stops the API at its start, with one line and exit code 2."""

from __future__ import annotations

import socket
import sys

from api.settings import ApiSettings
from core.durability import refuse_volatile
from database.session import refuse_unfit


def refuse_unfit_servers(settings: ApiSettings) -> None:
    """Exit when Redis or PostgreSQL could not keep what is promised."""
    refuse_volatile(settings)
    refuse_unfit(settings.database_read_url, "DATABASE_READ_URL")


def listen(port: int) -> socket.socket:
    """Return a socket that listens on this port of every address, or exit; the API's processes on a host share it."""
    dual = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual else socket.AF_INET
    try:
        return socket.create_server(("", port), family=family, dualstack_ipv6=dual, reuse_port=True)
    except OSError as error:
        print(f"OPERATIONS_PORT: {error.strerror}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
