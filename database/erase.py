"""Erases strings that were sent by mistake, and deletes old ones; for operators, as the owner of the table.

``python -m database.erase ID… --why TEXT`` erases texts. The row stays with its id, or is made, so that a repeat of
the request, a queued entry or a retried dead letter stores nothing. With a REDIS_URL, dead letters are discarded, and
it waits until workers have taken the strings off the journal.

``python -m database.erase --older-than DAYS --why TEXT`` deletes what was stored longer ago, except what was erased.

It exits with 0 when it is complete, with 1 when PostgreSQL or Redis kept it from that, with 2 for a bad setting or
option. However it ends, the same command does the rest.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NamedTuple
from uuid import UUID

import structlog

from core import logs
from core.connection import Shard, connect_shards
from core.dead_letters import ACTION_BEGINS, OPERATOR_ACTION, AllDeadLetters, DeadLetters
from core.errors import JournalUnavailable
from core.journals import Journals
from core.operators import operator, printable_text
from core.scripts import Replication
from core.settings import load
from database.connection import connect, run
from database.deadline import Session
from database.settings import EraseSettings

log = structlog.get_logger()

STATEMENT_TIMEOUT, LOCK_TIMEOUT = 30, 10
MOST_IDS = 1_000
MOST_DELETED = 1_000
"""Strings in a statement, which may have a text of 1 MiB each."""
REST = 1.0
"""How long deleting rests after each statement, as a multiple of the time that the statement took."""
SETTLING = 5.0
"""Seconds until the network of a cluster knows a new pod: before, its policies may refuse it every connection."""
PATIENCE, LOOK_EVERY = 60.0, 0.25
"""Seconds to wait until Redis has none of the strings: one that was set aside is tried after 30 s at most."""
_SQL = Path(__file__).parent / "sql"
_ERASE = (_SQL / "erase.sql").read_text(encoding="ascii")
_DELETE_OLDER = (_SQL / "delete_older.sql").read_text(encoding="ascii")
_COUNT_OLDER = (_SQL / "count_older.sql").read_text(encoding="ascii")


class Erased(NamedTuple):
    """How many texts were erased from rows, and how many ids got a row without one."""

    stored: int
    others: int


def erase(session: Session, ids: Sequence[str], received_at: Sequence[int | None]) -> Erased:
    """Erase these strings, in one transaction; raises psycopg2.Error."""
    times = dict(zip(ids, received_at, strict=True))
    with session.cursor() as cursor:
        cursor.execute(_ERASE, {"ids": sorted(times), "received_at": [times[key] for key in sorted(times)]})
        were_stored = [was_stored for (was_stored,) in cursor.fetchall()]
    return Erased(sum(were_stored), len(were_stored) - sum(were_stored))


def delete_older(session: Session, days: int, *, dry_run: bool = False) -> Iterator[int]:
    """Delete what was stored more than this many days ago, and yield how many strings each statement deleted.

    A dry run counts them instead. Either ends at the first thousand strings of which none is that old. Raises
    psycopg2.Error.
    """
    sql, after, deleted = _COUNT_OLDER if dry_run else _DELETE_OLDER, 0, 1
    while deleted:
        began = time.monotonic()
        with session.cursor() as cursor:
            cursor.execute(sql, {"days": days, "after": after, "most": MOST_DELETED})
            [(deleted, after)] = cursor.fetchall()
        yield deleted
        time.sleep(REST * (time.monotonic() - began))


class InRedis:
    """What Redis has of strings that are erased."""

    def __init__(self, shards: Sequence[Shard], replication: Replication) -> None:
        """Use these; their clients' timeouts bound every call."""
        self._journals = Journals(shards)
        self._dead_letters = AllDeadLetters([DeadLetters(*shard, replication) for shard in shards])
        self.discarded = 0

    def received_at(self, ids: Sequence[str]) -> list[int | None]:
        """Return when they were received, as far as it is known."""
        try:
            return [record and record.received_at for record in self._journals.records(ids, everywhere=True)]
        except JournalUnavailable:
            return [None] * len(ids)

    def clear(self, ids: Sequence[str]) -> int:
        """Discard dead letters, and wait for the workers to settle the others; return how many it still has.

        Those that fail meanwhile are discarded too. Raises JournalUnavailable.
        """
        until = time.monotonic() + PATIENCE
        for key in ids:  # a dead letter may be left without a record of its status
            self._discard(key)
        while True:
            records = dict(zip(ids, self._journals.records(ids, everywhere=True), strict=True))
            ids = [key for key, record in records.items() if record]
            if not ids or time.monotonic() > until:
                return len(ids)
            for key in ids:
                if (record := records[key]) and record.failed:
                    self._discard(key)
            time.sleep(LOOK_EVERY)

    def _discard(self, key: str) -> None:
        if self._dead_letters.discard(key):
            self.discarded += 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code."""
    asked = _parse(arguments)
    signal.signal(signal.SIGTERM, _end)  # so that the log says how far it came
    settings = load(EraseSettings)
    logs.configure(json=settings.log_json)
    erasing, deleting = (_try_to_erase, _count_older) if asked.dry_run else (_erase, _delete_older)
    return run("erase", partial(erasing if asked.ids else deleting, settings, asked), 0)


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m database.erase", description=__doc__, allow_abbrev=False)
    parser.add_argument("ids", nargs="*", type=UUID, metavar="ID", help=f"strings to erase, {MOST_IDS:,} at most")
    parser.add_argument("--older-than", type=int, metavar="DAYS", help="delete what was stored longer ago")
    parser.add_argument("--dry-run", action="store_true", help="count what would be done, and change nothing")
    parser.add_argument("--why", required=True, type=printable_text, help="why, for the log")
    asked = parser.parse_args(arguments)
    if bool(asked.ids) == (asked.older_than is not None):
        parser.error("give ids, or --older-than")
    if len(asked.ids) > MOST_IDS:
        parser.error(f"give at most {MOST_IDS:,} ids")
    if asked.older_than is not None and asked.older_than < 1:
        parser.error("--older-than: give at least one day")
    return asked


def _erase(settings: EraseSettings, asked: argparse.Namespace) -> int:
    ids = [str(key) for key in dict.fromkeys(asked.ids)]
    audit = {"operator": operator(), "action": "erase", "reason": asked.why, "ids": ids}
    replication = Replication(settings.journal_replicas, settings.allow_volatile_journal)
    url, shards = settings.redis_url, settings.journal_shards
    in_redis = InRedis(connect_shards(url, shards), replication) if url else None
    log.warning(ACTION_BEGINS, **audit)
    with closing(_connect(settings)) as session:  # first, because it waits for the network
        received_at = in_redis.received_at(ids) if in_redis else [None] * len(ids)
        erased = erase(session, ids, received_at)
    before = len(ids) - sum(erased)
    print(f"{erased.stored:,} erased; {erased.others:,} kept from being stored; {before:,} erased before.")
    code, left = 0, "REDIS_URL is not set: what waits there, or is a dead letter, keeps its text until it is settled."
    if in_redis:
        code, left = _clear(in_redis, ids)
    print(left)
    discarded = in_redis.discarded if in_redis else 0
    log.warning(OPERATOR_ACTION, **audit, count=sum(erased), discarded=discarded, complete=not code)
    return code


def _try_to_erase(settings: EraseSettings, asked: argparse.Namespace) -> int:
    """Erase in a transaction that is rolled back, and say what that did."""
    ids = [str(key) for key in dict.fromkeys(asked.ids)]
    with closing(_connect(settings)) as session:
        session.set_session(autocommit=False)
        erased = erase(session, ids, [None] * len(ids))
        session.rollback()
    before = len(ids) - sum(erased)
    print(f"Would be: {erased.stored:,} erased; {erased.others:,} kept from being stored; {before:,} erased before.")
    return 0


def _clear(in_redis: InRedis, ids: Sequence[str]) -> tuple[int, str]:
    """Clear Redis; return the exit code, and what to say."""
    try:
        left = in_redis.clear(ids)
    except JournalUnavailable as error:
        return 1, f"{error} Redis may still have texts: the same command does the rest."
    if left:
        return 1, f"{left:,} still in Redis, where a worker has to settle them: the same command looks again."
    return 0, f"Redis has none of them any more; dead letters discarded: {in_redis.discarded:,}."


def _delete_older(settings: EraseSettings, asked: argparse.Namespace) -> int:
    audit = {"operator": operator(), "action": "delete older", "reason": asked.why, "days": asked.older_than}
    log.warning(ACTION_BEGINS, **audit)
    count = 0
    try:
        with closing(_connect(settings)) as session:
            for deleted in delete_older(session, asked.older_than):
                count += deleted
    finally:
        log.warning(OPERATOR_ACTION, **audit, count=count)
    print(f"{count:,} deleted that were stored more than {asked.older_than:,} days ago.")
    return 0


def _count_older(settings: EraseSettings, asked: argparse.Namespace) -> int:
    with closing(_connect(settings)) as session:
        count = sum(delete_older(session, asked.older_than, dry_run=True))
    print(f"{count:,} would be deleted that were stored more than {asked.older_than:,} days ago.")
    return 0


def _connect(settings: EraseSettings) -> Session:
    begin = partial(connect, settings.database_owner_url, "ix-erase", STATEMENT_TIMEOUT, LOCK_TIMEOUT)
    return run("erase", begin, SETTLING)


if __name__ == "__main__":
    sys.exit(main())
