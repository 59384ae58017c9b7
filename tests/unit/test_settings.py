"""Settings come from the environment, and a bad one stops the start with one line that names it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from api.settings import ApiSettings
from core.settings import CoreSettings, load, variable
from database.settings import database_url
from worker.settings import WorkerSettings

REDIS = "redis://127.0.0.1:6379/0"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing but the journal's address."""
    for settings in (ApiSettings, WorkerSettings):
        for name in settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
            monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.setenv("REDIS_URL", REDIS)
    return monkeypatch


def test_wakeups_travel_through_the_journals_redis_by_default(environment: pytest.MonkeyPatch) -> None:
    assert load(CoreSettings).broker_url == REDIS
    environment.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:6379/1")
    assert load(CoreSettings).broker_url == "redis://127.0.0.1:6379/1"


def test_any_secret_may_come_as_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://writer:secret@127.0.0.1/dummy\n")
    environment.setenv("DATABASE_URL_FILE", str(file))
    assert str(load(WorkerSettings).database_url) == "postgresql://writer:secret@127.0.0.1/dummy"


def test_a_file_that_cannot_be_read_is_named(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("DATABASE_URL_FILE", "/nowhere/url")
    with pytest.raises(SystemExit):
        load(WorkerSettings)
    assert capsys.readouterr().err == "DATABASE_URL: /nowhere/url: No such file or directory\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\r\n", "is empty"),
        (b"postgresql://w:\xff@127.0.0.1/dummy", "is not UTF-8"),
        (b"x" * 70_000, "is larger than 65536 bytes"),
    ],
)
def test_a_file_that_holds_no_setting_is_named(
    environment: pytest.MonkeyPatch, tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "url"
    file.write_bytes(content)
    environment.setenv("DATABASE_URL_FILE", str(file))
    with pytest.raises(ValueError, match=said):
        variable("DATABASE_URL")


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_what_is_no_regular_file_is_not_read(environment: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    """Reading a pipe could wait forever, and a device may have no end."""
    os.mkfifo(tmp_path / "pipe")
    file = {"folder": tmp_path, "pipe": tmp_path / "pipe", "device": Path("/dev/zero")}[kind]
    environment.setenv("DATABASE_URL_FILE", str(file))
    with pytest.raises(ValueError, match="is not a regular file"):
        variable("DATABASE_URL")


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("REDIS_URL", "REDIS_URL_FILE"),
        ("REDIS_URL", "redis_url"),
        ("REDIS_URL", "redis_url_file"),
        ("REDIS_URL", "REDIS_URL_file"),
        ("REDIS_URL", "REDIS_URl"),
        ("OPERATOR_TOKEN", "operator_token"),
        ("CELERY_BROKER_URL", "BROKER_URL"),
        ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL"),
        ("CELERY_BROKER_URL", "CELERY_BROKER_WRITE_URL"),
    ],
)
def test_what_not_every_program_would_read_is_refused(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, beside: str
) -> None:
    environment.setenv(beside, "redis://secret")
    with pytest.raises(SystemExit):
        load(ApiSettings)
    said = capsys.readouterr().err
    assert said.startswith(f"{name}: ")
    assert beside in said
    assert said.count("\n") == 1
    assert "secret" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "http://secret"),
        ("DATABASE_READ_URL", "mysql://secret"),
        ("MAX_TEXT_BYTES", "0"),
        ("MAX_TEXT_BYTES", "many"),
        ("JOURNAL_MEMORY_FRACTION", "1.5"),
        ("JOURNAL_MEMORY_FRACTION", "nan"),
        ("LOG_JSON", "perhaps"),
        ("CORS_ORIGINS", "https://a.example,secret"),
        ("CORS_ORIGINS", "https://secret.example/"),
        ("CORS_ORIGINS", "https://Secret.example"),
        ("CORS_ORIGINS", "https://secret.example:443"),
        ("CORS_ORIGINS", "http://secret.example:80"),
        ("CORS_ORIGINS", "https://*.secret"),
        ("CORS_ORIGINS", "https://*secret.example"),
        ("CORS_ORIGINS", "null"),
        ("CORS_PORTS", "30001,secret"),
        ("CORS_PORTS", "65536"),
        ("CORS_PORTS", "*"),
        ("ALLOWED_HOSTS", "localhost,*.secret.example"),
        ("ALLOWED_HOSTS", "secret.example:8080"),
        ("ALLOWED_HOSTS", "https://secret.example"),
        ("ALLOWED_HOSTS", "::1"),
        ("OPERATOR_TOKEN", "secret"),
        ("READ_TOKEN", "secret"),
        ("OPERATOR_TOKEN", "secret-secret-secret "),
        ("OPERATOR_TOKEN", "secret secret secret"),
        ("READ_TOKEN", "secret secret secret"),
        ("READ_TOKEN", "secret-secret-secret secret"),
        ("READ_TOKEN", "secret-secret-secret secret-secret-secre2 secret-secret-secre3"),
        ("READ_TOKEN", "secret-secret-secret "),
        ("OPERATOR_TOKEN", "secret-비밀-비밀-비밀-비밀"),
        ("OPERATOR_TOKEN", "secret-secret-secret\x7f"),
        ("CELERY_BROKER_URL", "redis://h;redis://secret"),
    ],
)
def test_a_bad_value_is_one_line_that_names_it_and_does_not_repeat_it(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SystemExit):
        load(ApiSettings)
    said = capsys.readouterr().err
    assert said.startswith(f"{name}: ")
    assert said.count("\n") == 1
    assert "secret" not in said


def test_what_is_missing_is_named(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    environment.delenv("REDIS_URL")
    with pytest.raises(SystemExit):
        load(WorkerSettings)
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == ["REDIS_URL", "DATABASE_URL"]


def test_origins_ports_and_hosts_are_lists_with_commas(environment: pytest.MonkeyPatch) -> None:
    assert load(ApiSettings).cors_origins == ()
    environment.setenv("CORS_ORIGINS", "https://a.example, https://*.b.example")
    environment.setenv("CORS_PORTS", "30001,443")
    environment.setenv("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1],")
    loaded = load(ApiSettings)
    assert loaded.cors_origins == ("https://a.example", "https://*.b.example")
    assert loaded.cors_ports == (30001, 443)
    assert loaded.allowed_hosts == ("127.0.0.1", "localhost", "[::1]")


def test_the_owners_address_is_asked_for_by_name(
    environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.delenv("DATABASE_OWNER_URL", raising=False)
    with pytest.raises(SystemExit, match="2"):
        database_url("DATABASE_OWNER_URL")
    assert capsys.readouterr().err.startswith("DATABASE_OWNER_URL: ")
    environment.setenv("DATABASE_OWNER_URL", "postgresql://owner@127.0.0.1/dummy")
    assert database_url("DATABASE_OWNER_URL") == "postgresql://owner@127.0.0.1/dummy"
    file = tmp_path / "url"
    file.write_text("postgresql://other@127.0.0.1/dummy\n")
    environment.delenv("DATABASE_OWNER_URL")
    environment.setenv("DATABASE_OWNER_URL_FILE", str(file))
    assert database_url("DATABASE_OWNER_URL") == "postgresql://other@127.0.0.1/dummy"
