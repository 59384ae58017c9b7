"""The journals of all shards as one: each string is looked for where its id says, or where it may have been before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from core.append import Record
from core.connection import Shard
from core.journal import Journal, Queued
from core.scripts import ALONE, Replication
from core.shards import shard_of
from core.submission import DeadLetter, Refusal


class Journals:
    """The look-ups in a journal in shards.

    A string that was appended when there were fewer shards may be in another one than its id says now. So whoever finds
    neither its record nor its row looks ``everywhere`` before saying that there is none. Every method raises
    JournalUnavailable when a shard that it asks does not answer in time.
    """

    def __init__(self, shards: Sequence[Shard], replication: Replication = ALONE) -> None:
        """Use these; their clients' timeouts bound every call."""
        self.each = [Journal(shard.redis, shard.keys, replication) for shard in shards]
        self.looks = (False, True)[: len(shards)]
        """Whether to look everywhere, for each look that a string deserves that was not found."""

    def of(self, id_: str) -> Journal:
        """Return the journal to which a string with this id is appended."""
        return self.each[shard_of(id_, len(self.each))]

    def records(self, ids: Sequence[str], *, everywhere: bool = False) -> list[Record | None]:
        """Return the status record of each string; None for one that is stored, or was never accepted."""
        found: dict[str, Record] = {}
        for number, journal in enumerate(self.each):
            asked = ids if everywhere else [id_ for id_ in ids if shard_of(id_, len(self.each)) == number]
            if asked:
                records = zip(asked, journal.records(asked), strict=True)
                found |= {id_: record._replace(shard=number) for id_, record in records if record}
        return [found.get(id_) for id_ in ids]

    def queued_string(self, id_: str, record: Record) -> Queued | None:
        """Return the string with this id, to which a record points; None when it is no longer queued."""
        return self.each[record.shard].queued_string(id_, record)

    def dead_letters(self, records: Mapping[str, Record]) -> Iterator[DeadLetter | Refusal | None]:
        """Yield the dead letter of each string, or its reason alone if this code cannot read it; None without one."""
        for shard, ids in groupby(records, key=lambda id_: records[id_].shard):
            yield from self.each[shard].dead_letters(list(ids))

    def reasons(self, records: Mapping[str, Record]) -> Iterator[str | None]:
        """Yield why each string was refused; None for one that has no dead letter."""
        for shard, ids in groupby(records, key=lambda id_: records[id_].shard):
            yield from self.each[shard].reasons(list(ids))
