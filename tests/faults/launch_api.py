"""The API with points at which it can be made to die: ``python -m api … faults.launch_api:create_app``."""

from __future__ import annotations

from flask import Flask

from api.app import create_app as create
from core import wakeups
from core.journal import Journal
from faults.points import around

around(Journal, "append", before="api-before-append", after="api-after-append")


def create_app() -> Flask:
    """Return the API."""
    return create()


_publish = wakeups.publish_wakeup


def _publish_and_pass(app: object) -> bool:
    _publish(app)  # type: ignore[arg-type]
    return True


wakeups.publish_wakeup = _publish_and_pass  # type: ignore[assignment]
around(wakeups, "publish_wakeup", after="api-after-wakeup")
