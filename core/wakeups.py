"""The wake-up: a Celery message that only says "check the journal".

A wake-up that is lost, late or doubled changes nothing, so publishing one may fail, and never takes long.
"""

from __future__ import annotations

import threading
from typing import Any

from celery import Celery
from kombu import Exchange, Queue
from prometheus_client import Counter
from redis.connection import parse_url

from core.addresses import place_of
from core.loops import repeat
from core.metrics import REGISTRY
from core.outage_log import OutageLog, describe

QUEUE = "dummies.wakeups"
DRAIN_TASK = "dummies.drain"

SENT = Counter("dummies_wakeups_sent", "Wake-ups that the broker took.", registry=REGISTRY)
NOT_SENT = Counter("dummies_wakeups_not_sent", "Wake-ups that the broker did not take.", registry=REGISTRY)

TRANSPORT_OPTIONS = {
    "visibility_timeout": 60,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "unacked_mutex_expire": 10,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 10,
}

outage = OutageLog("broker unavailable", "broker available again")
"""That of the process' broker, for whoever publishes and whoever receives."""


def make_celery(broker_url: str) -> Celery:
    """Return a Celery application that knows the wake-up's queue; nothing is connected yet."""
    outage.about(server=place_of(broker_url))
    app = Celery("dummies", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_queues=[Queue(QUEUE, Exchange(QUEUE), routing_key=QUEUE)],
        task_default_queue=QUEUE,
        task_default_exchange=QUEUE,
        task_default_routing_key=QUEUE,
        task_ignore_result=True,
        task_publish_retry=False,
        broker_pool_acquire_timeout=1,
        broker_connection_timeout=2,
        broker_transport_options=TRANSPORT_OPTIONS,
        broker_use_ssl=_tls(broker_url),
    )
    return app


def _tls(broker_url: str) -> dict[str, Any] | None:
    """Return an address' TLS options, as redis-py reads them: kombu 5.7 by itself would not verify certificates."""
    if not broker_url.startswith("rediss:"):
        return None
    given = {name: value for name, value in parse_url(broker_url).items() if name.startswith("ssl_")}
    return {"ssl_cert_reqs": "required"} | given


def publish_wakeup(app: Celery) -> None:
    """Publish a wake-up within roughly 6 s, or give up: the workers' timer finds the work within a second."""
    try:
        app.send_task(DRAIN_TASK, ignore_result=True, retry=False, expires=60)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the broker, the strings are safe
        NOT_SENT.inc()
        outage.met(describe(error))
    else:
        SENT.inc()
        outage.over()


class Waker:
    """Publishes wake-ups from a thread of its own, off the path of any request."""

    def __init__(self, app: Celery) -> None:
        """Use this application; the thread starts with the first wake-up."""
        self._app = app
        self._wanted = threading.Event()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Request a wake-up; requests that come while one is being published become one."""
        self._wanted.set()
        if self._thread is None:
            with self._start:
                if self._thread is None:
                    self._thread = repeat(self._publish, "waker")

    def _publish(self) -> None:
        self._wanted.wait()
        self._wanted.clear()
        publish_wakeup(self._app)
