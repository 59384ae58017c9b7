"""PostgreSQL from one initdb: it takes longer than all else that starts a system, and makes the same each time."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from local import private
from local.postgres import SUPERUSER, Postgres


@cache
def _kept() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="cluster", ignore_cleanup_errors=True)


class CopiedPostgres(Postgres):
    """A PostgreSQL whose cluster is a copy of this process' first one, with the superuser's password of that."""

    _superusers = ""

    def _init(self) -> None:
        first = Path(_kept().name) / "cluster"
        if not first.exists():
            super()._init()
            _copy(self._cluster, first)
            CopiedPostgres._superusers = self._passwords[SUPERUSER]
            return
        _copy(first, self._cluster)
        self._passwords[SUPERUSER] = self._superusers
        private.write(self.folder / "passwords.json", json.dumps(self._passwords))


def _copy(cluster: Path, to: Path) -> None:
    subprocess.run(["cp", "-a", cluster, to], check=True, timeout=60)
