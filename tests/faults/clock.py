"""Wrong clocks, by libfaketime where this machine has it."""

from __future__ import annotations

from pathlib import Path

from local.redis import Redis

READ_EACH_S = 1
"""How often (s) the library reads the offset of a clock."""


def find_faketime() -> Path | None:
    """Return libfaketime's file, or None if this machine does not have it."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def wrong_by(offset: str | None) -> dict[str, str]:
    """Return the environment that puts a process's clock, but not its monotonic one, wrong by this many seconds."""
    library = find_faketime()
    if offset is None or library is None:
        return {}
    return {"LD_PRELOAD": str(library), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


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
        # Redis' own allocator asks for the time before the library is ready for that: libc's takes its place
        preloaded = f"LD_PRELOAD={find_faketime()}:libc.so.6"
        clock = ["FAKETIME_TIMESTAMP_FILE=clock", f"FAKETIME_CACHE_DURATION={READ_EACH_S}"]
        return ["env", preloaded, *clock, "FAKETIME_DONT_FAKE_MONOTONIC=1", *super().command()]
