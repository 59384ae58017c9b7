"""A synchronous standby of a PostgreSQL, on the same machine: it has each row before the primary's COMMIT returns."""

from __future__ import annotations

import json
import shutil
import time
from functools import cached_property
from pathlib import Path

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class in spite of its name

from local import private
from local.child import POLL_INTERVAL
from local.postgres import SUPERUSER, Postgres
from local.server import ServerError
from local.unprivileged import disown

NAME = "standby"
"""What it calls itself."""
NAMES = "synchronous_standby_names"
"""The primary's setting: which standbys have each row before COMMIT returns."""
BACKUP_TIMEOUT = 120
SYNCHRONOUS_TIMEOUT = 30.0
PROMOTION_TIMEOUT = 30


class Standby(Postgres):
    """A PostgreSQL that follows another, with the same database, roles and passwords."""

    name = "PostgreSQL's standby"

    def __init__(self, data_dir: Path, port: int, primary: Postgres) -> None:
        """Keep the copy in this folder; nothing is copied before it starts."""
        super().__init__(data_dir, port)
        self._primary = primary
        self._is_new = False

    def start(self) -> None:
        """Follow the running primary, and have each of its COMMITs wait for that; once promoted, only start.

        Raises ServerError.
        """
        super().start()
        if not self._follows:
            return
        try:
            with self._primary.as_superuser() as cursor:
                cursor.execute(f"ALTER SYSTEM SET {NAMES} = '{NAME}'")
                cursor.execute("SELECT pg_reload_conf()")
                _wait_synchronous(cursor)
        except (ServerError, psycopg2.Error) as error:
            self.kill()
            raise ServerError(f"{self.name} on port {self.port} does not follow: {error}") from error

    def prepare(self) -> None:
        """Copy the primary, again where an earlier copy follows it: it may have gone another way since."""
        self._is_new = False
        super().prepare()
        if self._follows and not self._is_new:
            shutil.rmtree(self._cluster)
            super().prepare()

    def promote(self) -> None:
        """Make it a primary, and return when it takes writes. Raises psycopg2.Error."""
        with self.as_superuser() as cursor:
            cursor.execute(f"SELECT pg_promote(true, {PROMOTION_TIMEOUT})")

    @property
    def _follows(self) -> bool:
        return not self._place.run("test", "-f", self._cluster / "standby.signal").returncode

    def _init(self) -> None:
        self._is_new = True
        private.write(self.folder / "passwords.json", json.dumps(self._passwords))
        passfile = self.home / "replication"  # PostgreSQL's user reads it
        private.write(passfile, f"*:*:*:{SUPERUSER}:{self._passwords[SUPERUSER]}\n")
        self._cluster.mkdir(mode=0o700)
        for path in (passfile, self._cluster):
            disown(path)
        where = f"host=127.0.0.1 port={self._primary.port} user={SUPERUSER} application_name={NAME}"
        options = ["-D", str(self._cluster), "-d", f"{where} passfile='{passfile}'", "-R", "-c", "fast"]
        made = self._place.run(self._place.programs / "pg_basebackup", *options, timeout=BACKUP_TIMEOUT)
        if made.returncode:
            shutil.rmtree(self._cluster)
            raise ServerError(f"{self.name}: pg_basebackup failed: {made.stderr.strip()}")
        settings = self._cluster / "postgresql.auto.conf"  # once it is promoted, it waits for no one
        self._place.run("sh", "-c", f'echo "{NAMES} = \'\'" >>"$1"', "sh", settings)

    def _provision(self) -> None:
        """Nothing: it has what the primary has."""

    @cached_property
    def _passwords(self) -> dict[str, str]:
        return self._primary._passwords  # noqa: SLF001 - of the same family


def hosts(url: str, *ports: int) -> str:
    """Return a database's address with a host for each of these ports of this machine."""
    credentials, _, rest = url.rpartition("@")
    return f"{credentials}@{','.join(f'127.0.0.1:{port}' for port in ports)}/{rest.partition('/')[2]}"


def _wait_synchronous(primary: Cursor) -> None:
    deadline = time.monotonic() + SYNCHRONOUS_TIMEOUT
    while True:
        primary.execute("SELECT FROM pg_stat_replication WHERE sync_state = 'sync'")
        if primary.rowcount:
            return
        if time.monotonic() > deadline:
            raise ServerError("it does not become synchronous")
        time.sleep(POLL_INTERVAL)
