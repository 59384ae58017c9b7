"""A machine on which database/provision.sh was run. Needs root and namespaces; without them the tests say so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import psycopg2
import psycopg2.extensions
import pytest
from machine import ADDRESS, ARGUMENTS, NAMES, CannotBoot, Machine, network
from strings import new_entry

from worker.store import Store

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def bare_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A clean Debian."""
    try:
        with Machine(tmp_path_factory.mktemp("machine")) as booted:
            yield booted
    except CannotBoot as reason:
        pytest.skip(f"NO MACHINE: database/provision.sh is not tested here: {reason}")


@pytest.fixture(scope="session")
def first_run(bare_machine: Machine) -> str:
    """What the first run of provision.sh wrote; it came through a pipe, as through ssh."""
    script = (REPOSITORY / "database/provision.sh").read_text()
    done = bare_machine.run("bash", "-s", "--", *ARGUMENTS, stdin=script)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def machine(bare_machine: Machine, first_run: str) -> Iterator[Machine]:  # noqa: ARG001
    """The machine after the first run; connections of the tests come from the cluster's network."""
    with network(bare_machine.inside):
        yield bare_machine


@pytest.fixture(scope="session")
def passwords(machine: Machine) -> dict[str, str]:
    """The password of each role: owner, writer, reader."""
    lines = machine.shell("cat /etc/ix-dummies/passwords.env")
    return {name.lower(): value for name, value in re.findall(r"(?m)^DATABASE_(\w+)_PASSWORD=(\w{48})$", lines)}


@pytest.fixture
def url(machine: Machine, passwords: dict[str, str], tmp_path: Path) -> Callable[..., str]:
    """Return a role's address of the database, verified in full unless asked otherwise."""
    authority = tmp_path / "ca.crt"
    authority.write_text(machine.shell("cat /etc/ix-dummies/ca.crt"))

    def make(role: str, *, password: str = "", host: str = NAMES[0], database: str = "dummy", **parameters: str) -> str:
        options = {"hostaddr": ADDRESS, "sslmode": "verify-full", "sslrootcert": str(authority), **parameters}
        word = password or passwords.get(role.removeprefix("dummy_"), "")
        return f"postgresql://{role}:{word}@{host}:5432/{database}?{urlencode(options, quote_via=quote)}"

    return make


@pytest.fixture
def execute(url: Callable[..., str]) -> Callable[..., list[tuple[Any, ...]]]:
    """Run a statement as a role; return its rows."""

    def run(role: str, sql: str, **parameters: str) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(url(role, connect_timeout="5", **parameters))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    return run


@pytest.fixture(scope="session")
def migrated(machine: Machine, passwords: dict[str, str]) -> str:
    """What the project's migration said, as the owner."""
    authority = machine.root / "etc/ix-dummies/ca.crt"
    url = f"postgresql://dummy_owner:{passwords['owner']}@postgresql/dummy?hostaddr={ADDRESS}&sslmode=verify-full"
    environment = {**os.environ, "DATABASE_OWNER_URL": f"{url}&sslrootcert={authority}"}
    migrate = [sys.executable, "-m", "database.migrate"]
    done = subprocess.run(migrate, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def stored(migrated: str, url: Callable[..., str]) -> str:  # noqa: ARG001
    """A text that the worker's store has stored."""
    text = f"안녕 {uuid4()}"
    assert Store(url("dummy_writer")).insert([new_entry(text)]) == 1
    return text
