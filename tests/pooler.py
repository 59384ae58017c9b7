"""A real pgbouncer before a PostgreSQL."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support import eventually

from local.ports import free_port
from local.postgres import Postgres
from local.system import Process


@contextmanager
def pooler(postgres: Postgres, folder: Path, mode: str) -> Iterator[int]:
    """Run a pgbouncer with three sessions for all; return its port."""
    binary = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if binary is None:
        pytest.skip("NO PGBOUNCER: what holds behind a pooler is not tested; install pgbouncer")
    urls = [urlsplit(url) for url in (postgres.writer_url, postgres.reader_url)]
    (folder / "users").write_text("".join(f'"{url.username}" "{url.password}"\n' for url in urls))
    port = free_port()
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "plain",
        "auth_file": folder / "users",
        "pool_mode": mode,
        "default_pool_size": 3,
    } | ({"user": "nobody"} if os.geteuid() == 0 else {})  # it refuses to run as root
    lines = [f"{name} = {value}" for name, value in settings.items()]
    (folder / "ini").write_text(
        "\n".join(["[databases]", f"dummy = host=127.0.0.1 port={postgres.port}", "[pgbouncer]", *lines, ""])
    )
    process = Process([binary, str(folder / "ini")], folder / "log", {})
    try:
        eventually(lambda: listens(port), within=30)
        yield port
    finally:
        process.stop()


def listens(port: int) -> bool:
    """Tell whether something takes connections."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def by_way_of(port: int, url: str) -> str:
    """Return a database's address through a pooler."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
