"""One call of ``append.lua``: what it is given, and what its reply means. ``Journal.append`` makes such calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, NamedTuple

from core.entries import VERSION, encode_text
from core.ids import index_of, nth, packed
from core.keys import Keys

MOST_TRACES = 128
"""Traced requests that an entry and a batch's span tell of. Each part of an entry that is split has all of them."""
KEY_REMEMBERED_S = 60
WAKEUP_EXPIRES_MS = 10_000  # a lost wake-up costs at most the worker's own timer, a second


@dataclass(frozen=True, slots=True)
class Unit:
    """The string of one request, or a part of its bulk that fits a group: 500 strings or 1 MiB.

    ``first_id`` is the id of its first string, from which the others count up; ``received_at`` is in µs since 1970.
    ``key_hash`` stands for the idempotency key, ``digest`` for its request; both are empty without a key.
    ``trace`` is the request's context in W3C's form, empty unless the request is traced.
    """

    first_id: str
    texts: Sequence[str]
    received_at: int
    key_hash: bytes = b""
    digest: bytes = b""
    trace: str = ""

    @property
    def size(self) -> int:
        """The approximate size of the texts in bytes (exact for ASCII, else in characters)."""
        return sum(map(len, self.texts))

    def part(self, start: int, end: int) -> Unit:
        """Return a part of it."""
        return replace(self, first_id=nth(self.first_id, start), texts=self.texts[start:end])


class Record(NamedTuple):
    """The status record of a queued or failed string: its entry, and when it was received (µs since 1970).

    ``shard`` is the number of the shard that has it.
    """

    entry: str
    received_at: int
    shard: int = 0

    @property
    def failed(self) -> bool:
        """Whether the string is a dead letter; otherwise it is queued."""
        return self.entry == "failed"


def parse_record(value: bytes) -> Record:
    """Return the status record as read from Redis, of a single string or of strings of a bulk."""
    *_, entry, received = value.decode().split(" ")
    return Record(entry, int(received) + 1000 * int("0" if entry == "failed" else entry.split("-")[0]))


class Done(NamedTuple):
    """What a call did; the fields are those of ``core.journal.Appended``, but ``refused`` has ids of units.

    ``left`` are units that were not appended, and have to be. ``added`` counts the strings that were appended.
    """

    wake: bool
    refused: set[str]
    earlier: dict[str, Record]
    left: list[Unit]
    added: int
    appended: int


class Call:
    """A call for some units, among which no single string is twice."""

    def __init__(self, units: Sequence[Unit], keys: Keys) -> None:
        """Write the keys and the arguments of the script."""
        ids = {unit.first_id: packed(unit.first_id) for unit in units}
        self._singles = [unit for unit in units if index_of(ids[unit.first_id]) is None]
        self._parts = [unit for unit in units if index_of(ids[unit.first_id]) is not None]
        self._units = self._singles + self._parts
        self.keys = [keys.journal, keys.waiting, keys.wakeup, keys.appended]
        self.keys += [keys.record(ids[unit.first_id]) for unit in self._units]
        self.keys += [name for unit in self._units if unit.digest for name in keys.idempotency(unit.key_hash)]
        self.arguments: list[Any] = [VERSION, KEY_REMEMBERED_S, WAKEUP_EXPIRES_MS, len(self._singles), len(self._parts)]
        self.arguments += self._entry_of_singles(ids)
        for unit in self._parts:
            texts = encode_text(unit.texts)
            self.arguments += (ids[unit.first_id], len(unit.texts), unit.received_at, texts, unit.trace)
        for number, unit in enumerate(self._units, 1):
            if unit.digest:
                self.arguments += (number, unit.key_hash[2:], unit.digest)

    def _entry_of_singles(self, ids: dict[str, bytes]) -> Iterator[Any]:
        """Yield the fields of the entry that the single strings become, and when each was received."""
        times = list(map(attrgetter("received_at"), self._singles))
        yield b"".join(ids[unit.first_id] for unit in self._singles)
        yield " ".join(map(str, [*times[:1], *(at - times[0] for at in times[1:])]))
        yield encode_text([unit.texts[0] for unit in self._singles])
        yield " ".join([unit.trace for unit in self._singles if unit.trace][:MOST_TRACES])
        yield from times

    def read(self, reply: Sequence[Any]) -> Done:
        """Return what the script did."""
        wake, conflicts, known, singles_appended, added, appended = reply
        refused = {self._units[number - 1].first_id for number in conflicts}
        earlier: dict[str, Record] = {}
        left: list[Unit] = []
        for number, *records in known:
            unit = self._units[number - 1]
            earlier[unit.first_id] = parse_record(records[0])
            if number > len(self._singles):
                left += _missing(unit, records)
        if not singles_appended:
            left += [unit for unit in self._singles if unit.first_id not in earlier and unit.first_id not in refused]
        return Done(bool(wake), refused, earlier, left, added, appended)


def _missing(unit: Unit, records: Sequence[bytes]) -> Iterator[Unit]:
    """Yield the parts of a unit of a bulk that no record covers."""
    begins, end = index_of(packed(unit.first_id)) or 0, 0
    for record in records:
        first, count = map(int, record.split()[:2])
        if first - begins > end:
            yield unit.part(end, first - begins)
        end = first - begins + count
    if end < len(unit.texts):
        yield unit.part(end, len(unit.texts))
