"""A client such as a program would use: a persistent connection, a key for each request, retries after a 503."""

from __future__ import annotations

import json
import random
import time
from http.client import HTTPConnection
from typing import Any, Self
from urllib.parse import urlsplit

TIMEOUT = 10.0
TRIES = 6


class Refused(Exception):
    """The API refused a request."""


class Client:
    """One connection to the API; one thread at a time may use it."""

    def __init__(self, url: str) -> None:
        """Use the API at this URL; the first request connects."""
        address = urlsplit(url)
        self._connection = HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=TIMEOUT)
        self.repeats = 0
        """How often a request was repeated after a 503."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def submit(self, path: str, body: bytes, content_type: str, key: str) -> Any:
        """Submit and return the decoded response; the key makes retries safe. Raises Refused."""
        headers = {"Content-Type": content_type, "Idempotency-Key": key}
        return _expect(202, *self._request("POST", path, body, headers))

    def get(self, path: str) -> Any:
        """Return the decoded response. Raises Refused."""
        return _expect(200, *self._request("GET", path, None, {}))

    def _request(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        for _ in range(TRIES):
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            content = response.read()
            if response.status != 503:
                break
            self.repeats += 1
            time.sleep(float(response.headers.get("Retry-After", 1)) * random.uniform(0.5, 1.5))
        return response.status, content


def _expect(wanted: int, status: int, content: bytes) -> Any:
    if status != wanted:
        raise Refused(f"{status} instead of {wanted}: {content[:500].decode(errors='replace')}")
    return json.loads(content)
