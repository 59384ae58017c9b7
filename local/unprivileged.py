"""Who PostgreSQL runs as where we are root, whom it refuses, and where that user can reach its files."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from local import private

REFUGES = ("/var/lib", "/srv", "/var/tmp")  # noqa: S108 - the folder made there has a random name, and is root's
"""Where anyone may enter, and files outlive a restart of the machine."""
TIMEOUT = 60.0
# Python can import nothing more once it is someone else
_BECOME = """\
import os, sys
uid, gid, *command = sys.argv[1:]
os.setgroups([])
os.setgid(int(gid))
os.setuid(int(uid))
os.execv("/bin/sh", ["sh", "-c", 'exec "$@"', "sh", *command])
"""
# initdb with --show makes nothing, but asks access() about its neighbours, runs one, and looks its user up
_PROBE = 'cd "$1" && exec "$2/initdb" --show -D cluster'


class Place(NamedTuple):
    """Where PostgreSQL is."""

    home: Path
    """The folder of its data."""
    programs: Path
    prefix: list[str]
    """The prefix of a command so that PostgreSQL accepts its user."""

    def run(self, *command: str | Path, timeout: float = TIMEOUT) -> subprocess.CompletedProcess[str]:
        """Run a command in that user's name; one that does not start or end in time (s) has failed, too.

        Ctrl-C in the terminal does not reach it.
        """
        words = [*self.prefix, *map(str, command)]
        try:
            return subprocess.run(
                words, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                start_new_session=True, check=False, timeout=timeout,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return subprocess.CompletedProcess(words, 127, "", str(error))

    def obstacle(self) -> str:
        """Return what keeps the programs from working here, nothing where all is well."""
        probe = self.run("sh", "-c", _PROBE, "sh", self.home, self.programs)
        return _last_line(probe.stderr) or "no reason given" if probe.returncode else ""


def settle(folder: Path, programs: Path) -> Place:
    """Return a place where PostgreSQL can run: this folder and these programs where they can be reached.

    Else both go to where anyone may enter, one line says so, and the link ``moved`` leads there from then on. Raises
    OSError where there is no such place.
    """
    moved = folder / "moved"
    home = moved.resolve() if moved.is_dir() else folder
    if os.geteuid() != 0:
        return Place(home, programs, [])
    for prefix in _prefixes():
        place = Place(home, programs, prefix)
        if not place.obstacle():
            break
    else:
        place = _move(home, programs)
        if place.home != home:
            _take_data(home, place.home, moved)
    if place.home != folder:
        print(f"PostgreSQL's data is in {place.home}: it refuses root, and others could not use {folder}", flush=True)
    return place


def disown(path: Path) -> None:
    """Give a file, or a folder with all that is in it, to PostgreSQL's user where we are root. Raises OSError."""
    if os.geteuid() == 0 and path.stat().st_uid != _user().pw_uid:
        for each in (*path.rglob("*"), path):
            os.chown(each, _user().pw_uid, _user().pw_gid, follow_symlinks=False)


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


def _prefixes() -> list[list[str]]:
    """Return the prefixes with which root starts a command as someone else, that with the fewest rights first.

    The capability lets PostgreSQL pass through folders that only root may enter, such as /root; access() heeds it only
    with the securebit.
    """
    user = _user()
    plain = [sys.executable, "-ISc", _BECOME, str(user.pw_uid), str(user.pw_gid)]
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
    return [plain, ["setpriv", *ids, *rights, "--"]]


def _user() -> pwd.struct_passwd:
    """Return nobody; where no one has that name, the first of the other users."""
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        return min((user for user in pwd.getpwall() if user.pw_uid), key=lambda user: user.pw_uid)


def _move(home: Path, programs: Path) -> Place:
    """Copy the programs to where they can be reached, beside the data if that can be. Raises OSError."""
    prefix, reason = _prefixes()[0], "no folder can be entered"
    for base in (home, *map(Path, REFUGES)):
        looked = Place(base, programs, prefix).run("test", "-x", base)
        if looked.returncode:
            reason = _last_line(looked.stderr) or reason
            continue
        try:
            made = home if base == home else _refuge(base)
        except OSError as error:
            reason = str(error)
            continue
        place = Place(made, _copy(programs, made / "programs"), prefix)
        reason = place.obstacle()
        if not reason:
            return place
        shutil.rmtree(made / "programs" if made == home else made)
    raise PermissionError(f"PostgreSQL refuses root, and cannot run as {_user().pw_name} here: {reason}")


def _refuge(base: Path) -> Path:
    made = Path(tempfile.mkdtemp(prefix="ix-dummies-", dir=base))
    made.chmod(0o755)
    return made


def _copy(programs: Path, copy: Path) -> Path:
    """Return the programs in a copy, with all that they load, that anyone may read."""
    package = programs.parents[1]
    shutil.rmtree(copy, ignore_errors=True)
    for folder in (programs.parent, package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, copy / folder.relative_to(package.parent), symlinks=True)
    subprocess.run(["chmod", "-R", "go+rX", copy], check=False, timeout=TIMEOUT)
    return copy / programs.relative_to(package.parent)


def _take_data(home: Path, place: Path, moved: Path) -> None:
    """Take the data along if there is any; whenever this is cut short, one whole copy is where it is looked for."""
    if (home / "cluster").exists():
        (place / "cluster").mkdir(private.FOLDER)
        shutil.copytree(home / "cluster", place / "cluster", symlinks=True, dirs_exist_ok=True)
    link = moved.with_name("moved.new")
    link.unlink(missing_ok=True)
    link.symlink_to(place)
    link.rename(moved)
    shutil.rmtree(home / "cluster", ignore_errors=True)
