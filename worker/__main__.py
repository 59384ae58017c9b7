"""The worker as a program: ``python -m worker``, with further options of Celery's, such as ``--concurrency 4``."""

from __future__ import annotations

import sys

from celery.bin.celery import celery

from core.durability import refuse_volatile
from core.settings import load
from database.session import refuse_unfit
from worker.settings import WorkerSettings

# how Celery's worker runs, wherever it does; workers need nothing of each other
OPTIONS = ("--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle")


def main() -> None:
    """Run a worker, or stop with one line when a setting is bad or a server cannot keep the promise."""
    settings = load(WorkerSettings)
    refuse_volatile(settings)
    refuse_unfit(settings.database_url, "DATABASE_URL")
    sys.argv[:1] = ["-m", "worker"]  # Celery restarts with this on SIGHUP; by this file's path it would import nothing
    celery(["-A", "worker.app", "worker", *OPTIONS, *sys.argv[2:]], auto_envvar_prefix="CELERY")


if __name__ == "__main__":
    main()
