"""A clean Debian that boots in namespaces of its own, with one address in the cluster's network and one elsewhere."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from local.child import Child

SUITE = os.environ.get("PROVISION_SUITE", "bookworm")
ADDRESS, CIDR = "192.168.10.7", "192.168.10.0/24"
NAMES = ("postgresql", "postgresql.ix-dummies.svc")
ARGUMENTS = ("--cidr", CIDR, "--name", NAMES[0], "--name", NAMES[1], "--dump")
TOOLS = ("debootstrap", "ip", "unshare", "nsenter", "apt-get", "chroot")
_CLONE_NEWNET = 0x40000000
_HERE = Path(__file__).parent
_CACHE = Path(tempfile.gettempdir()) / f"ix-dummies-clean-{SUITE}"


class CannotBoot(Exception):
    """The host lacks something that is needed; the message says what."""


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotBoot(f"{command[0]} {command[1]}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def clean_root() -> Path:
    """Return a root file system of Debian with systemd, and PostgreSQL's packages downloaded but not installed."""
    if _CACHE.exists():
        return _CACHE
    origin = [line for line in _run("apt-get", "indextargets", "--format", "$(SITE)").splitlines() if "/debian" in line]
    if not origin:
        raise CannotBoot("apt knows no mirror of Debian")
    mirror = min(origin, key=len)
    making = Path(tempfile.mkdtemp(dir=_CACHE.parent, prefix=f"{_CACHE.name}."))
    try:
        _run("debootstrap", "--variant=minbase", "--include=ca-certificates,systemd-sysv", SUITE, making, mirror)
        (making / "etc/apt/sources.list").write_text(f"deb {mirror} {SUITE} main\n")
        _run("chroot", making, "apt-get", "update")
        packages = ["--no-install-recommends", "--download-only", "postgresql", "openssl"]
        _run("chroot", making, "apt-get", "install", "--yes", *packages)
        making.chmod(0o755)
        making.rename(_CACHE)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return _CACHE


@contextmanager
def network(namespace: str) -> Iterator[None]:
    """Let this thread's new connections come from the network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open() as before, Path("/run/netns", namespace).open() as wanted:
        if libc.setns(wanted.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            libc.setns(before.fileno(), _CLONE_NEWNET)


def restore(machine: Machine) -> None:
    """Restore the newest dump, by the command in docs/database.md."""
    documentation = (_HERE.parents[1] / "docs" / "database.md").read_text()
    [command] = re.findall(r"(?s)cd / && sudo -u postgres (sh -c .*?)\n```", documentation)
    machine.shell(f"cd / && runuser -u postgres -- {command}")


class Machine:
    """One core, 1 GiB, 192.168.10.7 in the network ``inside``, 192.168.20.7 in ``outside``, no way to anywhere else."""

    def __init__(self, folder: Path) -> None:
        """Keep the root file system in the folder; nothing runs yet."""
        self.root = folder / "root"
        self.inside, self.outside, self._own = (f"ix-{name}-{os.getpid()}" for name in ("in", "out", "db"))
        self._cgroup: Path | None = None
        self._process: Child | None = None
        self._first = ""

    def __enter__(self) -> Self:
        """Boot; raises CannotBoot."""
        missing = [tool for tool in TOOLS if not shutil.which(tool)]
        if os.geteuid() or missing:
            raise CannotBoot(f"{', '.join(missing)} missing" if missing else "it takes root")
        try:
            self._connect()
            _run("cp", "--archive", clean_root(), self.root)
            shutil.copy(_HERE.parents[1] / "database" / "provision.sh", self.root / "srv")
            self._boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything and remove all traces."""
        if self._process:
            self._process.kill()
        for name in (self.inside, self.outside, self._own):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
        if self._cgroup:
            self._remove_cgroup(self._cgroup)

    def entering(self) -> list[str]:
        """Return the words before those of a command that root runs on the machine."""
        enter = ["nsenter", f"--target={self._first}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        environment = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "OMP_NUM_THREADS=1"]  # which nproc heeds
        return [*enter, "--root", "--wd", *environment]

    def run(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on the machine, as root."""
        return subprocess.run([*self.entering(), *command], input=stdin, capture_output=True, text=True, check=False)

    def shell(self, script: str) -> str:
        """Run a script on the machine; return what it writes. Fails when it does."""
        done = self.run("bash", "-euo", "pipefail", "-c", script)
        assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def sql(self, statement: str, database: str = "dummy") -> str:
        """Run a statement as the machine's superuser."""
        command = ("runuser", "-u", "postgres", "--", "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", database)
        done = self.run(*command, stdin=statement)
        assert done.returncode == 0, f"{statement}: {done.stderr}"
        return done.stdout.strip()

    def provision(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run provision.sh."""
        return self.run("bash", "/srv/provision.sh", *arguments)

    def faults(self) -> list[str]:
        """Return what --check finds; its exit code must say the same."""
        done = self.provision("--check")
        found = [line for line in done.stdout.splitlines() if line.startswith("FAULT")]
        assert (done.returncode, done.stderr) == (bool(found), ""), done.stdout + done.stderr
        return found

    def state(self) -> str:
        """Return everything that a run could change, as text."""
        files = self.shell(
            "find /etc /usr/local/sbin /var/backups/ix-dummies -type f -printf '%p %m %u %T@\\n' | sort;"
            "cat /etc/ix-dummies/* /etc/postgresql/*/main/*.conf /etc/postgresql/*/main/conf.d/* | sha256sum"
        )
        catalog = self.sql(
            "SELECT pg_postmaster_start_time(); SELECT * FROM pg_authid ORDER BY oid; SELECT * FROM pg_db_role_setting;"
            "SELECT datname, xmin, datdba, datacl FROM pg_database ORDER BY oid;"
            "SELECT xmin, nspacl FROM pg_namespace ORDER BY oid; SELECT name, setting FROM pg_settings ORDER BY name"
        )
        return f"{files}\n{catalog}"

    def _connect(self) -> None:
        for name in (self.inside, self.outside, self._own):
            _run("ip", "netns", "add", name)
            _run("ip", "-n", name, "link", "set", "lo", "up")
        for device, name, subnet in ("eth0", self.inside, "192.168.10"), ("eth1", self.outside, "192.168.20"):
            _run("ip", "-n", self._own, "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", name)
            for namespace, end, host in (self._own, device, 7), (name, "eth0", 5):
                _run("ip", "-n", namespace, "address", "add", f"{subnet}.{host}/24", "dev", end)
                _run("ip", "-n", namespace, "link", "set", end, "up")
        _run("ip", "-n", self.outside, "route", "add", CIDR, "via", "192.168.20.7")

    def _boot(self) -> None:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
        unified = [Path(target) for _, target, kind, *_ in mounts if kind == "cgroup2"]
        if not unified:
            raise CannotBoot("this kernel has no cgroup2 mounted")
        self._cgroup = unified[0] / self._own
        self._cgroup.mkdir()
        spaces = ["--mount", "--uts", "--ipc", "--pid", "--cgroup", "--fork", "--kill-child"]
        enter = f'echo $$ >"{self._cgroup}/cgroup.procs" && exec "$@"'
        boot = ["ip", "netns", "exec", self._own, "unshare", *spaces, "sh", _HERE / "boot.sh", self.root]
        log = self.root.parent / "boot.log"
        self._process = Child(["sh", "-c", enter, "sh", *boot], log, {})
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.running:
            self._first = children.read_text().strip() if children.exists() else ""
            if self._first and self.run("systemctl", "is-system-running").stdout.strip() in {"running", "degraded"}:
                return
            time.sleep(0.2)
        raise CannotBoot(f"systemd did not boot: {log.read_text().strip()[-300:]}")

    @staticmethod
    def _remove_cgroup(cgroup: Path) -> None:
        for _ in range(50):  # the last processes may take a moment to be gone
            try:
                for folder in sorted((path for path in cgroup.rglob("*") if path.is_dir()), reverse=True):
                    folder.rmdir()
                cgroup.rmdir()
            except OSError:
                time.sleep(0.1)
            else:
                return
