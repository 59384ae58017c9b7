"""``python -m doctor``: a table of what is well (✓), what is not (✗, with the remedy), what was not seen (·).

It reads the variables of the tiers, changes nothing that stays, and exits with 1 where something is not well, or with
2 where that is one of the variables.
"""

from __future__ import annotations

import sys

from core.connection import connect
from doctor.finding import Finding, table, unseen
from doctor.pipeline import look_at_journal, send_canary
from doctor.postgres import ROLES, look_at_postgres
from doctor.redis import look_at_redis
from doctor.settings import NAMES, look_up_names, read_settings


def examine() -> list[Finding]:
    """Look at everything, in the order in which one thing needs the other."""
    settings, findings = read_settings()
    findings += look_up_names(settings)
    for setting in ROLES:
        if setting in settings:
            findings += look_at_postgres(setting, settings[setting])
    if "REDIS_URL" not in settings:
        return findings
    with connect(settings["REDIS_URL"]) as redis:
        findings += look_at_redis(redis)
        if any(finding.what == "Redis" and finding.well for finding in findings):
            findings += look_at_journal(redis, settings.get("CELERY_BROKER_URL", settings["REDIS_URL"]))
            findings.append(_canary(findings, redis, settings))
    return findings


def _canary(findings: list[Finding], redis: object, settings: dict[str, str]) -> Finding:
    if "DATABASE_OWNER_URL" not in settings:
        return unseen("a string", "not sent: DATABASE_OWNER_URL is not set")
    if any(finding.well is False for finding in findings):
        return unseen("a string", "not sent: something on its way is not well")
    return send_canary(redis, settings["DATABASE_OWNER_URL"])


def main() -> None:
    """Examine, print, and exit."""
    findings = examine()
    print(table(findings))
    ill = sum(finding.well is False for finding in findings)
    print(f"\n{ill} of {len(findings)} not well" if ill else "\nall is well")
    unusable = any(finding.well is False for finding in findings if finding.what in NAMES)
    sys.exit(2 if unusable else 1 if ill else 0)


if __name__ == "__main__":
    main()
