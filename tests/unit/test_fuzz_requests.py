"""Whatever is in the headers, the query and the path: a response, and never a bug."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from fakeredis import FakeRedis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from watched_api import WatchedApi

from api.http.request_ids import NGINX_HEADER
from api.process.reader import Piece, Search
from api.services import Services
from core.submission import StoredString

pytestmark = pytest.mark.timeout(60)
BUILT = hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    derandomize=True,
    print_blob=True,
    max_examples=250,
)
BODY = '{"text": "안녕"}'.encode()
JSON = "application/json"

# what a server can hand over: a header is latin-1 and ends with its line
HEADERS = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=12)
LONG = st.sampled_from(["k" * 255, "k" * 256, "k" * 5000])
# by way of the view behind Flask, and in front of it
ELSEWHERE = "https://page.example"
WAYS = st.sampled_from([{}, {"Origin": ELSEWHERE}])


class EmptyTable:
    """A fake PostgreSQL, which refuses what PostgreSQL would."""

    def states(self, ids: Sequence[str], preview: int | None = None) -> dict[str, StoredString]:
        assert len(ids) <= 100
        assert all(str(UUID(one)) == one for one in ids)
        assert preview is None or 0 <= preview <= 10_000
        return {}

    def stored(self, ids: Sequence[str]) -> set[str]:
        assert len(ids) == len(set(ids)) <= 2_000
        assert self.states(ids[:100]) == {}
        return set()

    def history(self, limit: int, before: int | None, preview: int | None) -> list[StoredString]:
        assert self.states([], preview) == {}
        assert 1 <= limit <= 200
        assert before is None or 1 <= before < 2**63
        return []

    def search(self, text: str, before: int | None, most: int, limit: int) -> Search | None:
        assert 1 <= len(text) <= 200
        assert "\0" not in text
        text.encode()
        assert self.history(limit, before, None) == []
        assert most > 0
        return None

    def export(self, text: str | None, before: int | None, *, csv: bool) -> Piece:
        assert isinstance(csv, bool)
        assert before is None
        if text is not None:
            self.search(text, before, 1, 1)
        return Piece("", None)


@pytest.fixture
def settings() -> dict[str, Any]:
    """The page whose requests Flask answers."""
    return {"cors_origins": [ELSEWHERE]}


@pytest.fixture
def api(client: FlaskClient, redis: FakeRedis, services: Services, monkeypatch: pytest.MonkeyPatch) -> WatchedApi:
    """The API over an empty table."""
    for name in ("states", "stored", "history", "search", "export"):
        monkeypatch.setattr(services.reader, name, getattr(EmptyTable(), name))
    return WatchedApi(client, redis)


def submit(api: WatchedApi, headers: dict[str, str], body: bytes = BODY) -> Any:
    """Submit a string under these headers."""
    return api.send("/dummies/", data=body, content_type=JSON, headers=headers)


@BUILT
@given(HEADERS | LONG, WAYS, WAYS)
def test_any_key_gives_one_string_one_id_or_is_refused(
    api: WatchedApi, key: str, way: dict[str, str], other_way: dict[str, str]
) -> None:
    first = submit(api, {"Idempotency-Key": key, **way})
    if not 1 <= len(key) <= 255:
        assert (first.status, first.kind) == (422, "invalid-key")
        return
    again = submit(api, {"Idempotency-Key": key, **other_way})
    assert first.status == again.status == 202
    assert (first.ids, again.appended) == (again.ids, [])
    other = submit(api, {"Idempotency-Key": key, **way}, b'{"text": "b"}')
    assert (other.status, other.kind) == (422, "key-reused")


@BUILT
@given(st.sampled_from(["X-Request-ID", NGINX_HEADER]), HEADERS | LONG, WAYS, WAYS)
def test_no_request_id_that_a_client_may_send_gives_two_requests_one_id(
    api: WatchedApi, header: str, request_id: str, way: dict[str, str], other_way: dict[str, str]
) -> None:
    first, again = (submit(api, {header: request_id, **one}) for one in (way, other_way))
    assert first.status == again.status == 202
    assert first.ids != again.ids


MEDIA_TYPES = st.sampled_from([JSON, "application/x-ndjson", "text/plain", "Application/JSON", "application/*", "x/y"])
PARAMETERS = st.sampled_from(["", ";", "; charset=utf-16", ';charset="', "; a*=%ff''b", ";=;;a=b"]) | HEADERS.map(
    ";".__add__
)
READ_AS = {  # what the texts of the body are, by path and media type
    ("/dummies/", JSON): ["안녕"],
    ("/dummies/bulk", "application/x-ndjson"): ["안녕"],
    ("/dummies/bulk", "text/plain"): [BODY.decode()],
}


@BUILT
@given(
    st.sampled_from(["/dummies/", "/dummies/bulk"]),
    HEADERS | st.builds(str.__add__, MEDIA_TYPES, PARAMETERS) | st.builds(str.__add__, HEADERS, MEDIA_TYPES),
)
def test_any_content_type_is_one_of_ours_or_refused(api: WatchedApi, path: str, content_type: str) -> None:
    answer = api.send(path, data=BODY, content_type=content_type)
    media_type = content_type.partition(";")[0].strip(" \t").lower()
    if re.search(r";\s*charset\s*=", content_type, re.IGNORECASE):
        assert answer.status == 415  # of those that are tried here none is UTF-8
    elif texts := READ_AS.get((path, media_type)):
        assert answer.status == 202
        assert [text for _, text in answer.appended] == texts
    else:
        assert answer.status == (422 if (path, media_type) == ("/dummies/bulk", JSON) else 415)


LENGTHS = (
    HEADERS | st.integers(-99, 99).map(str) | st.sampled_from(["18", " 18", "0018", "1_8", "9" * 5000, "0" * 5000])
)


@BUILT
@given(LENGTHS, WAYS)
@example("²", {})  # a digit to Python, but no number
@example("9" * 5000, {})  # more digits than Python reads
@example("19", {})  # a body cut off where it could have ended
def test_only_a_body_that_has_its_content_length_is_accepted(api: WatchedApi, length: str, way: dict[str, str]) -> None:
    answer = api.send(
        "/dummies/", data=BODY, content_type=JSON, headers=way, environ_overrides={"CONTENT_LENGTH": length}
    )
    right = re.fullmatch("0{0,9}18", length.strip(" \t")) is not None
    assert answer.status in ({202} if right else {400, 413})


NUMBERS = (
    st.integers(-5, 300).map(str)
    | st.integers(0, 2**64).map(str)
    | st.text(max_size=5)
    | st.text(st.characters(categories=["Nd", "No"]), max_size=5)
    | st.builds("{}{}".format, st.sampled_from(["0" * 18, "0" * 20, " ", "+", "1_"]), st.integers(1, 10**30))
)


@BUILT
@given(st.sampled_from([("limit", 1, 200), ("cursor", 1, 2**63 - 1), ("preview", 0, 10_000)]), NUMBERS)
@example(("limit", 1, 200), "00000000000000000001000000")
@example(("cursor", 1, 2**63 - 1), "00000000000000000001" + "9" * 5000)
@example(("limit", 1, 200), "²")
@example(("preview", 0, 10_000), "0")
@example(("preview", 0, 10_000), "10001")
def test_a_number_is_within_its_bounds_or_refused(api: WatchedApi, parameter: tuple[str, int, int], value: str) -> None:
    name, least, most = parameter
    answer = api.send("/dummies/", "GET", query_string=urlencode({name: value}))
    sensible = re.fullmatch("[0-9]{1,20}", value) and least <= int(value) <= most
    assert answer.status == (200 if sensible else 400)


def spellings(one: UUID) -> list[str]:
    """Return an id as some write it."""
    return [str(one), str(one).upper(), one.hex, one.urn, f"{{{one}}}"]


UUIDS = st.uuids().flatmap(lambda one: st.sampled_from(spellings(one)))
SPOILT = st.builds(
    lambda one, at, put_in: one[:at] + put_in + one[at + 1 :], UUIDS, st.integers(0, 45), st.text(max_size=2)
)


@BUILT
@given(
    st.lists(UUIDS, min_size=1, max_size=105) | st.lists(UUIDS | SPOILT | st.text(max_size=40), min_size=1, max_size=4)
)
@example([str(UUID(int=number)) for number in range(100)])
@example([str(UUID(int=number)) for number in range(101)])
def test_each_of_any_ids_is_in_one_list_or_all_are_refused(api: WatchedApi, ids: list[str]) -> None:
    answer = api.send("/dummies/", "GET", query_string=urlencode([("id", one) for one in ids]))
    if answer.status == 200:
        assert len(ids) <= 100
        assert set(answer.json["not_found"]) == {str(UUID(one)) for one in ids}
        assert answer.json["items"] == answer.json["unavailable"] == []
    else:
        assert (answer.status, answer.kind) == (400, "invalid-parameter")
        assert len(ids) > 100 or not all(re.fullmatch("[0-9a-f-]{36}", one) for one in ids)


@BUILT
@given(st.lists(UUIDS, max_size=9) | st.lists(UUIDS | SPOILT | st.none() | st.text(max_size=40), max_size=4))
@example([str(UUID(int=number)) for number in range(2_000)])
@example([str(UUID(int=number)) for number in range(2_001)])
def test_each_of_any_ids_is_counted_once_or_all_are_refused(api: WatchedApi, ids: list[str]) -> None:
    answer = api.send("/dummies/status", json={"ids": ids})
    if answer.status == 200:
        assert 1 <= len(ids) <= 2_000
        assert sorted(answer.json["not_found"]) == sorted({str(UUID(one)) for one in ids})
        assert (answer.json["queued"], answer.json["stored"], answer.json["failed"]) == (0, 0, [])
    else:
        assert (answer.status, answer.kind) == (422, "invalid-body")
        assert not 1 <= len(ids) <= 2_000 or not all(re.fullmatch("[0-9a-f-]{36}", str(one)) for one in ids)


@BUILT
@given(
    st.lists(
        st.sampled_from(
            [b"id=", b"limit=", b"cursor=", b"q=", b"preview=", b"format=", b"csv", b"&", b"=", b"%", b"%00", b"1"]
        )
        | st.binary(max_size=3)
    )
)
def test_any_query_is_answered(api: WatchedApi, parts: list[bytes]) -> None:
    query = b"".join(parts).decode("latin-1")
    for path in ("/dummies/", "/dummies/export"):
        assert api.send(path, "GET", environ_overrides={"QUERY_STRING": query}).status in {200, 400}


@BUILT
@given(
    st.sampled_from(["", "/", "/dummies", "/dummies/", "/dummies/bulk", "/dummies/bulk/", "/docs"]),
    (UUIDS | SPOILT | st.text(max_size=5)).map(str.encode) | st.binary(max_size=5),
    st.sampled_from(["GET", "POST", "PUT", "HEAD", "DELETE"]),
)
def test_any_path_is_answered(api: WatchedApi, start: str, end: bytes, method: str) -> None:
    answer = api.send("/", method, environ_overrides={"PATH_INFO": start + end.decode("latin-1")})
    assert answer.status in {200, 302, 403, 404, 405, 415}
