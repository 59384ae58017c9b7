"""``python -m doctor``: a table of checks that passed (✓), failed (✗, with the remedy) or were skipped (·).

It reads the tiers' environment variables and leaves nothing behind. The exit code is 2 where one of them is missing or
wrong, else 1 where a check failed.
"""

from __future__ import annotations

import argparse
import sys
import time

from redis import Redis

from core.connection import connect
from core.keys import keys_at
from doctor.finding import UNREACHED, Finding, skipped, table
from doctor.pipeline import look_at_journal, send_canary
from doctor.postgres import ROLES, look_at_postgres
from doctor.redis import look_at_redis
from doctor.settings import NAMES, look_up_names, read_settings

SETTLING = 5.0
"""Seconds until the network of a cluster knows a new pod: before, its policies may refuse it every connection."""


def examine() -> list[Finding]:
    """Make every check; where a server could not be reached, make all once more when the network has settled."""
    findings = _examine()
    if any(finding.ok is False and finding.seen.startswith(UNREACHED) for finding in findings):
        time.sleep(SETTLING)
        findings = _examine()
    return findings


def _examine() -> list[Finding]:
    """Make every check; each comes after those that it depends on."""
    settings, findings = read_settings()
    findings += look_up_names(settings)
    for setting in ROLES:
        if setting in settings:
            findings += look_at_postgres(setting, settings[setting])
    if "REDIS_URL" not in settings:
        return findings
    with connect(settings["REDIS_URL"]) as redis:
        findings += look_at_redis(redis)
        if any(finding.what == "Redis" and finding.ok for finding in findings):
            findings += look_at_journal(
                redis, keys_at(settings["REDIS_URL"]), settings.get("CELERY_BROKER_URL", settings["REDIS_URL"])
            )
            findings.append(_canary(findings, redis, settings))
    return findings


def _canary(findings: list[Finding], redis: Redis, settings: dict[str, str]) -> Finding:
    if "DATABASE_OWNER_URL" not in settings:
        return skipped("test string", "not sent: DATABASE_OWNER_URL is not set")
    if any(finding.ok is False for finding in findings):
        return skipped("test string", "not sent: a check before it failed")
    return send_canary(redis, keys_at(settings["REDIS_URL"]), settings["DATABASE_OWNER_URL"])


def main() -> None:
    """Examine, print, and exit."""
    argparse.ArgumentParser(prog="python -m doctor", description=__doc__).parse_args()
    findings = examine()
    print(table(findings))
    failures = [finding.what for finding in findings if finding.ok is False]
    print(f"\n{len(failures)} of {len(findings)} checks failed" if failures else "\nall checks passed")
    sys.exit(2 if NAMES.intersection(failures) else 1 if failures else 0)


if __name__ == "__main__":
    main()
