"""``python -m doctor``: a table of checks that passed (✓), failed (✗, with the remedy) or were skipped (·).

It reads the tiers' environment variables and leaves nothing behind. The exit code is 2 where one of them is missing or
wrong, else 1 where a check failed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from core.addresses import is_cluster
from core.connection import Shard, connect_shards
from core.scripts import Replication
from doctor.finding import UNREACHED, Finding, skipped, table
from doctor.pipeline import look_at_journal, send_canary
from doctor.postgres import ROLES, look_at_postgres
from doctor.redis import look_at_cluster, look_at_redis, look_at_replicas
from doctor.settings import NAMES, is_allowed, look_up_names, read_numbers, read_settings

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
    numbers, found = read_numbers()
    shards = connect_shards(settings["REDIS_URL"], numbers["JOURNAL_SHARDS"])
    names = [f"shard {number}" for number in range(len(shards))] if len(shards) > 1 else ["Redis"]
    replication = Replication(numbers["JOURNAL_REPLICAS"], is_allowed("ALLOW_VOLATILE_JOURNAL"))
    findings += found + _look_at_shards(settings["REDIS_URL"], shards, names, replication)
    if {finding.what for finding in findings if finding.ok}.issuperset(names):
        findings += look_at_journal(shards, settings.get("CELERY_BROKER_URL", settings["REDIS_URL"]))
        findings.append(_canary(findings, shards, settings, replication))
    return findings


def _look_at_shards(url: str, shards: Sequence[Shard], names: Sequence[str], replication: Replication) -> list[Finding]:
    findings = []
    for shard, name in zip(shards, names, strict=True):
        reached, *others = look_at_redis(shard.redis, name)
        findings += [reached, *others]
        if reached.ok and replication.replicas:
            findings.append(look_at_replicas(shard, replication, name))
        if reached.ok and is_cluster(url) and name == names[0]:
            findings.append(look_at_cluster(shard.redis))
    return findings


def _canary(
    findings: list[Finding], shards: Sequence[Shard], settings: dict[str, str], replication: Replication
) -> Finding:
    if "DATABASE_OWNER_URL" not in settings:
        return skipped("test string", "not sent: DATABASE_OWNER_URL is not set")
    if any(finding.ok is False for finding in findings):
        return skipped("test string", "not sent: a check before it failed")
    return send_canary(shards, replication, settings["DATABASE_OWNER_URL"])


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
