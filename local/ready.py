"""Asking a server of this machine whether it answers."""

from __future__ import annotations

import http.client
from base64 import b64encode

TIMEOUT = 2.0


def get(port: int, path: str, login: str | None = None) -> bytes | None:
    """Return the body of a 200 from this port of 127.0.0.1, None for anything else; no proxy is asked.

    ``login`` is ``user:password``, for a server that wants one.
    """
    headers = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return body if answer.status == http.HTTPStatus.OK else None
