"""The doctor finds each planted fault, names it correctly, and finds nothing where nothing is wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from forwarding import LateForwarder
from strings import single
from support import REFUSE, UNPLANT, count_rows, eventually, query, redis_of
from tls_proxy import Proxy, make_certificate

from core.connection import Shard
from core.journal import Journal
from core.keys import KEYS
from core.maintenance import Maintenance
from doctor.__main__ import examine
from doctor.finding import Finding
from doctor.pipeline import look_at_journal
from doctor.settings import WANTED
from local.system import ROOT, Process, System

pytestmark = pytest.mark.timeout(120)
with_worker = pytest.mark.usefixtures("worker")
ELSEWHERE = "127.0.0.2"
"""An address of this machine that the doctor does not take for its own."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Servers with the schema; a test that needs a worker starts one."""
    with System(tmp_path_factory.mktemp("system")) as started:
        yield started


@pytest.fixture(scope="module")
def worker(system: System) -> Process:
    """A worker that has been heard of."""
    started = system.start_worker()
    eventually(lambda: redis_of(system).zcard(KEYS.workers), within=20)
    return started


@pytest.fixture(autouse=True)
def settings(system: System, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The system's addresses in the environment."""
    for wanted in WANTED:
        monkeypatch.delenv(wanted.name, raising=False)
        if wanted.name in system.env:
            monkeypatch.setenv(wanted.name, system.env[wanted.name])
    return monkeypatch


def faults() -> dict[str, Finding]:
    """Return the checks that failed."""
    return {finding.what: finding for finding in examine() if finding.ok is False}


@contextmanager
def redis_with(system: System, name: str, value: object) -> Iterator[None]:
    """Set Redis up differently for a while."""
    with redis_of(system) as redis:
        before = redis.config_get(name)[name]
        redis.config_set(name, value)
        try:
            yield
        finally:
            redis.config_set(name, before)


def elsewhere(url: str, port: int, **options: str) -> str:
    """Return the address of the same database by way of a proxy."""
    credentials = url.partition("@")[0]
    return f"{credentials}@{ELSEWHERE}:{port}/dummy?" + "&".join(f"{name}={value}" for name, value in options.items())


def test_without_a_worker_it_says_so() -> None:
    found = faults()
    assert set(found) == {"workers"}
    assert "start a worker" in found["workers"].remedy


@with_worker
def test_a_heartbeat_that_is_late(system: System) -> None:
    """One that is due in a moment is waited for: no worker is called dead that answers."""
    redis_of(system).delete(KEYS.workers)
    found = look_at_journal([Shard(redis_of(system))], system.env["REDIS_URL"])
    assert [finding for finding in found if not finding.ok] == []


@with_worker
def test_where_nothing_is_wrong_it_finds_nothing_and_leaves_nothing(system: System) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "doctor"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stdout
    assert "all checks passed" in run.stdout
    assert "stored after" in run.stdout
    assert count_rows(system) == 0
    for secret in ("REDIS_URL", "DATABASE_URL"):
        assert system.env[secret] not in run.stdout


@with_worker
def test_a_wrong_password(system: System, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("DATABASE_URL", system.env["DATABASE_URL"].replace("@", "x@"))
    settings.setenv("REDIS_URL", system.redis.url.replace("//", "//nobody"))
    found = faults()
    assert "password is wrong" in found["PostgreSQL as writer"].seen
    assert "REDIS_URL" in found["Redis"].remedy


@with_worker
@pytest.mark.parametrize(
    ("name", "value", "what", "said"),
    [
        ("maxmemory-policy", "allkeys-lru", "Redis' eviction", "allkeys-lru"),
        ("appendonly", "no", "Redis' file", "nothing on disk"),
        ("maxmemory", "2mb", "Redis' memory", "full"),
    ],
)
def test_a_redis_that_would_lose_or_refuse(
    system: System,
    name: str,
    value: str,
    what: str,
    said: str,
) -> None:
    with redis_of(system) as redis:
        redis.set("other", "x" * 2_000_000)
    with redis_with(system, name, value):
        found = faults()
    with redis_of(system) as redis:
        redis.delete("other")
    assert said in found.pop(what).seen
    assert set(found) <= {"wake-up", "test string"}  # a full Redis takes neither


@with_worker
def test_a_balance_that_is_off(system: System) -> None:
    with redis_of(system) as redis:
        redis.incrby(KEYS.appended, 3)
        try:
            assert "3 accepted strings" in faults()["balance"].seen
        finally:
            redis.decrby(KEYS.appended, 3)


@with_worker
def test_draining_that_was_left_paused(system: System) -> None:
    with redis_of(system) as redis:
        Maintenance([Shard(redis)]).pause("an operator", "an upgrade")
        try:
            assert faults()["draining"].seen == "paused by an operator: an upgrade"
        finally:
            Maintenance([Shard(redis)]).resume()


@with_worker
def test_strings_that_fail_alone(system: System) -> None:
    query(system, REFUSE.format("IF NEW.text = 'odd' THEN RAISE 'an odd one'; END IF;"))
    try:
        with redis_of(system) as redis:
            Journal(redis).append([single("odd")])
            eventually(lambda: redis.zcard(KEYS.set_aside), within=30)
        assert "1 strings fail when they are tried alone: P0001 an odd one" in faults()["set aside"].seen
    finally:
        query(system, UNPLANT)
    eventually(lambda: count_rows(system) == 1, within=40)
    query(system, "DELETE FROM dummies")


def test_a_journal_that_cannot_be_read(system: System) -> None:
    with redis_of(system) as redis:
        redis.execute_command("ACL", "SETUSER", "default", "-xlen")
        try:
            assert re.search("can't run|no permissions", faults()["journal"].seen)  # as this Redis says it
        finally:
            redis.execute_command("ACL", "SETUSER", "default", "+xlen")


@with_worker
@pytest.mark.parametrize(
    ("planted", "cured", "what", "said"),
    [
        (
            "DELETE FROM schema_migrations WHERE version = 2",
            "INSERT INTO schema_migrations (version, name) VALUES (2, '0002_pre_schema_version')",
            "schema",
            "0002_pre_schema_version",
        ),
        (
            "REVOKE INSERT (text) ON dummies FROM dummy_writer",
            "GRANT INSERT (text) ON dummies TO dummy_writer",
            "rights of writer",
            "missing: INSERT (text)",
        ),
        (
            "GRANT DELETE ON dummies TO dummy_writer",
            "REVOKE DELETE ON dummies FROM dummy_writer",
            "rights of writer",
            "too much: DELETE",
        ),
        (
            "GRANT UPDATE (text) ON dummies TO dummy_reader; GRANT INSERT ON dummies TO dummy_reader",
            "REVOKE UPDATE (text), INSERT ON dummies FROM dummy_reader",
            "rights of reader",
            "too much: INSERT",
        ),
    ],
)
def test_a_database_that_does_not_fit(
    system: System,
    planted: str,
    cured: str,
    what: str,
    said: str,
) -> None:
    query(system, planted)
    found = faults()
    query(system, cured)
    assert set(found) == {what}
    assert said in found[what].seen


@with_worker
def test_no_tls(system: System, settings: pytest.MonkeyPatch) -> None:
    with Proxy(ELSEWHERE, system.postgres.port) as plain:
        settings.setenv("DATABASE_URL", elsewhere(system.env["DATABASE_URL"], plain.port))
        found = faults()
    assert set(found) == {"TLS of PostgreSQL as writer"}
    assert "not encrypted" in found["TLS of PostgreSQL as writer"].seen


@with_worker
@pytest.mark.parametrize(
    ("name", "mode", "said"),
    [
        (ELSEWHERE, "verify-full", {}),
        (ELSEWHERE, "require", {"TLS of PostgreSQL as writer": "name is not verified"}),
        ("db.example", "verify-full", {"PostgreSQL as writer": "for another name"}),
    ],
)
def test_tls_and_the_servers_name(
    system: System, settings: pytest.MonkeyPatch, tmp_path: Path, name: str, mode: str, said: dict[str, str]
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("NO OPENSSL, no certificate can be made: install openssl")
    certificate = make_certificate(tmp_path, name)
    with Proxy(ELSEWHERE, system.postgres.port, certificate) as server:
        options = {"sslmode": mode} | ({"sslrootcert": str(certificate)} if mode == "verify-full" else {})
        settings.setenv("DATABASE_URL", elsewhere(system.env["DATABASE_URL"], server.port, **options))
        found = faults()
    assert set(found) == set(said)
    assert all(words in found[what].seen for what, words in said.items())


@with_worker
def test_a_clock_that_is_two_minutes_off() -> None:
    faketime = shutil.which("faketime")
    if faketime is None:
        pytest.skip("NO FAKETIME, no clock can be put wrong: install faketime")
    command = [faketime, "-f", "+120", sys.executable, "-m", "doctor"]
    env = os.environ | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=90, check=False)
    assert run.returncode == 1
    for clock in ("Redis' clock", "PostgreSQL's clock"):
        assert f"✗ {clock}" in run.stdout
    assert "120 s behind the clock here" in run.stdout


@with_worker
@pytest.mark.parametrize("where", ["nothing listens", "another database"])
def test_a_wrong_broker(system: System, settings: pytest.MonkeyPatch, where: str) -> None:
    wrong = "redis://127.0.0.1:1/0" if where == "nothing listens" else system.redis.url.replace("/0", "/5")
    settings.setenv("CELERY_BROKER_URL", wrong)
    found = faults()
    if where == "nothing listens":
        assert "CELERY_BROKER_URL" in found["broker"].remedy
    else:
        assert set(found) == {"wake-up"}
        assert "CELERY_BROKER_URL" in found["wake-up"].remedy


@pytest.mark.parametrize(("value", "said"), [("", "not set"), ("mysql://x@y/z", "invalid")])
def test_a_setting_that_is_missing_or_wrong(settings: pytest.MonkeyPatch, value: str, said: str) -> None:
    settings.setenv("DATABASE_URL", value)
    assert said in faults()["DATABASE_URL"].seen


def test_a_network_that_does_not_know_the_pod_yet(system: System, settings: pytest.MonkeyPatch) -> None:
    with LateForwarder(system.postgres.port) as postgres, LateForwarder(system.redis.port) as redis:
        for name, port in [("DATABASE_URL", postgres.port), ("REDIS_URL", redis.port)]:
            settings.setenv(name, re.sub(r":\d+/", f":{port}/", system.env[name]))
        assert not faults().keys() & {"PostgreSQL as writer", "Redis"}


def test_an_unknown_host(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("DATABASE_READ_URL", "postgresql://dummy_reader:x@nowhere.invalid/dummy")
    found = faults()
    assert "name nowhere.invalid" in found
    assert "DATABASE_READ_URL" in found["name nowhere.invalid"].remedy
