"""What a request declares about its body is true, or the request is refused and nothing of it accepted."""

from __future__ import annotations

import gzip
import hashlib
from base64 import b64encode

import pytest
from flask.testing import FlaskClient

from core.journal import Journal

ONE = b'{"text": "a"}'
BODIES = {
    ("/dummies/", "application/json"): ONE,
    ("/dummies", "application/json"): ONE,
    ("/dummies/bulk", "application/json"): b'{"texts": ["a"]}',
    ("/dummies/bulk", "application/x-ndjson"): ONE,
    ("/dummies/bulk", "text/plain"): b"a",
}
each_body = pytest.mark.parametrize(("path", "media"), BODIES)


def digest(algorithm: str, body: bytes) -> str:
    """Return a digest in Base64."""
    return b64encode(hashlib.new(algorithm, body).digest()).decode()


@each_body
@pytest.mark.parametrize(
    "coding", ["gzip", "GZIP", "br", "deflate", "zstd", "aes128gcm", "identity, gzip", "gzip,br", "x"]
)
def test_a_coded_body_is_refused_and_the_accepted_coding_is_named(
    client: FlaskClient, journal: Journal, path: str, media: str, coding: str
) -> None:
    """Whether or not the body is coded: what is declared counts."""
    for body in (gzip.compress(BODIES[path, media]), BODIES[path, media]):
        answer = client.post(path, data=body, content_type=media, headers={"Content-Encoding": coding})
        assert answer.status_code == 415
        assert answer.json["type"].endswith(":unsupported-encoding")
        assert answer.headers["Accept-Encoding"] == "identity"
    assert journal.counts().waiting == 0


@each_body
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Encoding": "identity"},
        {"Content-Encoding": ""},
        {"Content-Encoding": "Identity, identity"},
        {"Content-Language": "ko"},
        {"Accept": "text/html"},
        {"Accept-Encoding": "gzip"},
        {"Expect": "100-continue"},
    ],
)
def test_what_changes_nothing_is_taken(client: FlaskClient, path: str, media: str, headers: dict[str, str]) -> None:
    assert client.post(path, data=BODIES[path, media], content_type=media, headers=headers).status_code == 202


@each_body
@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ("charset=utf-8", 202),
        ('Charset="UTF-8"', 202),
        ("charset=utf8 ; x=y", 202),
        ("x=y", 202),
        ("charset=utf-16", 415),
        ("charset=euc-kr", 415),
        ("charset=iso-8859-1", 415),
        ("x=y; charset=cp949", 415),
        ("charset=utf-8; charset=utf-16", 415),
        ("charset=", 415),
    ],
)
def test_only_utf_8_is_accepted_as_a_charset(
    client: FlaskClient, path: str, media: str, parameters: str, status: int
) -> None:
    answer = client.post(path, data=BODIES[path, media], content_type=f"{media}; {parameters}")
    assert answer.status_code == status


@each_body
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": "bytes 0-12/20"},
        {"Content-Range": "bytes */20"},
        {"Transfer-Encoding": "gzip, chunked"},
        {"Transfer-Encoding": "identity"},
    ],
)
def test_half_a_body_or_one_in_another_form_is_refused(
    client: FlaskClient, journal: Journal, path: str, media: str, headers: dict[str, str]
) -> None:
    answer = client.post(path, data=BODIES[path, media], content_type=media, headers=headers)
    assert answer.status_code == 400
    assert journal.counts().waiting == 0


@each_body
def test_a_digest_is_compared(client: FlaskClient, journal: Journal, path: str, media: str) -> None:
    body = BODIES[path, media]
    right = {
        "Content-Digest": f"sha-256=:{digest('sha256', body)}:",
        "Repr-Digest": f"unixsum=:MA==:, sha-512=:{digest('sha512', body)}:",
        "Digest": f"SHA-256={digest('sha256', body)},MD5={digest('md5', body)}",
        "Content-MD5": digest("md5", body),
    }
    assert client.post(path, data=body, content_type=media, headers=right).status_code == 202
    waiting = journal.counts().waiting
    for name, value in right.items():
        answer = client.post(path, data=body + b" ", content_type=media, headers={name: value})
        assert (answer.status_code, answer.json["type"].rpartition(":")[2]) == (400, "digest-mismatch")
    assert journal.counts().waiting == waiting


@pytest.mark.parametrize("name", ["Content-Digest", "Repr-Digest", "Digest"])
@pytest.mark.parametrize("value", ["", "sha-256", "crc32c=:AAAAAA==:", "adler=:AAAA:, unixsum=:MA==:", ":", "=,="])
def test_a_digest_of_an_unknown_algorithm_is_refused(client: FlaskClient, name: str, value: str) -> None:
    answer = client.post("/dummies/", data=ONE, content_type="application/json", headers={name: value})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("path", "media", "status"),
    [
        ("/dummies/", "application/json", 400),
        ("/dummies/bulk", "application/json", 400),
        ("/dummies/bulk", "application/x-ndjson", 422),
    ],
)
def test_a_byte_order_mark_before_json_is_refused(
    client: FlaskClient, journal: Journal, path: str, media: str, status: int
) -> None:
    answer = client.post(path, data=b"\xef\xbb\xbf" + BODIES[path, media], content_type=media)
    assert answer.status_code == status
    assert journal.counts().waiting == 0


@pytest.mark.parametrize(
    ("path", "media", "body"),
    [
        ("/dummies/", "application/json", b'{"text": "\\ufeffa"}'),
        ("/dummies/bulk", "application/x-ndjson", b'{"text": "\xef\xbb\xbfa"}'),
        ("/dummies/bulk", "text/plain", b"\xef\xbb\xbfa"),
    ],
)
def test_within_a_string_it_is_kept(client: FlaskClient, journal: Journal, path: str, media: str, body: bytes) -> None:
    """A line of plain text is the string, unchanged."""
    accepted = client.post(path, data=body, content_type=media).json
    id_ = accepted.get("id") or accepted["ids"][0]
    [record] = journal.records([id_])
    assert record
    submission, _ = journal.queued_string(id_, record) or (None, 0)
    assert submission
    assert submission.text == "\ufeffa"


@pytest.mark.parametrize(
    "media", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/html", ""]
)
@pytest.mark.parametrize("path", ["/dummies/", "/dummies/bulk"])
def test_other_media_types_are_refused(client: FlaskClient, path: str, media: str) -> None:
    answer = client.post(path, data=ONE, content_type=media)
    assert answer.status_code == 415
    assert answer.json["type"].endswith(":unsupported-media-type")
