"""The worker as a program: ``python -m worker``, with further options of Celery's, such as ``--concurrency 4``."""

from __future__ import annotations

import sys

from celery.bin.celery import celery

# options of every worker; workers do not talk to each other
OPTIONS = ("--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle")


def main() -> None:
    """Run a worker."""
    sys.argv[:1] = ["-m", "worker"]  # Celery restarts with this on SIGHUP; by this file's path it would import nothing
    celery(["-A", "worker.app", "worker", *OPTIONS, *sys.argv[2:]], prog_name="python -m", auto_envvar_prefix="CELERY")


if __name__ == "__main__":
    main()
