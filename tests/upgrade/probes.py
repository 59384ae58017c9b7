"""What must hold while versions change: of keys that are used again, and of dead letters."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from typing import NamedTuple
from uuid import uuid4

import httpx
from faults.ledger import Ledger
from faults.texts import text_of
from support import Client, eventually

from core.append import KEY_REMEMBERED_S
from upgrade.versions import Version, Versions

BARRED = "barred"
"""A word that the table refuses until it is cured, unlike the poison of the load."""
BAR = f"ALTER TABLE dummies ADD CONSTRAINT barred CHECK (split_part(text, ' ', 1) NOT LIKE '%%{BARRED}') NOT VALID"
CURE = "ALTER TABLE dummies DROP CONSTRAINT barred"
BULK_STRINGS = 3
LETTERS = 4
"""Dead letters of a phase: each of the next phase's APIs discards one at least, and retries one at least."""
SEEN_WITHIN = 40.0
"""More than a lease, since the worker may have been killed with them."""
Apis = Mapping[Version, Client]


class Request(NamedTuple):
    """A request with a key, for a string or a bulk."""

    key: str
    nonces: tuple[str, ...]

    def send(self, api: Client) -> httpx.Response:
        """Send it to an API."""
        texts = [text_of(nonce) for nonce in self.nonces]
        path, body = ("/dummies/", {"text": texts[0]}) if len(texts) == 1 else ("/dummies/bulk", {"texts": texts})
        return api.post(path, json=body, headers={"Idempotency-Key": self.key})


class Probes:
    """Requests whose strings are noted in the ledger, to be judged at the end with the load's."""

    def __init__(self, versions: Versions, ledger: Ledger) -> None:
        self._versions, self._ledger = versions, ledger
        self._run, self._numbers = uuid4().hex[:8], itertools.count()
        self._retried = self._single_and_bulk()
        self._ids: dict[Request, list[str]] = {}
        self._carried: list[Request] = []
        self._carried_since = time.monotonic()
        self.letters: dict[str, Request] = {}
        """What was sent to be refused by the table, by its id."""
        versions.query(BAR)

    def retry_the_same(self, apis: Apis) -> None:
        """Send the same two requests as in every phase: they have the same ids as ever."""
        for request in self._retried:
            for api in apis.values():
                self._accept(api, request)

    def carry_keys(self, apis: Apis) -> None:
        """Use keys that the next phase uses again for other texts."""
        self._carried, self._carried_since = [], time.monotonic()
        for api in apis.values():
            self._carried += self._used(api)

    def reuse_keys(self, apis: Apis) -> None:
        """Use the last phase's keys, and each API's new ones, for another text in each API: all are refused."""
        requests = self._carried + [request for api in apis.values() for request in self._used(api)]
        for request in requests:
            *same, last = request.nonces
            for version, api in apis.items():
                answer = request._replace(nonces=(*same, f"{last}1")).send(api)
                assert answer.status_code == 422, f"{version} accepts another text: {answer.text}"
                assert answer.json()["type"].endswith("key-reused")
                self._accept(api, request)
        assert time.monotonic() < self._carried_since + KEY_REMEMBERED_S, "the phase was too long to carry keys over"

    def make_letters(self, apis: Apis) -> None:
        """Have the table refuse some strings, and every API say so."""
        for number in range(LETTERS):
            request = Request(str(uuid4()), (f"{self._nonce()}-{BARRED}",))
            answer = request.send(list(apis.values())[number % len(apis)]).raise_for_status()
            self.letters[answer.json()["id"]] = request
        for api in apis.values():
            eventually(lambda api=api: self.letters.keys() <= listed(api), SEEN_WITHIN)

    def settle_letters(self, apis: Apis) -> None:
        """Discard one half of the last phase's dead letters, and retry the other, each with every API in turn."""
        turns = list(itertools.islice(itertools.cycle(apis.values()), LETTERS))
        for api in apis.values():
            assert self.letters.keys() <= listed(api)
        half = len(self.letters) // 2
        ids = list(self.letters)
        for id_, api in zip(ids[:half], turns, strict=False):
            assert api.delete(f"/dummies/{id_}", params={"reason": "upgrade"}).status_code == 204
        self._versions.query(CURE)
        for id_, api in zip(ids[half:], turns, strict=False):
            assert api.post(f"/dummies/{id_}/retry").status_code == 202
            self._note(self.letters[id_], [id_])
            eventually(lambda api=api, id_=id_: api.state(id_)["status"] == "stored", SEEN_WITHIN)
        self._versions.query(BAR)
        for api in apis.values():
            assert not self.letters.keys() & listed(api)
        self.letters.clear()

    def _used(self, api: Client) -> list[Request]:
        requests = self._single_and_bulk()
        for request in requests:
            self._accept(api, request)
        return requests

    def _accept(self, api: Client, request: Request) -> None:
        """Have a request accepted, with the ids that it had before."""
        answer = request.send(api)
        assert answer.status_code == 202, f"{answer.status_code} {answer.text}"
        body = answer.json()
        ids = body["ids"] if len(request.nonces) > 1 else [body["id"]]
        self._note(request, ids)
        assert ids == self._ids.setdefault(request, ids), f"other ids for {request}"

    def _note(self, request: Request, ids: list[str]) -> None:
        for outcome in ("invoked", "acknowledged"):
            self._ledger.note(outcome, list(request.nonces), f"key {request.key}", ids)

    def _single_and_bulk(self) -> list[Request]:
        return [Request(str(uuid4()), tuple(self._nonce() for _ in range(count))) for count in (1, BULK_STRINGS)]

    def _nonce(self) -> str:
        return f"{self._run}-{next(self._numbers)}"


def listed(api: Client) -> set[str]:
    """Return the ids of the dead letters that an API lists, page by page."""
    found, page = set(), {"limit": "100"}
    while True:
        answer = api.get("/dummies/failed", params=page).raise_for_status().json()
        found |= {letter["id"] for letter in answer["items"]}
        if answer["next_cursor"] is None:
            return found
        page["cursor"] = answer["next_cursor"]
