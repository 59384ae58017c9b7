"""Faults that come as requests."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from faults.harm import Harm, Seen


def send_poison(ending: str, harm: Harm) -> Seen:
    """Send a text that cannot be stored: PostgreSQL refuses it, or the worker dies of it every time."""
    return harm.world.clients.send_one(ending) == "acknowledged"


def send_too_much(harm: Harm) -> Seen:
    """Send 2 MB of text, which is refused whole."""
    body = json.dumps({"text": "x" * 2_000_000}).encode()
    request = urllib.request.Request(f"{harm.world.url}/dummies/", body, {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=15)
    except urllib.error.HTTPError as error:
        return error.code in {413, 422}
    return False
