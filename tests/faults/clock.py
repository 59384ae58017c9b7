"""Wrong clocks, by libfaketime where this machine has it."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from local.redis import Redis, find_server

READ_EACH_S = 1
"""How often (s) the library reads the offset of a clock."""
STARTS_WITHIN_S = 1
"""Seconds after which a Redis that has not crashed yet has started."""


def find_faketime() -> Path | None:
    """Return libfaketime's file, or None if this machine does not have it."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def wrong_by(offset: str | None) -> dict[str, str]:
    """Return the environment that puts a process's clock, but not its monotonic one, wrong by this many seconds."""
    library = find_faketime()
    if offset is None or library is None:
        return {}
    return {"LD_PRELOAD": str(library), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def _preloaded() -> list[str]:
    # Redis' own allocator asks for the time before the library is ready for that: libc's takes its place
    return ["env", f"LD_PRELOAD={find_faketime()}:libc.so.6", "FAKETIME_DONT_FAKE_MONOTONIC=1"]


@cache
def can_move_redis_clock() -> bool:
    """Return whether this machine's Redis runs under libfaketime; Debian 13's crashes while it starts."""
    if find_faketime() is None:
        return False
    command = [*_preloaded(), str(find_server()), "--port", "0", "--unixsocket", "socket", "--save", ""]
    with TemporaryDirectory() as folder:
        try:
            subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=STARTS_WITHIN_S)
        except subprocess.TimeoutExpired:
            return True
    return False


class ClockedRedis(Redis):
    """A Redis whose clock can be put wrong while it runs, if it was started for that."""

    movable = False

    def put_clock(self, seconds: int) -> None:
        """Put its clock wrong by this many seconds; it takes effect within a second."""
        (self.folder / "clock").write_text(f"{seconds:+d}", encoding="ascii")

    def command(self) -> list[str]:
        """Return the command line."""
        if not self.movable:
            return super().command()
        clock = ["FAKETIME_TIMESTAMP_FILE=clock", f"FAKETIME_CACHE_DURATION={READ_EACH_S}"]
        return [*_preloaded(), *clock, *super().command()]
