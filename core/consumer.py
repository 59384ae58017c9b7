"""Consumer side of the journal: claim, complete, release, split, set aside, dead-letter."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from enum import Enum, auto
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

from msgspec.structs import asdict
from redis import Redis
from redis.exceptions import ResponseError

from core.append import WAKEUP_EXPIRES_MS
from core.connection import journal_errors
from core.entries import VERSION, Fields, Strings, encode_text
from core.errors import JournalFull, Paused
from core.ids import packed
from core.keys import ASIDE_CONSUMER, CONSUMER, GROUP, KEYS, Keys
from core.outage_log import OutageLog
from core.retries import LONGEST_PAUSE, RetryState, parse_retry_state, rows_before
from core.scripts import load_script
from core.submission import DeadLetter, encode
from core.timeouts import CALL_DEADLINE, LEASE, PROBE_AT_LEAST

BATCH_STRINGS = 2_000
BATCH_BYTES = 4 * 1024 * 1024
STALE_LOOKED_AT = 100
BACKOFF_BASE_MS, BACKOFF_CAP_MS = 250, 3_000
UNAVAILABLE_MARK_MS = 60_000

LEASE_MS = int(LEASE * 1000)
LONGEST_REST_MS = 60_000
LONGEST_PAUSE_MS = int(LONGEST_PAUSE * 1000)
_unreadable = OutageLog("entry of another format left for newer workers")
T = TypeVar("T")


class Entry(NamedTuple):
    """A claimed entry; ``deliveries`` counts its claims since it was last released, this one included.

    ``traces`` are the contexts, in W3C's form, of those of its requests that are traced. Where it was set aside,
    ``retry_state`` says how it failed, and ``others_stored`` whether rows were inserted since.
    """

    id: str
    deliveries: int
    strings: Strings
    traces: Sequence[str] = ()
    aside: bool = False
    retry_state: RetryState | None = None
    others_stored: bool = False


class Batch(NamedTuple):
    """What a claim returned; ``full`` means that there is probably more."""

    entries: list[Entry]
    full: bool


class Turn(Enum):
    """What a drain may do: store strings, probe an unavailable PostgreSQL first, or leave that to others for now."""

    GO = auto()
    PROBE = auto()
    REST = auto()


class Consumer:
    """Claims batches of entries and completes, releases, splits, sets aside or dead-letters them.

    An entry is held for a lease of 15 s. The lease belongs to the entry, not to a process: any worker takes over an
    entry whose lease has expired. Every method raises JournalUnavailable when Redis does not answer in time. While an
    operator has paused draining, ``start`` and both claims raise Paused.
    """

    def __init__(self, redis: Redis, keys: Keys = KEYS) -> None:
        """Use this client; its timeouts bound every call."""
        self._redis, self._keys = redis, keys
        self._script = cache(partial(load_script, redis))
        self._resting_since: float | None = None
        """When (monotonic) this process last began to leave PostgreSQL alone."""

    def claim(self, strings: int = BATCH_STRINGS, size: int = BATCH_BYTES) -> Batch:
        """Return the next batch, of roughly this many strings or bytes: stale entries first, then new ones."""
        arguments = [GROUP, CONSUMER, LEASE_MS, strings, size, STALE_LOOKED_AT]
        keys = [self._keys.journal, self._keys.paused]
        claimed = _unless_paused(self._with_group(lambda: self._script("claim")(keys, arguments)))
        entries = self._readable(claimed)
        count = sum(len(entry.strings) for entry in entries)
        return Batch(entries, count >= strings or sum(len(texts) for *_, texts in claimed) >= size)

    def claim_aside(self, strings: int, size: int) -> list[Entry]:
        """Return entries that were set aside and are due, of roughly this many strings or bytes.

        One worker at a time holds such entries: until it calls ``end_aside``, or for 15 s.
        """
        k = self._keys
        keys = [k.journal, k.set_aside, k.set_aside_notes, k.inserted, k.aside_turn, k.paused]
        arguments = [GROUP, ASIDE_CONSUMER, LEASE_MS, LONGEST_PAUSE_MS, strings, size, LONGEST_REST_MS]
        inserted, claimed = _unless_paused(self._with_group(lambda: self._script("claim_aside")(keys, arguments)))
        notes = {entry.decode(): note for note, entry, *_ in claimed if note}
        entries = [entry._replace(aside=True) for entry in self._readable([parts for _, *parts in claimed])]
        return [
            entry._replace(retry_state=parse_retry_state(note), others_stored=inserted > rows_before(note))
            if (note := notes.get(entry.id))
            else entry
            for entry in entries
        ]

    @journal_errors()
    def end_aside(self, rest: float) -> None:
        """Let the next worker claim what was set aside, after ``rest`` seconds, at most a minute."""
        self._redis.pexpire(self._keys.aside_turn, min(LONGEST_REST_MS, int(rest * 1000)))

    @journal_errors()
    def complete(self, entries: Sequence[Entry], inserted: int) -> int:
        """Remove the entries of stored strings from the journal (``inserted``: new rows); return how many strings."""
        k = self._keys
        keys = [k.journal, k.waiting, k.stored, k.inserted, k.set_aside, k.set_aside_notes]
        arguments: list[Any] = [GROUP, inserted]
        for entry in entries:
            ids = entry.strings.written_ids
            keys += k.records(ids)
            arguments += (entry.id, len(entry.strings), ids)
        return int(self._script("complete")(keys, arguments))

    def release(self, entries: Sequence[Entry]) -> None:
        """Give entries back: claimable immediately, with no attempt counted."""
        self._set_idle([entry.id for entry in entries], LEASE_MS, retrycount=0)

    def set_aside(self, entries: Sequence[tuple[Entry, RetryState | None]]) -> None:
        """Have entries tried again after the jittered pause of their retry state; without one, after the shortest."""
        keys = [self._keys.journal, self._keys.set_aside, self._keys.set_aside_notes, self._keys.inserted]
        arguments: list[Any] = [GROUP, ASIDE_CONSUMER]
        for entry, state in entries:
            pause = (state or RetryState("", "")).pause * random.uniform(0.5, 1.0)  # noqa: S311
            arguments += (entry.id, int(pause * 1000), encode(state) if state else "")
        if entries:
            self._with_group(lambda: self._script("set_aside")(keys, arguments))

    @journal_errors()
    def dead_letter(self, entry: Entry, reason: str) -> None:
        """Replace an entry of one string by a dead letter with this reason."""
        [s] = entry.strings.submissions
        attempts = entry.deliveries + (entry.retry_state.tries if entry.retry_state else 0)
        letter = DeadLetter(**asdict(s), reason=reason, attempts=attempts)
        k, packed_id = self._keys, packed(s.id)
        keys = [k.journal, k.waiting, k.failed, k.discarded, k.set_aside, k.set_aside_notes, k.record(packed_id)]
        arguments = [GROUP, entry.id, s.id, encode(letter), packed_id, s.received_at]
        self._script("dead_letter")(keys, arguments)

    @journal_errors()
    def split(self, entry: Entry) -> None:
        """Replace the entry by a new one for each of its strings."""
        keys, arguments = [self._keys.journal], [GROUP, entry.id, VERSION]
        for s in entry.strings.submissions:
            packed_id = packed(s.id)
            keys.append(self._keys.record(packed_id))
            arguments += (packed_id, s.received_at, encode_text(s.text))
        self._script("split")(keys, arguments)

    @journal_errors()
    def start(self) -> Turn:
        """Begin a drain: no wake-up is needed while it runs. Return whether PostgreSQL may be tried now.

        While PostgreSQL is unavailable one process at a time may try, once the backoff has passed by Redis' clock, or
        by our own where Redis' clock stops or is set back.
        """
        k = self._keys
        keys = [k.wakeup, k.help, k.database_away, k.database_probe, k.paused]
        arguments = [WAKEUP_EXPIRES_MS, int(CALL_DEADLINE * 1000), BACKOFF_CAP_MS]
        turn = (Turn.GO, Turn.PROBE, Turn.REST)[_unless_paused(self._script("start")(keys, arguments))]
        now = time.monotonic()
        if turn is not Turn.REST:
            self._resting_since = None
        elif self._resting_since is None:
            self._resting_since = now
        elif now - self._resting_since > PROBE_AT_LEAST:
            self._resting_since, turn = None, Turn.PROBE
        return turn

    @journal_errors()
    def finish(self) -> None:
        """End a drain: the next append wakes another. Claim once more afterwards, or wake it yourself."""
        self._redis.delete(self._keys.wakeup)

    def ask_for_help(self) -> bool:
        """Return whether the caller is to publish a wake-up for one more drain; not while one is under way."""
        try:
            with journal_errors():
                return bool(self._redis.set(self._keys.help, "1", nx=True, px=WAKEUP_EXPIRES_MS))
        except JournalFull:  # no wake-up could be published either
            return False

    @journal_errors()
    def mark_database_unavailable(self) -> None:
        """Mark PostgreSQL unavailable; no worker tries it again before a jittered backoff has passed."""
        arguments = [BACKOFF_BASE_MS, BACKOFF_CAP_MS, random.random(), UNAVAILABLE_MARK_MS]  # noqa: S311
        self._script("database_unavailable")([self._keys.database_away, self._keys.database_probe], arguments)

    @journal_errors()
    def mark_database_available(self) -> None:
        """Mark PostgreSQL available."""
        self._redis.delete(self._keys.database_away, self._keys.database_probe)

    def _readable(self, claimed: Sequence[Any]) -> list[Entry]:
        """Return the entries that this code can read.

        The others are left for newer workers, or for an operator: their lease restarts, and no attempt is counted.
        """
        entries, others = [], []
        for entry, deliveries, traces, *fields in claimed:
            try:
                strings = Strings(Fields(*fields))
            except ValueError as error:
                others.append(entry.decode())
                _unreadable.met(f"entry {entry.decode()}, version {fields[0]}: {error}")
            else:
                entries.append(Entry(entry.decode(), deliveries, strings, traces.decode("ascii", "replace").split()))
        self._set_idle(others, 0, retrycount=0)
        return entries

    def _set_idle(self, ids: Sequence[str], idle_ms: int, retrycount: int) -> None:
        if not ids:
            return
        options = {"idle": idle_ms, "retrycount": retrycount, "justid": True}
        self._with_group(lambda: self._redis.xclaim(self._keys.journal, GROUP, CONSUMER, 0, ids, **options))

    @journal_errors()
    def _with_group(self, call: Callable[[], T]) -> T:
        """Return what the call returns; where there is no consumer group yet, create it first."""
        try:
            return call()
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
        self._script("group")([self._keys.journal, self._keys.wakeup], [GROUP])
        return call()


def _unless_paused(reply: T | None) -> T:
    """Return a script's reply; raises Paused where it is nil."""
    if reply is None:
        raise Paused
    return reply
