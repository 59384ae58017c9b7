"""What travels over HTTP about groups of dead letters, like the types of ``api.http.contract``."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from api.http.contract import MAX_QUERY_LENGTH, MAX_REASON_LENGTH, Problem

MAX_REASONS_PER_REQUEST = 100


class FailedGroup(Struct):
    """The dead letters that PostgreSQL refused for one reason."""

    reason: str
    count: int


class FailedGroups(Struct):
    """Dead letters by their reason, the largest group first: of those looked at, which may not be all yet."""

    items: list[FailedGroup]
    next_cursor: Annotated[
        str | None, Meta(description="Pass as `cursor` to continue; add up the counts. Null at the end.")
    ]
    looked_at: Annotated[int, Meta(description="Dead letters that were looked at for this answer.")]
    total: Annotated[int, Meta(description="All dead letters.")]


Reasons = Annotated[list[str], Meta(min_length=1, max_length=MAX_REASONS_PER_REQUEST)] | Literal["all"]
Searched = Annotated[
    Annotated[str, Meta(min_length=1, max_length=MAX_QUERY_LENGTH)] | None,
    Meta(description="Only those whose text or reason contains it, case-sensitive."),
]


class RetryGroups(Struct, forbid_unknown_fields=True):
    """Which dead letters to retry: those with one of these reasons exactly, or all."""

    reasons: Reasons
    q: Searched | UnsetType = UNSET


class DiscardGroups(Struct, forbid_unknown_fields=True):
    """Which dead letters to discard, and why."""

    reasons: Reasons
    why: Annotated[str, Meta(min_length=1, max_length=MAX_REASON_LENGTH, description="For the log.")]
    q: Searched | UnsetType = UNSET


class GroupProgress(Struct):
    """How far retrying or discarding groups is; the last line has `complete`."""

    done: Annotated[int, Meta(description="Dead letters retried or discarded so far.")]
    skipped: Annotated[
        int, Meta(description="Dead letters that another operator decided meanwhile, or that cannot be read.")
    ]
    left: Annotated[
        int, Meta(description="Dead letters present at the start and not examined yet, whatever their reason.")
    ]
    complete: Annotated[
        bool | None, Meta(description="Whether all were looked at, on the last line; null on the lines before.")
    ] = None
    problem: Annotated[Problem | None, Meta(description="Why the rest is left, when not complete.")] = None
