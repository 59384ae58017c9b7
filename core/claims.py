"""The worker's side of the journal: claim a batch, and say what became of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import Enum, auto
from typing import Any, NamedTuple, TypeVar

import msgspec
import structlog
from redis import Redis
from redis.exceptions import ResponseError

from core import names
from core.clocks import CALL_DEADLINE, LEASE, WORKER_SILENT_AFTER
from core.errors import JournalFull
from core.journal import ENTRY_VERSION, WAKEUP_EXPIRES_MS, journal_errors, load_script
from core.submission import Submission, decode, encode

log = structlog.get_logger()

BATCH_STRINGS = 1_000
BATCH_BYTES = 4 * 1024 * 1024
STALE_LOOKED_AT = 100
AWAY_BACKOFF_BASE_MS, AWAY_BACKOFF_CAP_MS = 250, 3_000
AWAY_NOTE_MS = 60_000

_LEASE_MS = int(LEASE * 1000)
T = TypeVar("T")


class Entry(NamedTuple):
    """A claimed entry; ``deliveries`` counts how often it was claimed without being released, with this time."""

    id: str
    deliveries: int
    submissions: list[Submission]


class Batch(NamedTuple):
    """What a claim brought; ``full`` says that there is probably more."""

    entries: list[Entry]
    full: bool


class Turn(Enum):
    """What a drain may do: go on, try whether PostgreSQL is back, or leave that to somebody else for now."""

    GO = auto()
    PROBE = auto()
    REST = auto()


class DeadLetter(msgspec.Struct, frozen=True):
    """A string that PostgreSQL refused, with the reason; times in µs since 1970."""

    id: str
    text: str
    received_at: int
    reason: str
    attempts: int


class Claims:
    """Claims batches of entries and completes, releases, splits or buries them.

    An entry is held for a lease of 15 s; the lease belongs to the entry, not to a process, and whoever finds it run
    out takes the entry over. Every method raises JournalAway when Redis does not answer in time.
    """

    def __init__(self, redis: Redis) -> None:
        """Use this client; its time-outs bound every call."""
        self._redis = redis
        self._claim = load_script(redis, "claim")
        self._complete = load_script(redis, "complete")
        self._bury = load_script(redis, "bury")
        self._split = load_script(redis, "split")
        self._heartbeat = load_script(redis, "heartbeat")
        self._away = load_script(redis, "away")
        self._group = load_script(redis, "group")

    def claim(self) -> Batch:
        """Return the next batch, about 1,000 strings or 4 MiB: stale entries first, then new ones.

        Entries of a newer format are left for newer workers: their lease starts anew, and no attempt is counted.
        """
        arguments = [names.GROUP, names.CONSUMER, _LEASE_MS, BATCH_STRINGS, BATCH_BYTES, STALE_LOOKED_AT]
        claimed = self._with_group(lambda: self._claim([names.JOURNAL], arguments))
        readable = [each for each in claimed if each[2] <= ENTRY_VERSION]
        entries = [Entry(entry.decode(), deliveries, decode(items)) for entry, deliveries, _, items in readable]
        if len(readable) < len(claimed):
            newer = [entry for entry, _, version, _ in claimed if version > ENTRY_VERSION]
            log.warning("entries left for newer workers", count=len(newer))
            self._set_idle(newer, 0, retrycount=0)
        strings = sum(len(entry.submissions) for entry in entries)
        size = sum(len(items) for *_, items in readable)
        return Batch(entries, strings >= BATCH_STRINGS or size >= BATCH_BYTES)

    def complete(self, entries: Sequence[Entry], buried: Collection[str] = ()) -> int:
        """Take entries off the journal whose strings are stored, or buried (those ids); return how many strings."""
        keys = [names.JOURNAL, names.WAITING, names.STORED]
        arguments: list[Any] = [names.GROUP]
        for entry in entries:
            stored = [names.status_key(s.id) for s in entry.submissions if s.id not in buried]
            keys += stored
            arguments += (entry.id, len(entry.submissions), len(stored))
        with journal_errors():
            return int(self._complete(keys, arguments))

    def release(self, entries: Sequence[Entry]) -> None:
        """Give entries back: claimable at once, and no attempt counted."""
        self._set_idle([entry.id for entry in entries], _LEASE_MS, retrycount=0)

    def renew(self, entries: Sequence[Entry]) -> None:
        """Start the lease of entries anew."""
        self._set_idle([entry.id for entry in entries], 0)

    def bury(self, entry: Entry, reasons: Mapping[str, str]) -> None:
        """Put strings of the entry (id → reason) among the dead letters; complete the entry afterwards."""
        lost = [s for s in entry.submissions if s.id in reasons]
        keys = [names.JOURNAL, names.FAILED, *(names.status_key(s.id) for s in lost)]
        arguments: list[Any] = [entry.id]
        for s in lost:
            letter = DeadLetter(s.id, s.text, s.received_at, reasons[s.id], entry.deliveries)
            arguments += (s.id, msgspec.json.encode(letter), s.received_at)
        with journal_errors():
            self._bury(keys, arguments)

    def split(self, entry: Entry) -> None:
        """Replace the entry by one for each of its strings, as new ones."""
        keys = [names.JOURNAL, *(names.status_key(s.id) for s in entry.submissions)]
        arguments: list[Any] = [names.GROUP, entry.id, ENTRY_VERSION]
        for s in entry.submissions:
            arguments += (encode(s), s.received_at)
        with journal_errors():
            self._split(keys, arguments)

    def start(self) -> Turn:
        """Begin a drain: no wake-up is needed while it runs. Return whether PostgreSQL may be tried now.

        While PostgreSQL is away one process at a time may try, when the backoff has passed.
        """
        calls = self._redis.pipeline(transaction=False)
        calls.exists(names.DATABASE_AWAY).delete(names.HELP).set(names.WAKEUP, "1", px=WAKEUP_EXPIRES_MS)
        with journal_errors():
            # a full Redis refuses the flag, but then nothing is appended either that would miss it
            away, *_ = calls.execute(raise_on_error=False)
            if isinstance(away, Exception):
                raise away
        if not away:
            return Turn.GO
        return Turn.PROBE if self._win_probe() else Turn.REST

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

    def heartbeat(self, worker: str) -> tuple[int, bool]:
        """Say that this worker is there; return the journal's entries and whether PostgreSQL is held to be away."""
        keys = (names.WORKERS, names.JOURNAL, names.DATABASE_AWAY)
        with journal_errors():
            entries, away = self._heartbeat(keys, [worker, int(WORKER_SILENT_AFTER * 1000)])
        return entries, bool(away)

    def database_away(self) -> None:
        """Note that PostgreSQL did not answer; nobody tries it again before a jittered backoff has passed."""
        jitter = random.random()  # noqa: S311
        arguments = [AWAY_BACKOFF_BASE_MS, AWAY_BACKOFF_CAP_MS, jitter, AWAY_NOTE_MS]
        with journal_errors():
            self._away([names.DATABASE_AWAY, names.DATABASE_PROBE], arguments)

    def database_back(self) -> None:
        """Note that PostgreSQL answers."""
        with journal_errors():
            self._redis.delete(names.DATABASE_AWAY, names.DATABASE_PROBE)

    def _win_probe(self) -> bool:
        try:
            with journal_errors():
                return bool(self._redis.set(names.DATABASE_PROBE, "1", nx=True, px=int(CALL_DEADLINE * 1000)))
        except JournalFull:  # nobody can take turns: everybody tries, since only draining can make room
            return True

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
        """Make the consumer group, from the stream's beginning, where somebody deleted it (or nobody made it yet)."""
        with journal_errors():
            try:
                return call()
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
            self._group([names.JOURNAL, names.WAKEUP], [names.GROUP])
            return call()
