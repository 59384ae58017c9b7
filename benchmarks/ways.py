"""The ways that are compared, started over one Redis and one PostgreSQL."""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil
import psycopg2

from benchmarks.peers.task_per_string import app as peer
from local.ports import free_port
from local.system import Process, System, api_command, worker_command

STARTED_WITHIN = 30.0


class Way(NamedTuple):
    """A way for a string to become a row: where it is sent, and which table it ends in."""

    name: str
    url: str
    table: str


@contextmanager
def both_ways(folder: Path) -> Iterator[tuple[System, Way, Way]]:
    """Start this system and the peer, served by as many processes and threads; end them afterwards."""
    with System(folder) as system, ExitStack() as started:
        ours = system.start_api()
        system.start_worker()
        port = free_port()
        for name, command in (("worker", _peer_worker()), ("api", _peer_api(port))):
            process = Process(command, folder / f"peer-{name}.log", _peer_env(system))
            started.callback(process.stop)
        peer_url = f"http://127.0.0.1:{port}/"
        _wait_for_peer(peer_url, system.postgres.owner_url, folder)
        for api in (ours, process):
            _pin(api)
        yield system, Way("this system", f"{system.api_url}/dummies/", "dummies"), Way("peer", peer_url, peer.TABLE)


def _pin(api: Process) -> None:
    """Give each process of an API a core of its own.

    Python runs one thread of a process at a time; on two cores the others only get in its way.
    """
    cores = sorted(os.sched_getaffinity(0))
    for number, child in enumerate(psutil.Process(api.pid).children()):
        for thread in child.threads():
            os.sched_setaffinity(thread.id, {cores[number % len(cores)]})


def _peer_api(port: int) -> list[str]:
    return [*api_command(port)[:-1], f"{peer.__name__}:create_app"]


def _peer_worker() -> list[str]:
    command = [peer.__name__ if argument == "worker.app" else argument for argument in worker_command(name="peer@%h")]
    return [*command, "--loglevel", "WARNING"]  # a line for each task would slow it down


def _peer_env(system: System) -> dict[str, str]:
    # a logical database of its own, so that no key can meet one of ours
    broker = urlsplit(system.redis.url)._replace(path="/1").geturl()
    return {"CELERY_BROKER_URL": broker, "DATABASE_URL": system.postgres.owner_url}


def _wait_for_peer(url: str, database: str, logs: Path) -> None:
    deadline = time.monotonic() + STARTED_WITHIN
    with closing(psycopg2.connect(database, connect_timeout=3)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        while not (_answers(url) and _exists(cursor, peer.TABLE)):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the peer did not start, see {logs}/peer-*.log")
            time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2)
    except urllib.error.HTTPError as error:
        return error.code == 405  # it takes POST only
    except OSError:
        return False
    return True


def _exists(cursor: psycopg2.extensions.cursor, table: str) -> bool:
    cursor.execute("SELECT to_regclass(%s)", [table])
    return cursor.fetchone() != (None,)
