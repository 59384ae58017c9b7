"""The API with its journal observed: what each request appended, and that a refused one appended nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

from fakeredis import FakeRedis
from flask.testing import FlaskClient
from strings import read_entry

from api.http.problems import TYPE_PREFIX
from core.journal import Journal
from core.keys import KEYS

DONE = {200, 302}
REFUSALS = {400, 403, 404, 405, 413, 415, 422}


class Answer(NamedTuple):
    """An answer, and the ids and texts that its request put into the journal."""

    status: int
    json: Any
    appended: list[tuple[str, str]]

    @property
    def kind(self) -> str:
        """The last part of a problem's type."""
        return str(self.json["type"]).removeprefix(TYPE_PREFIX)

    @property
    def ids(self) -> list[str]:
        """The ids that a submission was given."""
        return self.json["ids"] if "ids" in self.json else [self.json["id"]]


class WatchedApi:
    """Sends requests, and looks at each answer and at the journal."""

    def __init__(self, client: FlaskClient, redis: FakeRedis) -> None:
        """Use an API and the Redis behind it, in which no one else writes."""
        self._client, self._redis, self._journal = client, redis, Journal(redis)
        self._last_entry = b"-"

    def send(self, path: str, method: str = "POST", **request: Any) -> Answer:
        """Send a request; check that it gets a success, a redirect, or a problem, which leave the journal untouched.

        What is accepted is in the journal with a record for each id, though not always as a new entry.
        """
        self._redis.set(KEYS.writable, "1")  # which the monitor would do
        keys = self._redis.dbsize()
        response = self._client.open(path, method=method, **request)
        body = response.json if response.data and response.mimetype.endswith("json") else None
        answer = Answer(response.status_code, body, self._appended())
        response.close()
        if answer.status == 202:
            assert all(self._journal.records(answer.ids))
            return answer
        assert answer.status in DONE | REFUSALS, (answer, request)
        assert not answer.appended
        assert self._redis.dbsize() <= keys  # some expire
        if answer.status in REFUSALS:
            assert response.content_type == "application/problem+json"
        if answer.status in REFUSALS and method != "HEAD":
            assert answer.json["type"].startswith(TYPE_PREFIX)
            assert answer.json["status"] == answer.status
            assert answer.json["detail"]
        return answer

    def _appended(self) -> list[tuple[str, str]]:
        entries = self._redis.xrange(KEYS.journal, self._last_entry)
        if entries:
            self._last_entry = b"(" + entries[-1][0]
        return [(one.id, one.text) for _, fields in entries for one in read_entry(fields).submissions]
