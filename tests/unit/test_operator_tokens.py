"""Operators' tokens: named, replaced without a restart, and never in the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeRedis
from flask.testing import FlaskClient
from support import capture_logs

from api.app import create_app
from api.operator_tokens import SHORTEST, OperatorTokens, name_of, read
from api.settings import ApiSettings

KIM, LEE, NEW = "kims-token-0123456789", "lees-token-0123456789", "new-token-0123456789"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of tokens."""
    (made := tmp_path / "operators").write_text(f"# who may\n\nkim {KIM}\nlee\t{LEE}\n")
    return made


@pytest.fixture
def settings(file: Path) -> dict[str, Any]:
    """An API with operators from the file, and the older setting."""
    return {"operators_file": file, "operator_token": "the-token-without-a-name"}


def let_in(client: FlaskClient, token: str) -> bool:
    """Tell whether a token opens the list of dead letters."""
    status = client.get("/dummies/failed", headers={"Authorization": f"Bearer {token}"}).status_code
    assert status in (200, 401)
    return status == 200


def test_tokens_are_replaced_without_a_restart_and_two_of_a_name_overlap(client: FlaskClient, file: Path) -> None:
    assert let_in(client, KIM)
    assert let_in(client, LEE)
    file.write_text(f"kim {KIM}\nkim {NEW}\n")
    assert let_in(client, KIM)
    assert let_in(client, NEW)
    assert not let_in(client, LEE)
    file.write_text(f"kim {NEW}\n")
    assert not let_in(client, KIM)
    assert let_in(client, NEW)


def test_a_file_that_is_replaced_as_kubernetes_does_is_read_again(client: FlaskClient, file: Path) -> None:
    """A link to a folder is replaced; length and time of the file may stay the same."""
    for version in ("1", "2"):
        (folder := file.with_name(f"version-{version}")).mkdir()
        (folder / "operators").write_text(f"kim {version * SHORTEST}\n")
        (link := file.with_name("link")).symlink_to(folder)
        link.rename(file.with_name("data"))
        if version == "1":
            file.unlink()
            file.symlink_to(file.with_name("data") / "operators")
        assert let_in(client, version * SHORTEST)
    assert not let_in(client, "1" * SHORTEST)


def test_the_older_setting_goes_on_working_beside_the_file(client: FlaskClient, file: Path) -> None:
    assert let_in(client, "the-token-without-a-name")
    file.write_text("")
    assert let_in(client, "the-token-without-a-name")
    assert not let_in(client, KIM)


@pytest.mark.parametrize("content", ["  # indented\n\t# tab\n \nkim {}\n", "\ufeff# from Windows\r\n kim {}\r\n"])
def test_what_editors_leave_does_no_harm(client: FlaskClient, file: Path, content: str) -> None:
    file.write_bytes(content.format(NEW).encode())
    assert let_in(client, NEW)


BAD = {
    "a token without a name": f"kim {KIM}\n{NEW}\n",
    "a token that is too short": f"kim {'x' * (SHORTEST - 1)}\n",
    "a token that no header carries": "kim 비밀비밀비밀비밀비밀비밀비밀비밀\n",
    "three words": f"kim {NEW} {NEW}\n",
    "a token twice": f"kim {NEW}\nlee {NEW}\n",
    "a name with other characters": f"k=m {NEW}\n",
    "another encoding": "kim-é".encode("latin-1"),
    "too much": f"kim {NEW}\n" * 5000,
    "the name of the token without one": f"operator {NEW}\n",
    "no file": None,
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_bad_file_keeps_the_last_good_one_and_is_logged_once(
    client: FlaskClient, file: Path, content: str | bytes | None
) -> None:
    assert let_in(client, KIM)
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with capture_logs() as logs:
        assert let_in(client, KIM)
        assert let_in(client, LEE)
        assert not let_in(client, NEW)
    [line] = [each for each in logs if each["event"].startswith("operators file")]
    assert str(file) in line["reason"]
    file.write_text(f"lee {NEW}\n")
    assert let_in(client, NEW)
    assert not let_in(client, KIM)


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_start_with_a_bad_file_is_logged_and_serves_without_its_tokens(
    settings: dict[str, Any], file: Path, redis: FakeRedis, content: str | bytes | None
) -> None:
    file.unlink()
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with capture_logs() as logs:
        client = create_app(ApiSettings(redis_url="redis://127.0.0.1:1/0", **settings), redis).test_client()
    assert str(file) in logs[0]["reason"]
    assert let_in(client, "the-token-without-a-name")
    assert not let_in(client, NEW)
    file.write_text(f"kim {NEW}\n")
    assert let_in(client, NEW)


def test_the_log_names_operators_and_never_a_token(client: FlaskClient, file: Path) -> None:
    with capture_logs() as logs:
        for token in (KIM, LEE, "guessed-0123456789"):
            let_in(client, token)
        file.write_text(f"kim {NEW}\n")
        let_in(client, NEW)
        file.write_text(f"kim {NEW} {LEE}\n{KIM}\n")
        let_in(client, NEW)
    assert [each["names"] for each in logs if "names" in each] == [["kim"]]
    written = str(logs)
    assert "127.0.0.1" in written
    assert not [each for each in (KIM, LEE, NEW, "guessed") if each in written]


def test_every_token_is_compared_whatever_was_found_before(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one)
        assert len(one) == len(other)
        return one == other

    monkeypatch.setattr("api.operator_tokens.compare_digest", compare)
    tokens = read(file)
    names = [name_of(given, tokens) for given in (KIM, LEE, "x", "x" * 1000)]
    assert names == ["kim", "lee", None, None]
    assert compared == [*tokens] * 4


def test_without_any_token_operators_are_turned_off(file: Path) -> None:
    file.write_text("# no one now\n")
    assert not OperatorTokens(None, file).current()
