"""PostgreSQL restored to a point in time: what was stored later is listed, and comes back under the same ids."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from integration.test_backup import Sender, missing
from support import Client, count_rows, eventually, query, redis_of

import local.postgres
from core.connection import Shard
from core.maintenance import Maintenance
from local.postgres import Postgres
from local.system import System
from local.unprivileged import disown
from worker.missing import MISSING

pytestmark = pytest.mark.timeout(300)
INSTALLED = Path("/usr/lib/postgresql")


def programs() -> Path:
    """Return the newest of Debian's PostgreSQL."""
    found = sorted(INSTALLED.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.skip("NO POSTGRESQL OF DEBIAN'S: the restore to a point in time is not tested; install postgresql")
    return found[-1].parent


def folder_of_the_server(postgres: Postgres, name: str) -> Path:
    """Make a folder that PostgreSQL's user may write."""
    folder = postgres.home / name
    folder.mkdir(mode=0o700)
    disown(folder)
    return folder


def configure(postgres: Postgres, settings: dict[str, str]) -> None:
    """Give the stopped server settings, and start it."""
    with (postgres._cluster / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    disown(postgres._cluster)
    postgres.start()


def restore(postgres: Postgres, base: Path, archive: Path, at: str) -> None:
    """Put the base backup in the cluster's place, and have the server replay the archive up to a time."""
    postgres.stop()
    postgres._cluster.rename(postgres.home / "lost")
    base.rename(postgres._cluster)
    (postgres._cluster / "recovery.signal").touch()
    disown(postgres._cluster / "recovery.signal")
    target = {"recovery_target_time": at, "recovery_target_action": "promote"}
    configure(postgres, {"restore_command": f"cp {archive}/%f %p"} | target)


def test_what_was_stored_after_the_point_in_time_is_listed_and_comes_back_under_the_same_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = programs()
    monkeypatch.setattr(local.postgres, "_binaries", lambda: binaries)
    monkeypatch.setattr(local.postgres, "LOCALE", ["--encoding=UTF8", "--locale=C"])
    with System(tmp_path / "system") as system, Client(base_url=system.api_url, timeout=10) as client:
        postgres, sender = system.postgres, Sender(client)
        archive, base = (folder_of_the_server(postgres, name) for name in ("archive", "base"))
        postgres.stop()
        configure(postgres, {"archive_mode": "on", "archive_command": f"cp %p {archive}/%f"})
        system.start_api()
        system.start_worker()
        sender.send("old 1", "old 2")
        eventually(lambda: count_rows(system) == 2, within=30)
        copied = postgres._place.run(binaries / "pg_basebackup", "--pgdata", base, "--dbname", postgres.superuser_url)
        assert copied.returncode == 0, copied.stderr
        sender.send("after the copy")
        eventually(lambda: count_rows(system) == 3, within=30)
        [(at,)] = query(system, "SELECT now()::text")
        lost = sender.send("lost 1", "lost 2")
        eventually(lambda: count_rows(system) == 5, within=30)
        [(segment,)] = query(system, "SELECT pg_walfile_name(pg_switch_wal())")
        eventually((archive / segment).exists, within=30)

        with redis_of(system) as redis:
            Maintenance([Shard(redis)]).pause("a test", "a restore")
            restore(postgres, base, archive, at)
            assert count_rows(system) == 3
            code, listed, said = missing(system, sender.receipts)
            assert (code, said.splitlines()[-1]) == (MISSING, "5 named, 2 missing")
            assert all(id_ in listed for id_ in lost)
            Maintenance([Shard(redis)]).resume()
        assert sender.send("lost 1", "lost 2") == lost
        eventually(lambda: count_rows(system) == 5, within=30)
        assert missing(system, sender.receipts)[0] == 0
        eventually(lambda: client.pipeline()["unaccounted"] == 0, within=30)
        print(subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout)
