"""Settings come from the environment, and a bad one stops the start with one line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.settings import ApiSettings
from core.settings import CoreSettings, load
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


def test_wakeups_travel_through_the_journals_redis_unless_said_otherwise(environment: pytest.MonkeyPatch) -> None:
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
    assert capsys.readouterr().err == "/nowhere/url: No such file or directory\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "http://secret"),
        ("DATABASE_READ_URL", "mysql://secret"),
        ("MAX_TEXT_BYTES", "0"),
        ("MAX_TEXT_BYTES", "many"),
        ("JOURNAL_MEMORY_FRACTION", "1.5"),
        ("LOG_JSON", "perhaps"),
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


def test_origins_are_a_list_with_commas(environment: pytest.MonkeyPatch) -> None:
    assert load(ApiSettings).cors_origins == ()
    environment.setenv("CORS_ORIGINS", "https://a.example, https://b.example")
    assert load(ApiSettings).cors_origins == ("https://a.example", "https://b.example")


def test_the_owners_address_is_asked_for_by_name(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("DATABASE_OWNER_URL", raising=False)
    with pytest.raises(ValueError, match="DATABASE_OWNER_URL"):
        database_url("DATABASE_OWNER_URL")
    environment.setenv("DATABASE_OWNER_URL", "postgresql://owner@127.0.0.1/dummy")
    assert database_url("DATABASE_OWNER_URL") == "postgresql://owner@127.0.0.1/dummy"
    file = tmp_path / "url"
    file.write_text("postgresql://other@127.0.0.1/dummy\n")
    environment.setenv("DATABASE_OWNER_URL_FILE", str(file))
    assert database_url("DATABASE_OWNER_URL") == "postgresql://other@127.0.0.1/dummy"
