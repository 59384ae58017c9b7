"""Asking a server of this machine whether it answers."""

from __future__ import annotations

import http.client

TIMEOUT = 2.0


def get(port: int, path: str) -> bytes | None:
    """Return the body of a 200 from this port of 127.0.0.1, None for anything else; no proxy is asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return body if answer.status == http.HTTPStatus.OK else None
