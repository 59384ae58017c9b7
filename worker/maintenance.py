"""``python -m worker.maintenance``: pause and resume draining, or clear a note of the journal that was looked into.

It exits with 0 when it did what was asked or there was nothing to do, with 1 when draining is paused already, workers
go on holding entries, or Redis is unavailable or full, with 2 for a bad setting or option, with 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from msgspec import to_builtins

from core import logs
from core.connection import connect_shards, without_repeats
from core.counts import Pause
from core.dead_letters import ACTION_BEGINS, OPERATOR_ACTION
from core.errors import JournalFull, JournalUnavailable
from core.maintenance import Maintenance
from core.operators import operator, printable_text
from core.settings import CoreSettings, load
from core.timeouts import LEASE

log = structlog.get_logger()

T = TypeVar("T")
LOOK_EVERY = 0.2
FAILED, INTERRUPTED = 1, 130
_HELP = {
    "pause": "have workers finish what they hold and claim nothing more, until it is resumed; strings are accepted",
    "resume": "have workers drain the journal again",
    "clear-rollback": "remove the note that the journal was rolled back, once clients have sent again what was lost",
    "clear-imbalance": "have the strings that are unaccounted for count as explained",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code."""
    asked = _parse(arguments)
    settings = load(CoreSettings)
    logs.configure(json=settings.log_json)
    shards = connect_shards(settings.redis_url, settings.journal_shards)
    maintenance = Maintenance([shard._replace(redis=without_repeats(shard.redis)) for shard in shards])
    try:
        return _ACTIONS[asked.action](maintenance, asked)
    except (JournalUnavailable, JournalFull) as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m worker.maintenance", description=__doc__, allow_abbrev=False)
    actions = parser.add_subparsers(dest="action", required=True)
    for name, described in _HELP.items():
        action = actions.add_parser(name, help=described, allow_abbrev=False)
        if name != "resume":
            shown = ", for the log, /pipeline and the page" if name == "pause" else ", for the log"
            action.add_argument("--why", required=True, type=printable_text, help=f"why{shown}")
        action.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
    return parser.parse_args(arguments)


def _pause(maintenance: Maintenance, asked: argparse.Namespace) -> int:
    if asked.dry_run:
        earlier = maintenance.paused()
    else:
        earlier = _logged(asked, lambda: maintenance.pause(operator(), asked.why))
    if earlier:
        print(f"Draining is {_told(earlier)}. Nothing was changed.")
        return FAILED
    if asked.dry_run:
        print(f"Draining would be paused; workers hold {maintenance.held():,} entries, which they would finish.")
        return 0
    until = time.monotonic() + LEASE  # after which no worker holds what it claimed before
    while maintenance.held() and time.monotonic() < until:
        time.sleep(LOOK_EVERY)
    if held := maintenance.held():
        print(f"Draining is paused; workers still hold {held:,} entries: look whether one hangs, and wait.")
        return FAILED
    print("Draining is paused; workers hold nothing any more.")
    return 0


def _resume(maintenance: Maintenance, asked: argparse.Namespace) -> int:
    ended = maintenance.paused() if asked.dry_run else _logged(asked, maintenance.resume)
    if ended is None:
        print("Draining is not paused.")
    else:
        print(f"Draining {'would be' if asked.dry_run else 'is'} resumed; it was {_told(ended)}.")
    return 0


def _clear_rollbacks(maintenance: Maintenance, asked: argparse.Namespace) -> int:
    notes = maintenance.rollbacks() if asked.dry_run else _logged(asked, maintenance.clear_rollbacks)
    cleared = "would be cleared" if asked.dry_run else "is cleared"
    for note in notes:
        print(
            f"The note {cleared}: a rollback noticed at {_time(note.at_ms)}, "
            f"{note.before:,} strings appended before and {note.after:,} after."
        )
    if not notes:
        print("There is no note of a rollback.")
    return 0


def _clear_imbalance(maintenance: Maintenance, asked: argparse.Namespace) -> int:
    noted = maintenance.balance_base() if asked.dry_run else _logged(asked, maintenance.clear_imbalance)
    cleared = "would be cleared" if asked.dry_run else "is cleared"
    print(f"The difference noted so far, {noted or 0:,}, {cleared}: a worker's next heartbeat notes the present one.")
    return 0


def _logged(asked: argparse.Namespace, act: Callable[[], T]) -> T:
    """Return what was noted before the action; log it before and after, as other operators' actions are.

    A pause is done where none was noted, and everything else where something was.
    """
    audit = {"operator": operator(), "action": asked.action.replace("-", " ")}
    if asked.action != "resume":
        audit["reason"] = asked.why
    log.warning(ACTION_BEGINS, **audit)
    noted = act()
    done = (noted in (None, [])) == (asked.action == "pause")
    log.warning(OPERATOR_ACTION, **audit, noted=to_builtins(noted), done=done)
    return noted


def _told(pause: Pause) -> str:
    return f"paused since {_time(pause.at_ms)} by {pause.operator}: {pause.reason}"


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(" ", "seconds")


_ACTIONS = {
    "pause": _pause,
    "resume": _resume,
    "clear-rollback": _clear_rollbacks,
    "clear-imbalance": _clear_imbalance,
}


if __name__ == "__main__":
    sys.exit(main())
