"""`make doctor`: the doctor, by default for the system that `make run` started."""

from __future__ import annotations

import os
import runpy
import sys

from local.postgres import Postgres
from local.redis import Redis
from local.run import DATA, PORTS


def main() -> None:
    """Examine what the environment names or, where it names no Redis, the system of `make run`."""
    if not os.environ.get("REDIS_URL"):
        if not (DATA / "postgres" / "passwords.json").exists():
            sys.exit("Nothing to look at: start the system with make run, or set REDIS_URL, DATABASE_URL and so on.")
        ports = {name: int(os.environ.get(name) or default) for name, default in PORTS.items()}
        postgres = Postgres(DATA / "postgres", ports["POSTGRES_PORT"])
        redis = Redis(DATA / "redis", ports["REDIS_PORT"])
        os.environ |= {
            "REDIS_URL": redis.url,
            "DATABASE_URL": postgres.writer_url,
            "DATABASE_READ_URL": postgres.reader_url,
            "DATABASE_OWNER_URL": postgres.owner_url,
        }
    runpy.run_module("doctor", run_name="__main__")


if __name__ == "__main__":
    main()
