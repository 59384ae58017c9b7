"""Faults that come as requests."""

from __future__ import annotations

import json
from http import HTTPStatus

import httpx

from faults.harm import Harm, Seen, comes

JSON = {"Content-Type": "application/json"}


def send_poison(ending: str, harm: Harm) -> Seen:
    """Send a text that cannot be stored: PostgreSQL refuses it, or it kills the worker every time."""
    return comes(lambda: harm.world.clients.send_one(ending) == "acknowledged")


def send_too_much(harm: Harm) -> Seen:
    """Send 2 MB of text, which is refused as a whole."""
    body = json.dumps({"text": "x" * 2_000_000})

    def is_refused() -> bool:
        answer = httpx.post(f"{harm.world.url}/dummies/", content=body, headers=JSON, timeout=15)
        too_large = answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        assert too_large or answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE  # another fault is under way
        return too_large

    return comes(is_refused)
