"""Another user of a machine on which `make run` runs: it reads no file, sees no password, and gets into no server."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis
from support import Client, eventually, query, redis_of

from local.child import Child
from local.ports import free_port
from local.redis import Redis, find_server, wheel_server
from local.system import System

STRANGER = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]  # "nobody" may be who runs PostgreSQL
LOOK = 'until [ -e "$1/over" ]; do find "$@" -type f -readable 2>/dev/null; done | sort -u'
IN_POSTGRES = ("lock", "server.log", "passwords.json", "pgpass", "superuser.new", "cluster", "cluster.new")
"""What a stranger, who may not list that folder, tries."""
TEXT = "비밀이 refused"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that anyone may enter."""
    made = Path(tempfile.mkdtemp(dir="/var/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@contextmanager
def careless() -> Iterator[None]:
    """Let anyone write each file that is made without a mode."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def looked_at(folder: Path) -> Iterator[list[str]]:
    """Have a stranger look for files to read all the time; afterwards they are in the list. Only root can."""
    found: list[str] = []
    names = [folder / "postgres" / f"{name}{new}" for name in IN_POSTGRES for new in ("", ".new")]
    look = [*STRANGER, "sh", "-c", LOOK, "sh", folder, *names] if os.geteuid() == 0 else ["true"]
    looking = Child(look, found.append, {}, Path("/"))
    try:
        yield found
    finally:
        (folder / "over").touch(0o600)
        looking.wait()


def open_to_others(folder: Path) -> list[Path]:
    """Return the files whose modes let others than the owner do anything, but those of metrics, in a closed folder."""
    closed = [each for each in folder.glob("*.metrics") if not each.stat().st_mode & 0o077]
    files = [each for each in folder.rglob("*") if each.is_file() and each.parent not in closed]
    return [each for each in files if each.stat().st_mode & 0o077]


def passwords(system: System) -> set[str]:
    """Return the servers' passwords."""
    addresses = (value for name, value in system.env.items() if name.endswith("_URL"))
    return {address.rpartition("@")[0].rpartition(":")[2] for address in addresses}


def command_lines(system: System) -> str:
    """Return those of all processes, which any user may read, and the servers' own, which Redis soon overwrites."""
    lines = [*system.redis.command(), *system.postgres.command()]
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            lines += process.cmdline()
    return "\n".join(lines)


def test_another_user_reaches_nothing(folder: Path) -> None:
    """No file while the servers start and run, whatever the umask; and a log that is passed on holds no text."""
    system = System(folder)
    with looked_at(folder) as found, careless():
        system.redis.start()
        system.postgres.start()
    with system, Client(base_url=system.api_url, timeout=10) as client:
        query(system, "ALTER TABLE dummies ADD CONSTRAINT planted CHECK (text NOT LIKE '%%refused')")
        tiers = [system.start_api(), system.start_worker()]
        submitted = client.submit(TEXT).raise_for_status().json()["id"]
        eventually(lambda: client.state(submitted)["status"] == "failed", within=20)
        assert len(passwords(system)) == 4
        assert not [password for password in passwords(system) if password in command_lines(system)]
        with redis.Redis(port=system.redis.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        with redis_of(system) as own:
            if int(own.info("server")["redis_version"].partition(".")[0]) >= 7:
                with pytest.raises(redis.ResponseError, match="protected config"):
                    own.config_set("dir", "/tmp")
        with pytest.raises(psycopg2.OperationalError, match="no password supplied"):
            psycopg2.connect(system.postgres.reader_login.partition("?")[0], passfile="/dev/null")
        subprocess.run([system.postgres.psql_path, system.postgres.reader_login, "-qc", "SELECT"], check=True)
        for tier in tiers:
            tier.stop()
    assert found == []
    assert open_to_others(folder) == []
    logs = {str(log.relative_to(folder)): log.read_text() for log in folder.rglob("*.log")}
    assert "violates check constraint" in logs["postgres/server.log"]
    assert not [name for name, log in logs.items() for secret in (TEXT, *passwords(system)) if secret in log]
    if os.geteuid() != 0:
        pytest.skip("NOT ROOT: that another user reads nothing while the servers start is not tested")


@pytest.mark.parametrize("find", [wheel_server, find_server])
def test_data_of_a_run_without_a_password_is_kept_and_closed(folder: Path, find: Callable[[], Path]) -> None:
    """An earlier version left its files open to all."""
    binary = find()
    server = Redis(folder / "redis", free_port(), binary)
    with server, redis.Redis.from_url(server.url) as client:
        client.set("kept", "yes")
    for each in (server.folder, *server.folder.rglob("*")):
        each.chmod(0o777)
    for name in ("password", "redis.conf"):
        (server.folder / name).unlink()
    with Redis(server.folder, server.port, binary) as later, redis.Redis.from_url(later.url) as client:
        assert client.get("kept") == b"yes"
        assert later.password != server.password
        assert later.folder.stat().st_mode & 0o077 == 0
