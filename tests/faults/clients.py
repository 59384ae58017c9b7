"""The clients: a steady rate of submissions through nginx, with repeats, bulks and poison, all noted in the ledger."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit
from uuid import uuid4

from api.ids import bulk_first_id, submission_id
from faults.ledger import Ledger, Outcome
from faults.texts import POISON, text_of

TIMEOUT = 15.0
SENDERS = 48
REPEATED, AT_ONCE = 0.1, 0.5
"""The part of the submissions that is sent twice under one key, and of these the part sent twice at the same time."""
BULK = 0.05
BULK_STRINGS, LARGE_BULK_STRINGS, LARGE_BULK = 20, 700, 0.03
"""Strings in a bulk, and in the few that are more than a group of the journal."""
POISONED = 0.001
WITHOUT_KEY = 0.3
KEPT_NOTHING = {"journal-full", "journal-volatile", "busy", "draining", "invalid-text", "key-reused", "too-large"}
"""Problems after which nothing of the request was kept, by their type; after any other 5xx it may have been."""
TRIES = 4
PAUSE = (0.2, 0.6)


class Answer(NamedTuple):
    """How a request ended, when (s since the run began) and how long it took (s)."""

    at: float
    took: float
    outcome: Outcome
    what: str
    id: str | None = None
    """That of its first string, which a key determines; None without a key."""


class Clients:
    """Sends until told to end; a context manager."""

    def __init__(self, url: str, ledger: Ledger, rate: float, seed: int) -> None:
        """Send this many requests a second to this URL."""
        self._address = urlsplit(url)
        self._ledger, self.rate, self._random = ledger, rate, random.Random(seed)
        self._run = uuid4().hex[:8]
        self._numbers = itertools.count()
        self._ending = threading.Event()
        self._local = threading.local()
        self._connections: list[http.client.HTTPConnection] = []
        self._pool = ThreadPoolExecutor(SENDERS)
        self._slots = threading.BoundedSemaphore(SENDERS * 2)
        self._pacer = threading.Thread(target=self._pace)
        self.started = time.monotonic()
        self.answers: list[Answer] = []

    def __enter__(self) -> Self:
        self.started = time.monotonic()
        self._pacer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ending.set()
        self._pacer.join()
        self._pool.shutdown()
        for connection in self._connections:
            connection.close()

    def _pace(self) -> None:
        """Hand out requests as they are due; while all senders wait for responses, no backlog builds up."""
        due = time.monotonic()
        while not self._ending.wait(max(0.0, due - time.monotonic())):
            due = max(due + 1 / self.rate, time.monotonic() - 1)
            if self._slots.acquire(timeout=1):
                self._pool.submit(self._submission()).add_done_callback(self._done)

    def _done(self, future: Future[None]) -> None:
        self._slots.release()
        future.result()

    def _submission(self) -> Callable[[], None]:
        """Decide, by the seed alone, what is sent next."""
        dice = self._random.random
        if dice() < BULK:
            strings = LARGE_BULK_STRINGS if dice() < LARGE_BULK else BULK_STRINGS
            nonces = [self._nonce() for _ in range(strings)]
            return lambda: self._send_until_known(nonces, str(uuid4()), "bulk")
        nonce, repeated, at_once = self._nonce(), dice() < REPEATED, dice() < AT_ONCE
        key = str(uuid4()) if repeated or dice() > WITHOUT_KEY else None
        if repeated and at_once:
            self._pool.submit(self._send_until_known, [nonce], key)
        return lambda: (
            [self._send_until_known([nonce], key) for _ in range(2 if repeated and not at_once else 1)] and None
        )

    def send_one(self, ending: str) -> Outcome:
        """Send a single string whose nonce has this ending, and return how that went."""
        return self._send_until_known([f"{self._run}-{next(self._numbers)}-{ending}"], str(uuid4()))

    def _nonce(self) -> str:
        ending = f"-{POISON}" if self._random.random() < POISONED else ""
        return f"{self._run}-{next(self._numbers)}{ending}"

    def _send_until_known(self, nonces: list[str], key: str | None, kind: str = "single") -> Outcome:
        """Send a request; where it has a key and its fate is unknown or it was shed, send it again a few times."""
        for _ in range(TRIES if key else 1):
            outcome = self._send(nonces, key, kind)
            if outcome == "acknowledged" or self._ending.wait(random.uniform(*PAUSE)):
                break
        return outcome

    def _send(self, nonces: list[str], key: str | None, kind: str) -> Outcome:
        self._ledger.note("invoked", nonces, f"{kind} key {key}")
        started = time.monotonic()
        ids = None
        try:
            status, body = self._post(nonces, key, kind)
        except (OSError, http.client.HTTPException) as error:
            outcome, what = "unknown", repr(error)
        else:
            outcome, what = judge(status, body)
            if outcome == "acknowledged":
                ids = body["ids"] if kind == "bulk" else [body["id"]]
        self._ledger.note(outcome, nonces, what, ids)
        self.answers.append(
            Answer(started - self.started, time.monotonic() - started, outcome, what, _first_id(nonces, key, kind))
        )
        return outcome

    def _post(self, nonces: list[str], key: str | None, kind: str) -> tuple[int, Any]:
        texts = [text_of(nonce) for nonce in nonces]
        path, body = ("/dummies/bulk", {"texts": texts}) if kind == "bulk" else ("/dummies/", {"text": texts[0]})
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        connection = self._connection()
        try:
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if content else {}
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            raise

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._local, "connection"):
            address = self._address
            self._local.connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT)
            self._connections.append(self._local.connection)
        connection: http.client.HTTPConnection = self._local.connection
        return connection


def _first_id(nonces: list[str], key: str | None, kind: str) -> str | None:
    if key is None:
        return None
    texts = [text_of(nonce) for nonce in nonces]
    return bulk_first_id(texts, key, None) if kind == "bulk" else submission_id(texts[0], key, None)


def judge(status: int, body: Any) -> tuple[Outcome, str]:
    """Return the outcome that an answer means, and a short description of it."""
    if status == http.HTTPStatus.ACCEPTED:
        return "acknowledged", "202"
    problem = str(body.get("type", "")).rpartition(":")[2] if isinstance(body, dict) else ""
    definite = status < http.HTTPStatus.INTERNAL_SERVER_ERROR or problem in KEPT_NOTHING
    return ("refused" if definite else "unknown"), f"{status} {problem}"
