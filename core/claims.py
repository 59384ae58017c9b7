"""The worker's side of the journal: claim a batch, and say what became of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from enum import Enum, auto
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

import msgspec
from redis import Redis
from redis.exceptions import ResponseError

from core import names
from core.clocks import CALL_DEADLINE, LEASE, PROBE_AT_LEAST
from core.connection import journal_errors
from core.errors import JournalFull
from core.journal import ENTRY_VERSION, WAKEUP_EXPIRES_MS, load_script
from core.notes import LONGEST_PAUSE, DeadLetter, Note, parse_note, rows_before
from core.outage_log import OutageLog
from core.submission import Submission, decode, encode

BATCH_STRINGS = 1_000
BATCH_BYTES = 4 * 1024 * 1024
STALE_LOOKED_AT = 100
AWAY_BACKOFF_BASE_MS, AWAY_BACKOFF_CAP_MS = 250, 3_000
AWAY_NOTE_MS = 60_000

LEASE_MS = int(LEASE * 1000)
LONGEST_REST_MS = 60_000
LONGEST_PAUSE_MS = int(LONGEST_PAUSE * 1000)
_unreadable = OutageLog("entry of another format left for newer workers")
T = TypeVar("T")


class Entry(NamedTuple):
    """A claimed entry; ``deliveries`` counts how often it was claimed without being released, with this time.

    Where it had been set aside, ``note`` says how it failed, and ``others_stored`` whether rows were inserted since.
    """

    id: str
    deliveries: int
    submissions: list[Submission]
    aside: bool = False
    note: Note | None = None
    others_stored: bool = False


class Batch(NamedTuple):
    """What a claim brought; ``full`` says that there is probably more."""

    entries: list[Entry]
    full: bool


class Turn(Enum):
    """What a drain may do: go on, try whether PostgreSQL is back, or leave that to another worker for now."""

    GO = auto()
    PROBE = auto()
    REST = auto()


class Claims:
    """Claims batches of entries and completes, releases, splits, sets aside or dead-letters them.

    An entry is held for a lease of 15 s; the lease belongs to the entry, not to a process, and whoever finds it run
    out takes the entry over. Every method raises JournalAway when Redis does not answer in time.
    """

    def __init__(self, redis: Redis) -> None:
        """Use this client; its time-outs bound every call."""
        self._redis = redis
        self._script = cache(partial(load_script, redis))
        self._resting_since: float | None = None
        """Since when (monotonic) this process has left PostgreSQL alone."""

    def claim(self, strings: int = BATCH_STRINGS, size: int = BATCH_BYTES) -> Batch:
        """Return the next batch, about as many strings or bytes: stale entries first, then new ones."""
        arguments = [names.GROUP, names.CONSUMER, LEASE_MS, strings, size, STALE_LOOKED_AT]
        claimed = self._with_group(lambda: self._script("claim")([names.JOURNAL], arguments))
        entries = self._readable(claimed)
        count = sum(len(entry.submissions) for entry in entries)
        return Batch(entries, count >= strings or sum(len(items) for *_, items in claimed) >= size)

    def claim_aside(self, strings: int, size: int) -> list[Entry]:
        """Return entries that were set aside and are due, about as many strings or bytes.

        One worker at a time has some: until it says that it has settled them, or 15 s have passed.
        """
        keys = [names.JOURNAL, names.SET_ASIDE, names.SET_ASIDE_NOTES, names.INSERTED, names.ASIDE_TURN]
        arguments = [names.GROUP, names.ASIDE_CONSUMER, LEASE_MS, LONGEST_PAUSE_MS, strings, size, LONGEST_REST_MS]
        inserted, claimed = self._with_group(lambda: self._script("claim_aside")(keys, arguments))
        notes = {entry.decode(): note for entry, *_, note in claimed if note}
        entries = [entry._replace(aside=True) for entry in self._readable([parts[:4] for parts in claimed])]
        return [
            entry._replace(note=parse_note(note), others_stored=inserted > rows_before(note))
            if (note := notes.get(entry.id))
            else entry
            for entry in entries
        ]

    def end_aside(self, rest: float) -> None:
        """Let a worker have entries that were set aside, after this many seconds, at most a minute."""
        with journal_errors():
            self._redis.pexpire(names.ASIDE_TURN, min(LONGEST_REST_MS, int(rest * 1000)))

    def complete(self, entries: Sequence[Entry], inserted: int) -> int:
        """Take entries off the journal whose strings are stored, and some were new; return how many strings."""
        keys = [names.JOURNAL, names.WAITING, names.STORED, names.INSERTED, names.SET_ASIDE, names.SET_ASIDE_NOTES]
        keys += [names.status_key(s.id) for entry in entries for s in entry.submissions]
        arguments: list[Any] = [names.GROUP, inserted]
        for entry in entries:
            arguments += (entry.id, len(entry.submissions))
        with journal_errors():
            return int(self._script("complete")(keys, arguments))

    def release(self, entries: Sequence[Entry]) -> None:
        """Give entries back: claimable immediately, and no attempt counted."""
        self._set_idle([entry.id for entry in entries], LEASE_MS, retrycount=0)

    def set_aside(self, entries: Sequence[tuple[Entry, Note | None]]) -> None:
        """Have entries tried again after the pause that their note says, jittered; without a note, soon."""
        keys = [names.JOURNAL, names.SET_ASIDE, names.SET_ASIDE_NOTES, names.INSERTED]
        arguments: list[Any] = [names.GROUP, names.ASIDE_CONSUMER]
        for entry, note in entries:
            pause = (note or Note("", "")).pause * random.uniform(0.5, 1.0)  # noqa: S311
            arguments += (entry.id, int(pause * 1000), msgspec.json.encode(note) if note else "")
        if entries:
            self._with_group(lambda: self._script("set_aside")(keys, arguments))

    def dead_letter(self, entry: Entry, reason: str) -> None:
        """Take an entry of one string off the journal, and keep it as a dead letter, for this reason."""
        [s] = entry.submissions
        letter = DeadLetter(
            s.id, s.text, s.received_at, reason, entry.deliveries + (entry.note or Note("", "", 0)).tries
        )
        keys = [names.JOURNAL, names.WAITING, names.FAILED, names.DISCARDED]
        keys += [names.SET_ASIDE, names.SET_ASIDE_NOTES, names.status_key(s.id)]
        arguments = [names.GROUP, entry.id, s.id, msgspec.json.encode(letter), s.received_at]
        with journal_errors():
            self._script("dead_letter")(keys, arguments)

    def split(self, entry: Entry) -> None:
        """Replace the entry by one for each of its strings, as new ones."""
        keys = [names.JOURNAL, *(names.status_key(s.id) for s in entry.submissions)]
        arguments: list[Any] = [names.GROUP, entry.id, ENTRY_VERSION]
        for s in entry.submissions:
            arguments += (encode(s), s.received_at)
        with journal_errors():
            self._script("split")(keys, arguments)

    def start(self) -> Turn:
        """Begin a drain: no wake-up is needed while it runs. Return whether PostgreSQL may be tried now.

        While PostgreSQL is unavailable one process at a time may try, when the backoff has passed by Redis' clock; or
        by our own, where Redis' stands still or is put back.
        """
        keys = [names.WAKEUP, names.HELP, names.DATABASE_AWAY, names.DATABASE_PROBE]
        arguments = [WAKEUP_EXPIRES_MS, int(CALL_DEADLINE * 1000), AWAY_BACKOFF_CAP_MS]
        with journal_errors():
            turn = (Turn.GO, Turn.PROBE, Turn.REST)[self._script("start")(keys, arguments)]
        now = time.monotonic()
        if turn is not Turn.REST:
            self._resting_since = None
        elif self._resting_since is None:
            self._resting_since = now
        elif now - self._resting_since > PROBE_AT_LEAST:
            self._resting_since, turn = None, Turn.PROBE
        return turn

    def finish(self) -> None:
        """End a drain: whatever is appended from now on wakes the next one. Claim once more, or wake it yourself."""
        with journal_errors():
            self._redis.delete(names.WAKEUP)

    def ask_for_help(self) -> bool:
        """Return whether the caller is to publish a wake-up for one more drain: none is under way."""
        try:
            with journal_errors():
                return bool(self._redis.set(names.HELP, "1", nx=True, px=WAKEUP_EXPIRES_MS))
        except JournalFull:  # nothing could be published either
            return False

    def database_away(self) -> None:
        """Note that PostgreSQL stores nothing; no one tries it again before a jittered backoff has passed."""
        arguments = [AWAY_BACKOFF_BASE_MS, AWAY_BACKOFF_CAP_MS, random.random(), AWAY_NOTE_MS]  # noqa: S311
        with journal_errors():
            self._script("away")([names.DATABASE_AWAY, names.DATABASE_PROBE], arguments)

    def database_back(self) -> None:
        """Note that PostgreSQL answers."""
        with journal_errors():
            self._redis.delete(names.DATABASE_AWAY, names.DATABASE_PROBE)

    def _readable(self, claimed: Sequence[Any]) -> list[Entry]:
        """Return the entries that this code can read.

        The others are left for newer workers, or for a person: their lease starts again, and no attempt is counted.
        """
        entries, others = [], []
        for entry, deliveries, version, items in claimed:
            try:
                submissions = decode(items) if 0 < version <= ENTRY_VERSION else []
            except ValueError:
                submissions = []
            if submissions:
                entries.append(Entry(entry.decode(), deliveries, submissions))
            else:
                others.append(entry.decode())
                _unreadable.met(f"entry {entry.decode()}, version {version}")
        self._set_idle(others, 0, retrycount=0)
        return entries

    def _set_idle(self, ids: Sequence[str], idle_ms: int, retrycount: int | None = None) -> None:
        if not ids:
            return
        self._with_group(
            lambda: self._redis.xclaim(
                names.JOURNAL,
                names.GROUP,
                names.CONSUMER,
                0,
                ids,
                idle=idle_ms,
                retrycount=retrycount,
                justid=True,
            )
        )

    def _with_group(self, call: Callable[[], T]) -> T:
        """Make the consumer group, from the stream's beginning, where there is none."""
        with journal_errors():
            try:
                return call()
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
            self._script("group")([names.JOURNAL, names.WAKEUP], [names.GROUP])
            return call()
