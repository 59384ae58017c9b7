"""What travels over HTTP: a type for each request and response body.

The types decode and check request bodies, encode response bodies, and are the schemas of the OpenAPI document, so
the three cannot differ. Times are RFC 3339 in UTC; durations are seconds. Those of groups of dead letters are in
``api.http.group_contract``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

MAX_STRINGS_PER_BULK = 10_000
MAX_IDS_PER_QUERY = 100
MAX_IDS_PER_STATUS = 2_000
MAX_HISTORY_PAGE = 200
MAX_PREVIEW = 10_000
MAX_QUERY_LENGTH = 200
MAX_REASON_LENGTH = 500

Id = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
StringStatus = Literal["queued", "stored", "failed"]
Time = Annotated[datetime, Meta(tz=True)]
Health = Literal["up", "away", "unknown"]
StringText = Annotated[
    str,
    Meta(
        description="Any Unicode text but NUL and lone surrogates, 1 byte to 64 KiB of UTF-8 (a setting).",
        extra_json_schema={"minLength": 1},  # core.submission checks it, and says what to do
    ),
]
AcceptedTotal = Annotated[
    int,
    Meta(
        description="Roughly the number of strings accepted so far, this one included. Minus `settled_total` of"
        " `/pipeline`, it is roughly the place in line."
    ),
]


class SubmitRequest(Struct):
    """One string to store."""

    text: StringText


class BulkRequest(Struct):
    """Many strings to store, in order."""

    texts: Annotated[list[StringText], Meta(extra_json_schema={"minItems": 1, "maxItems": MAX_STRINGS_PER_BULK})]


class Accepted(Struct):
    """The string is in the journal, on disk, and will be stored exactly once."""

    id: Id
    status: StringStatus
    status_url: Annotated[str, Meta(description="Path to poll until the status is stored or failed.")]
    received_at: Time
    accepted_total: AcceptedTotal


class BulkAccepted(Struct):
    """All strings are in the journal, on disk; the ids are in the order of the texts."""

    count: int
    ids: list[Id]
    received_at: Time
    accepted_total: AcceptedTotal


class StringState(Struct):
    """What became of one string."""

    id: UUID
    status: StringStatus
    received_at: Time
    text: Annotated[
        str | None, Meta(description="Null for queued strings when many are asked for, and where it cannot be read.")
    ] = None
    stored_at: Time | None = None
    attempts: Annotated[
        int | None, Meta(description="Attempts so far; null once stored. An outage counts as none.")
    ] = None
    reason: Annotated[str | None, Meta(description="Why PostgreSQL refused it, when failed.")] = None
    truncated: Annotated[
        bool | UnsetType,
        Meta(description="True where `text` is only its beginning: ask for the string by its id for the rest."),
    ] = UNSET
    erased_at: Annotated[
        Time | UnsetType,
        Meta(description="When an operator erased the text of a stored string, which is null since then."),
    ] = UNSET


class StringStates(Struct):
    """What became of many strings: each id asked for is in exactly one of the three lists."""

    items: list[StringState]
    not_found: Annotated[list[UUID], Meta(description="Never given out, or removed by an operator.")]
    unavailable: Annotated[list[UUID], Meta(description="Not queued, and PostgreSQL is unavailable: ask again.")]


class StatusRequest(Struct, forbid_unknown_fields=True):
    """The strings whose status is asked for."""

    ids: Annotated[list[UUID], Meta(min_length=1, max_length=MAX_IDS_PER_STATUS)]


class FailedString(Struct):
    """A dead letter, and why PostgreSQL refused it."""

    id: UUID
    reason: str


class StatusSummary(Struct):
    """What became of many strings: each id asked for is counted once, however often it was given."""

    queued: int
    stored: int
    failed: list[FailedString]
    not_found: Annotated[list[UUID], Meta(description="Never given out, or removed by an operator.")]
    unavailable: Annotated[int, Meta(description="Not queued, and PostgreSQL is unavailable: ask again.")]


Cursor = Annotated[str | None, Meta(description="Pass as `cursor` for the next page; null on the last.")]


class HistoryPage(Struct):
    """Stored strings, newest first: fewer than asked for where they are long, or where a search takes long."""

    items: list[StringState]
    next_cursor: Cursor
    looked_back_to: Annotated[
        Time | None,
        Meta(
            description="With `q`: when the oldest string that was looked at was stored; null without, or at the end."
        ),
    ] = None


class FailedPage(Struct):
    """Dead letters, in no particular order; roughly as many as requested, fewer where they are long."""

    items: list[StringState]
    next_cursor: Cursor
    total: Annotated[int, Meta(description="All dead letters, whatever is searched for.")]


class PartState(Struct):
    """Whether one part of the pipeline answers, and since when that has been so (as far as it is known)."""

    status: Health
    since: Time | None = None


class SetBack(Struct):
    """The journal was rolled back; reported until an operator clears the note."""

    at: Annotated[Time, Meta(description="When it was first detected.")]
    before: Annotated[int, Meta(description="Counter of appended strings before it.")]
    after: Annotated[int, Meta(description="Counter of appended strings after it; at most the difference is missing.")]


class Paused(Struct):
    """An operator has paused storing, and says why; strings are accepted, and wait until one resumes it."""

    since: Time
    reason: str


class Pipeline(Struct):
    """Pipeline health, sampled once a second."""

    accepting: Annotated[bool, Meta(description="Whether a string submitted now would be accepted.")]
    waiting: Annotated[int | None, Meta(description="Strings in the journal that are not stored yet.")]
    failed: Annotated[int | None, Meta(description="Strings that PostgreSQL refused: dead letters.")]
    oldest_seconds: Annotated[float | None, Meta(description="Age of the oldest waiting string; null when none waits.")]
    stored_per_second: Annotated[
        float | None, Meta(description="New rows, over the last ten seconds; null before it is known.")
    ]
    drain_seconds: Annotated[
        float | None, Meta(description="Seconds until the journal is empty at the current rate; null if unknown.")
    ]
    journal: Annotated[PartState, Meta(description="Redis, where accepted strings wait.")]
    database: Annotated[PartState, Meta(description="PostgreSQL, where strings are stored.")]
    workers: Annotated[PartState, Meta(description="The processes that move strings from Redis to PostgreSQL.")]
    set_back: Annotated[
        SetBack | None, Meta(description="Whether the journal lost accepted strings; null when it did not.")
    ]
    volatile: Annotated[
        str | None, Meta(description="Why Redis would lose what it acknowledges; null when it would not.")
    ]
    stored_recently: Annotated[
        list[int],
        Meta(
            description="New rows in each of the last periods of five seconds, 60 at most, oldest first; what a worker"
            " stored just before it was killed may be missing."
        ),
    ]
    settled_total: Annotated[
        int | None,
        Meta(
            description="Strings ever taken off the journal: stored, or dead letters; those of a repeated request too."
        ),
    ]
    worker_count: int | None = None
    set_aside: Annotated[
        int | None,
        Meta(description="Waiting strings that failed when they were tried alone, and are tried again after a pause."),
    ] = None
    set_aside_reason: Annotated[
        str | None,
        Meta(description="Why the string that is tried next failed; only with the token for reading, if there is one."),
    ] = None
    shards_away: Annotated[list[int], Meta(description="Shards that do not answer; counts are without theirs.")] = []
    shards_refusing: Annotated[list[int], Meta(description="Shards that accept no string at present.")] = []
    unaccounted: Annotated[
        int | None,
        Meta(description="Accepted strings that are nowhere; anything but 0 breaks the promise. Null if unknown."),
    ] = None
    paused: Paused | None = None


class Ready(Struct):
    """The answer of the probes."""

    status: Literal["ok"] = "ok"


class RefusedItem(Struct):
    """One item of a bulk request that cannot be stored."""

    index: Annotated[int, Meta(description="Position in the request, from 0.")]
    detail: str


class Problem(Struct, omit_defaults=True):
    """An error, as RFC 9457 describes it: `type` is stable, `detail` says what to do."""

    type: str
    title: str
    status: int
    detail: str
    errors: Annotated[list[RefusedItem], Meta(description="The refused items of a bulk request.")] = []
