"""The contenders: this system, its peers and its limits, on one Redis and one PostgreSQL."""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request
from typing import NamedTuple
from urllib.parse import urlsplit

from api.__main__ import OPTIONS
from benchmarks.peers.bare_append import app as bare_append
from benchmarks.peers.bare_wsgi import app as bare_wsgi
from benchmarks.peers.insert_in_request import app as insert_in_request
from benchmarks.peers.job_per_string import app as job_per_string
from benchmarks.peers.push_and_pop import app as push_and_pop
from benchmarks.peers.task_per_string import app as task_per_string
from local.ports import free_port
from local.system import System, api_command
from worker.__main__ import OPTIONS as WORKER_OPTIONS

STARTED_WITHIN = 30.0
PEERS_REDIS = 1  # a logical database of its own, so that no key collides with one of ours
SLOW = 1 / 3
"""The share of a trial in which strings are sent to a contender that stores more slowly than it accepts."""


class Contender(NamedTuple):
    """Where strings are sent, and the table or the stream in which they arrive."""

    key: str
    url: str
    table: str | None = None
    stream: str | None = None
    share: float = 1.0
    """The part of a trial in which it is sent strings; the rest is for storing, where that is slower than accepting."""


def start_peers(system: System) -> list[Contender]:
    """Start all peers and limits, each API with as many processes and threads as ours, and wait until they respond."""
    worker = [sys.executable, "-m", "celery", "-A", task_per_string.__name__, "worker", *WORKER_OPTIONS]
    # logging each task would slow the peer down
    system.start([*worker, "--hostname", "peer@%h", "--loglevel", "WARNING"], "task_worker", _env(system))
    contenders = [
        Contender("insert", _serve(system, insert_in_request.__name__), table=insert_in_request.TABLE),
        Contender("task", _serve(system, task_per_string.__name__), table=task_per_string.TABLE, share=SLOW),
        Contender("job", _serve(system, job_per_string.__name__), table=job_per_string.TABLE, share=SLOW),
        Contender("push", _serve(system, push_and_pop.__name__), table=push_and_pop.TABLE),
        Contender("bare_append", _serve(system, bare_append.__name__), stream=bare_append.STREAM),
        Contender("bare_wsgi", _serve(system, bare_wsgi.__name__)),
    ]
    for module in (job_per_string, push_and_pop):
        system.start([sys.executable, "-m", module.__name__], f"{module.TABLE}_worker", _env(system))
    return contenders


def _serve(system: System, module: str) -> str:
    """Serve a peer's API with granian, as ours is; return its URL once it responds."""
    port = free_port()
    command = [sys.executable, "-m", "granian", *OPTIONS, *api_command(port)[3:], f"{module}:create_app"]
    process = system.start(command, module.removeprefix("benchmarks.peers."), _env(system))
    url = f"http://127.0.0.1:{port}/"
    deadline = time.monotonic() + STARTED_WITHIN
    while not _responds(url):
        if time.monotonic() > deadline or not process.running:
            raise RuntimeError(f"a peer did not start, see its log: {process.log}")
        time.sleep(0.05)
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
