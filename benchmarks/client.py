"""A client as a program that feeds the system has one: a kept connection, a key for each request, patience with 503."""

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
    """The API did not answer what was asked for."""


class Client:
    """One connection to the API; one thread at a time may use it."""

    def __init__(self, url: str) -> None:
        """Use the API at this URL; the connection is made with the first request."""
        address = urlsplit(url)
        self._connection = HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=TIMEOUT)
        self.repeats = 0
        """How often a 503 was met with a repeat."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def submit(self, path: str, body: bytes, content_type: str, key: str) -> Any:
        """Return the answer to a submission; raises Refused. The key makes the repeats safe."""
        headers = {"Content-Type": content_type, "Idempotency-Key": key}
        for _ in range(TRIES):
            status, retry_after, answer = self._request("POST", path, body, headers)
            if status != 503:
                break
            self.repeats += 1
            time.sleep(retry_after * random.uniform(0.5, 1.5))
        return _expect(202, status, answer)

    def get(self, path: str) -> Any:
        """Return the answer to a question; raises Refused."""
        status, _, answer = self._request("GET", path, None, {})
        return _expect(200, status, answer)

    def _request(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, float, bytes]:
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        return response.status, float(response.headers.get("Retry-After", 1)), response.read()


def _expect(wanted: int, status: int, answer: bytes) -> Any:
    if status != wanted:
        raise Refused(f"{status} instead of {wanted}: {answer[:500].decode(errors='replace')}")
    return json.loads(answer)
