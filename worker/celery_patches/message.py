"""The shape of a wake-up as Celery publishes it; the transport drops everything else that the queue holds.

Celery 5.7 and kombu 5.7 exit on many messages of another shape (celery/celery#7975, celery/celery#4308). This can go
when they reject such messages instead.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from core.wakeups import DRAIN_TASK

_None = Annotated[list[Any], Meta(max_length=0)]
_Body = tuple[_None, Annotated[dict[str, Any], Meta(max_length=0)], dict[str, None]]
"""The task's arguments and callbacks: none."""


class _DeliveryInfo(Struct):
    exchange: str
    routing_key: str


class _Properties(Struct):
    delivery_tag: str
    delivery_info: _DeliveryInfo
    body_encoding: Literal["base64"]
    correlation_id: str | None = None


class _Headers(Struct):
    task: str
    id: str
    expires: dt.datetime | None = None
    eta: None = None
    timelimit: tuple[float | None, float | None] = (None, None)
    retries: Literal[0] = 0
    compression: None = None
    ignore_result: bool = True
    root_id: str | None = None


class _Message(Struct):
    body: bytes
    headers: _Headers
    properties: _Properties
    content_type: Literal["application/json"] = field(name="content-type")
    content_encoding: Literal["utf-8"] = field(name="content-encoding")


def purify(raw: bytes) -> bytes:
    """Return what Celery needs of a wake-up. Raises ValueError or RecursionError for anything else."""
    message = msgspec.json.decode(raw, type=_Message)
    if message.headers.task != DRAIN_TASK:
        raise ValueError(f"unknown task {message.headers.task!r}")
    msgspec.json.decode(message.body, type=_Body)
    message.headers.timelimit = (None, None)  # the worker's own settings apply
    return msgspec.json.encode(message)
