"""PostgreSQL under root: as whom it runs, and where, however few of root's rights there are."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import copy_wheel

from local.ports import free_port
from local.postgres import Postgres
from local.system import ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="NOT ROOT: what root's PostgreSQL needs is not tested")
ADD_A_ROW = """
import sys
from pathlib import Path
import psycopg2
from local.ports import free_port
from local.postgres import Postgres
with Postgres(Path(sys.argv[1]), free_port()) as postgres:
    connection = psycopg2.connect(postgres.owner_url)
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE IF NOT EXISTS kept (); INSERT INTO kept DEFAULT VALUES; SELECT count(*) FROM kept")
    connection.commit()
    print(f"{cursor.fetchone()[0]} in {postgres.home}")
"""
WITHOUT_SECUREBITS = ["setpriv", "--bounding-set=-setpcap"]
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-setpcap,-dac_override,-dac_read_search"]


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder that only root may enter, with PostgreSQL's wheel in it; what was moved from it goes, too."""
    folder = tmp_path / "만 root"
    folder.mkdir(mode=0o700)
    copy_wheel(folder)
    yield folder
    for moved in folder.rglob("moved"):
        shutil.rmtree(moved.resolve())


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anyone may enter."""
    folder = Path("/var/tmp") / f"ix-dummies-test-{os.getpid()}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def add_a_row(closed: Path, data: Path, *prefix: str, env: dict[str, str] | None = None, umask: int = -1) -> list[str]:
    """Start a PostgreSQL in a process of its own and add a row; return what is printed, line by line."""
    command = [*prefix, sys.executable, "-c", ADD_A_ROW, str(data)]
    env = os.environ | {"PYTHONPATH": f"{closed / 'wheel'}:{ROOT}"} | (env or {})
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, umask=umask, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_folder_of_roots_needs_no_other_place(closed: Path) -> None:
    data = closed / "data"
    assert add_a_row(closed, data) == [f"1 in {data}"]
    assert add_a_row(closed, data, umask=0o077) == [f"2 in {data}"]


def old_setpriv(folder: Path) -> dict[str, str]:
    """Return a PATH that begins with a setpriv which knows none of the options."""
    (folder / "setpriv").write_text("#!/bin/sh\necho 'unrecognized option' >&2\nexit 1\n")
    (folder / "setpriv").chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def no_setpriv(folder: Path) -> dict[str, str]:
    """Return a PATH on which there are a few tools and no setpriv."""
    for tool in ("sh", "test", "cat", "rm", "chmod"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    return {"PATH": str(folder)}


@pytest.mark.parametrize(
    ("prefix", "path", "umask"),
    [(WITHOUT_RIGHTS, None, 0o077), ([], old_setpriv, 0o022), ([], no_setpriv, 0o022)],
    ids=["without rights", "old setpriv", "no setpriv"],
)
def test_data_that_cannot_stay_is_found_where_it_went(
    closed: Path, open_folder: Path, prefix: list[str], path: Callable[[Path], dict[str, str]] | None, umask: int
) -> None:
    """The first time, the next time, and when all rights are there again."""
    env = path(open_folder) if path else {}
    data = closed / "data"
    for rows in (1, 2):
        [said, found] = add_a_row(closed, data, *prefix, env=env, umask=umask)
        home = (data / "moved").resolve()
        assert said == f"PostgreSQL's data is in {home}: it refuses root, and others could not use {data}"
        assert found == f"{rows} in {home}"
    assert add_a_row(closed, data)[-1] == f"3 in {home}"


def test_data_moves_when_its_folder_can_no_longer_be_entered(closed: Path) -> None:
    data = closed / "data"
    add_a_row(closed, data)
    [_, found] = add_a_row(closed, data, *WITHOUT_SECUREBITS)
    assert found == f"2 in {(data / 'moved').resolve()}"
    assert not (data / "cluster").exists()


def test_where_only_the_programs_are_out_of_reach_the_data_stays(closed: Path, open_folder: Path) -> None:
    data = open_folder / "data"
    for rows in (1, 2):
        assert add_a_row(closed, data, *WITHOUT_RIGHTS) == [f"{rows} in {data}"]


def test_a_place_that_was_emptied_is_made_again(closed: Path) -> None:
    data = closed / "data"
    add_a_row(closed, data, *WITHOUT_SECUREBITS)
    shutil.rmtree((data / "moved").resolve())
    assert add_a_row(closed, data, *WITHOUT_SECUREBITS)[-1] == f"1 in {(data / 'moved').resolve()}"


def test_without_a_nobody_it_is_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> pwd.struct_passwd:
        raise KeyError(name)

    monkeypatch.setattr(pwd, "getpwnam", unknown)
    with Postgres(tmp_path / "data", free_port()) as postgres:
        assert (postgres.home / "cluster").stat().st_uid not in (0, pwd.getpwuid(65534).pw_uid)


def test_a_root_that_cannot_become_anyone_else_is_told_so(closed: Path) -> None:
    with pytest.raises(AssertionError, match=r"cannot run as nobody here: .*not permitted"):
        add_a_row(closed, closed / "data", "setpriv", "--bounding-set=-setuid")


def test_an_initdb_that_was_cut_short_is_repeated(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Postgres(data, free_port()):
        pass
    (data / "cluster").rename(data / "cluster.new")
    (data / "cluster.new" / "PG_VERSION").unlink()
    with Postgres(data, free_port()) as postgres:
        assert postgres.running


def test_a_pid_file_that_names_another_process_is_no_obstacle(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Postgres(data, free_port()) as postgres:
        pass
    (data / "cluster" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    with Postgres(data, free_port()) as postgres:
        assert postgres.running
