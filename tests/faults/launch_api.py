"""The API with points at which it can be killed.

Run as ``python -m faults.launch_api``, with the options of ``python -m api``. granian's processes are forked, or import
this module first: in both cases they have the points.
"""

from __future__ import annotations

import errno
import os
import time

from api.__main__ import main
from core import wakeups
from core.journal import Journal
from faults.points import around

around(Journal, "append", before="api-before-append", after="api-after-append")

_publish = wakeups.publish_wakeup


def _publish_and_pass(app: object) -> bool:
    _publish(app)  # type: ignore[arg-type]
    return True


wakeups.publish_wakeup = _publish_and_pass  # type: ignore[assignment]
around(wakeups, "publish_wakeup", after="api-after-wakeup")

_sleep = time.sleep


def _sleep_and_forgive(seconds: float) -> None:
    """Sleep; on a busy machine libfaketime refuses a sleep whose end has passed before it begins."""
    try:
        _sleep(seconds)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


if "FAKETIME" in os.environ:
    time.sleep = _sleep_and_forgive

if __name__ == "__main__":
    main()
