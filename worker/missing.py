"""``python -m worker.missing <receipts``: list what clients were promised and PostgreSQL lacks, after a restore.

It reads NDJSON or CSV with an ``id`` (receipts and exports of the page and the API, ledgers of clients) or, in NDJSON,
the ``ids`` of a bulk's answer, and prints what is missing in the same format: each string that is neither stored, nor
queued, nor a dead letter. What has no id, because it was refused, is passed over.

It exits with 0 when nothing is missing, with 1 when something is, with 2 for a bad setting or line, or where PostgreSQL
or Redis did not answer.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple, TextIO
from uuid import UUID

from core import logs
from core.connection import connect_shards
from core.errors import DummiesError
from core.journals import Journals
from core.settings import load
from core.submission import LONGEST_TEXT
from worker.settings import WorkerSettings
from worker.store import Store

AT_ONCE = 1_000
MISSING, FAILED = 1, 2


class Promise(NamedTuple):
    """A string that a client was promised: its id, and what the client noted of it."""

    id: str
    noted: Mapping[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code."""
    argparse.ArgumentParser(prog="python -m worker.missing", description=__doc__).parse_args(arguments)
    settings = load(WorkerSettings)
    logs.configure(json=settings.log_json)
    sys.stdin.reconfigure(encoding="utf-8-sig", newline="")  # type: ignore[union-attr]
    journals = Journals(connect_shards(settings.redis_url, settings.journal_shards))
    try:
        named, missing = report(sys.stdin, journals, Store(settings.database_url))
    except (DummiesError, ValueError) as error:
        print(error, file=sys.stderr)
        return FAILED
    print(f"{named:,} named, {missing:,} missing", file=sys.stderr)
    return MISSING if missing else 0


def report(lines: TextIO, journals: Journals, store: Store) -> tuple[int, int]:
    """Print what is missing; return how many strings were named, and how many of them are missing.

    Raises ValueError, which says which line is bad, and what the journal and the store raise.
    """
    first = lines.readline()
    as_json = first.lstrip().startswith("{")
    reader = csv.DictReader(lines, next(csv.reader([first]), []))
    promised = _of_json(chain([first], lines)) if as_json else _of_csv(reader)
    columns = csv.DictWriter(sys.stdout, reader.fieldnames or [], extrasaction="ignore")
    named = missing = 0
    while batch := list(islice(promised, AT_ONCE)):
        named += len(batch)
        for promise in _missing(batch, journals, store):
            if as_json:
                print(json.dumps(promise.noted, ensure_ascii=False))
            else:
                if not missing:
                    columns.writeheader()
                columns.writerow(promise.noted)
            missing += 1
    return named, missing


def _missing(promised: Sequence[Promise], journals: Journals, store: Store) -> list[Promise]:
    """Return those that are nowhere. The journal is asked first: what leaves it meanwhile has its row by then."""
    records = journals.records([promise.id for promise in promised], everywhere=True)
    gone = [promise for promise, record in zip(promised, records, strict=True) if record is None]
    stored = store.stored([promise.id for promise in gone])
    return [promise for promise in gone if promise.id not in stored]


def _of_json(lines: Iterable[str]) -> Iterator[Promise]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            noted = json.loads(line)
            if "refused" in noted:
                continue
            promised = [(each, {"id": each}) for each in noted["ids"]] if "ids" in noted else [(noted["id"], noted)]
            promises = [Promise(str(UUID(id_)), kept) for id_, kept in promised]
        except (ValueError, LookupError, TypeError, AttributeError):
            raise ValueError(f"line {number} is no JSON object with an id") from None
        yield from promises


def _of_csv(reader: csv.DictReader[str]) -> Iterator[Promise]:
    csv.field_size_limit(LONGEST_TEXT)
    if "id" not in (reader.fieldnames or []):
        raise ValueError('the first line names no column "id"')
    for noted in reader:
        if noted["id"]:
            try:
                yield Promise(str(UUID(noted["id"])), noted)
            except ValueError:
                raise ValueError(f"line {reader.line_num + 1}: {noted['id']!r:.50} is no id") from None


if __name__ == "__main__":
    sys.exit(main())
