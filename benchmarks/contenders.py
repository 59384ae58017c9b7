"""The contenders: this system, its peers and its limits, on one Redis and one PostgreSQL."""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil

from api.__main__ import OPTIONS
from benchmarks.peers.bare_append import app as bare_append
from benchmarks.peers.bare_view import app as bare_view
from benchmarks.peers.insert_in_request import app as insert_in_request
from benchmarks.peers.push_and_pop import app as push_and_pop
from benchmarks.peers.task_per_string import app as task_per_string
from local.ports import free_port
from local.system import Process, System, api_command
from worker.__main__ import OPTIONS as WORKER_OPTIONS

STARTED_WITHIN = 30.0
PEERS_REDIS = 1  # a logical database of its own, so that no key collides with one of ours


class Contender(NamedTuple):
    """Where strings are sent, and the table or the stream in which they arrive."""

    key: str
    url: str
    table: str | None = None
    stream: str | None = None
    share: float = 1.0
    """The part of a trial in which it is sent strings; the rest is for storing, where that is slower than accepting."""


def start_ours(system: System) -> tuple[Contender, Process]:
    """Start this system's API, pinned to its cores."""
    api = system.start_api()
    pin(api)
    return Contender("ours", f"{system.api_url}/dummies/", table="dummies"), api


def start_peers(system: System) -> list[Contender]:
    """Start all peers and limits, each API with as many processes and threads as ours, and wait until they respond."""
    worker = [sys.executable, "-m", "celery", "-A", task_per_string.__name__, "worker", *WORKER_OPTIONS]
    # logging each task would slow the peer down
    system.start([*worker, "--hostname", "peer@%h", "--loglevel", "WARNING"], "task_worker", _env(system))
    insert = insert_in_request.TABLE
    contenders = [
        Contender("insert_granian", _granian(system, insert_in_request.__name__), table=insert),
        Contender("insert_flask", _flask(system, insert_in_request.__name__), table=insert),
        Contender("task", _granian(system, task_per_string.__name__), table=task_per_string.TABLE, share=1 / 3),
        Contender("push", _granian(system, push_and_pop.__name__), table=push_and_pop.TABLE, share=1 / 3),
        Contender("bare_append", _granian(system, bare_append.__name__), stream=bare_append.STREAM),
        Contender("bare_view", _granian(system, bare_view.__name__)),
    ]
    system.start([sys.executable, "-m", push_and_pop.__name__], "push_and_pop_loop", _env(system))
    return contenders


def pin(api: Process) -> None:
    """Give each process of an API a core of its own.

    Python runs one thread of a process at a time; spread over two cores its threads only get in each other's way.
    """
    cores = sorted(os.sched_getaffinity(0))
    server = psutil.Process(api.pid)
    # Flask's own server is one process; granian's serving processes are its children
    for number, process in enumerate(server.children() or [server]):
        for thread in process.threads():
            os.sched_setaffinity(thread.id, {cores[number % len(cores)]})


def _granian(system: System, module: str) -> str:
    port = free_port()
    command = [sys.executable, "-m", "granian", *OPTIONS, *api_command(port)[3:], f"{module}:create_app"]
    return _start(system, command, module, port)


def _flask(system: System, module: str) -> str:
    port = free_port()
    command = [sys.executable, "-m", "flask", "--app", module, "run", "--host", "127.0.0.1", "--port", str(port)]
    return _start(system, command, f"{module}-flask", port)


def _start(system: System, command: list[str], name: str, port: int) -> str:
    process = system.start(command, name.removeprefix("benchmarks.peers."), _env(system))
    url = f"http://127.0.0.1:{port}/"
    deadline = time.monotonic() + STARTED_WITHIN
    while not _responds(url):
        if time.monotonic() > deadline or not process.running:
            raise RuntimeError(f"a peer did not start, see its log: {process.log}")
        time.sleep(0.05)
    pin(process)
    return url


def _env(system: System) -> dict[str, str]:
    redis = urlsplit(system.redis.url)._replace(path=f"/{PEERS_REDIS}").geturl()
    return {"REDIS_URL": redis, "CELERY_BROKER_URL": redis, "DATABASE_URL": system.postgres.owner_url}


def _responds(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2)
    except urllib.error.HTTPError as error:
        return error.code == 405  # method not allowed: it is up
    except OSError:
        return False
    return True
