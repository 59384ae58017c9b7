"""``python -m worker.dead_letters``: list, export, retry or discard dead letters by reason, from where the worker runs.

It exits with 0 when it is complete, with 1 when Redis is unavailable or full before that, with 2 for a bad setting or
option, with 130 after Ctrl-C. However it ends, the same command does the rest, and nothing twice.
"""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from msgspec.structs import asdict

from core import logs
from core.connection import connect_shards
from core.dead_letter_groups import DeadLetterGroups, Piece, Progress
from core.dead_letters import DeadLetters
from core.errors import JournalFull, JournalUnavailable
from core.operators import operator, printable_text
from core.scripts import Replication
from core.settings import CoreSettings, load
from core.submission import encode
from core.wakeups import make_celery, publish_wakeup

MOST_LISTED = 1_000
LINE_EVERY = 1.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INCOMPLETE, INTERRUPTED = 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code."""
    asked = _parser().parse_args(arguments)
    settings = load(CoreSettings)
    logs.configure(json=settings.log_json)
    if sys.stderr.isatty():
        logging.getLogger().setLevel(logging.WARNING)  # the ids of discarded dead letters would hide the progress
    shards = connect_shards(settings.redis_url, settings.journal_shards)
    groups = DeadLetterGroups([DeadLetters(*shard, Replication.of(settings)) for shard in shards])
    try:
        return _act(groups, asked, settings.broker_url)
    except JournalUnavailable as error:
        reads = asked.action in {"list", "export"}
        print(error if reads else f"{error} Nothing was changed.", file=sys.stderr)
        return INCOMPLETE
    except BrokenPipeError:  # who reads the export has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INCOMPLETE
    except KeyboardInterrupt:
        return INTERRUPTED


def _act(groups: DeadLetterGroups, asked: argparse.Namespace, broker_url: str) -> int:
    if asked.action == "list":
        return _list(groups.pieces())
    reasons, search = None if asked.all else frozenset(asked.reason), asked.containing or ""
    if asked.action == "export":
        return _export(groups.pieces(reasons, search))
    if asked.dry_run:
        return _list(groups.pieces(reasons, search), f"dead letters that {asked.action} would take")
    if asked.action == "discard":
        return follow(groups.discard(reasons, asked.why, operator(), search))
    # not from a thread: the interpreter can crash when it ends while one still runs
    return follow(groups.retry(reasons, partial(publish_wakeup, make_celery(broker_url)), operator(), search))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m worker.dead_letters", description=__doc__, allow_abbrev=False)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="count the dead letters of each reason, quoted for a shell")
    export = actions.add_parser("export", help="print dead letters as NDJSON; one may come twice")
    retry = actions.add_parser("retry", help="put dead letters back into the journal")
    discard = actions.add_parser("discard", help="remove dead letters for good")
    discard.add_argument("--why", required=True, type=printable_text, help="why, for the log")
    for action in (retry, discard):
        action.add_argument("--dry-run", action="store_true", help="count what would be taken, and change nothing")
    for action in (export, retry, discard):
        which = action.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "--reason", action="append", help="those with exactly this reason; may be given several times"
        )
        which.add_argument("--all", action="store_true", help="those with any reason")
        action.add_argument(
            "--containing", type=printable_text, help="of them only those whose text or reason contains this"
        )
    return parser


def _list(pieces: Iterable[Piece], called: str = "dead letters") -> int:
    """Print the groups, the largest first."""
    counted, others = Counter[str](), 0
    for piece in pieces:
        for _, letter in piece.wanted:
            if letter.reason in counted or len(counted) < MOST_LISTED:
                counted[letter.reason] += 1
            else:
                others += 1
    for reason, count in counted.most_common():
        print(f"{count:>9,}  {quoted(reason)}")
    if others:
        print(f"{others:>9,}  with other reasons")
    print(f"{counted.total() + others:>9,}  {called}")
    return 0


def _export(pieces: Iterable[Piece]) -> int:
    """Print dead letters, a JSON object a line; return whether all could be read."""
    unreadable = 0
    for piece in pieces:
        for _, letter in piece.wanted:
            line = asdict(letter) | {"received_at": EPOCH + timedelta(microseconds=letter.received_at)}
            sys.stdout.buffer.write(encode(line) + b"\n")
        unreadable += piece.unreadable
    sys.stdout.flush()
    if unreadable:
        print(f"{unreadable:,} are missing: another version wrote them, and can export them.", file=sys.stderr)
    return INCOMPLETE if unreadable else 0


def quoted(reason: str) -> str:
    """Return a reason quoted for bash, without characters that control a terminal."""
    if reason.isprintable():
        return shlex.quote(reason)
    return f"$'{''.join(map(_escaped, reason))}'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    return character if character.isprintable() else "".join(f"\\x{byte:02x}" for byte in character.encode())


def follow(run: Iterator[Progress]) -> int:
    """Print the progress until the run ends; return the exit code."""
    progress, said_at = next(run), time.monotonic()
    end, code = "complete", 0
    try:
        for latest in run:
            progress = latest
            if time.monotonic() > said_at + LINE_EVERY:
                said_at = time.monotonic()
                _say(progress)
    except KeyboardInterrupt:
        end, code = "interrupted.", INTERRUPTED
    except (JournalUnavailable, JournalFull) as error:
        end, code = str(error), INCOMPLETE
    if code:
        end += " The same command does the rest; a few hundred more than counted may be done."
    _say(progress, end)
    return code


def _say(progress: Progress, end: str = "") -> None:
    """Print the progress, on a terminal over the line before."""
    line = f"{progress.done:,} done, {progress.skipped:,} skipped, {progress.left:,} left to look at. {end}"
    if sys.stdout.isatty():
        print(f"\r\x1b[K{line}", end="\n" if end else "\r", flush=True)
    else:
        print(line, flush=True)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # after Ctrl-C in the middle of a library's work the interpreter can crash as it ends
