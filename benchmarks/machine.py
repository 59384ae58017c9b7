"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psycopg2
from redis import Redis

PACKAGES = ("granian", "flask", "celery", "psycopg2-binary")


def describe(redis_url: str, database_url: str) -> str:
    """Return one line: cores, processor, and the versions of what takes part."""
    with Redis.from_url(redis_url, socket_timeout=2) as redis:
        redis_version = redis.info("server")["redis_version"]
    connection = psycopg2.connect(database_url, connect_timeout=3)
    postgres_version = connection.info.parameter_status("server_version")
    connection.close()
    versions = [f"Python {platform.python_version()}", f"Redis {redis_version}", f"PostgreSQL {postgres_version}"]
    versions += [f"{package} {version(package)}" for package in PACKAGES]
    return f"{os.cpu_count()} cores, {_processor()}; {', '.join(versions)}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
