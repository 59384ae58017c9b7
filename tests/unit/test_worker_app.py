"""How the worker is set up."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from celery.worker.consumer.consumer import CONNECTION_ERROR, CONNECTION_RETRY
from kombu.transport import redis as kombu_redis
from kombu.transport import resolve_transport
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError
from support import capture_logs

from core.outage_log import OutageLog
from core.wakeups import DRAIN_TASK, QUEUE
from worker.celery_patches import consumer, transport


@pytest.fixture
def worker_app(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """The worker's module, which reads its settings as it is imported."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    from worker import app  # noqa: PLC0415

    yield app
    app.app.close()


def test_the_task_is_called_what_the_api_calls_it(worker_app) -> None:
    assert DRAIN_TASK in worker_app.app.tasks
    assert list(worker_app.app.amqp.queues) == [QUEUE]


def test_what_flower_shows_of_an_unexpected_error_quotes_no_text(worker_app, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise UnicodeEncodeError("utf-8", "a secret text", 0, 1, "surrogates")

    monkeypatch.setattr("worker.job._drains", fail)
    result = worker_app.app.tasks[DRAIN_TASK].apply()
    assert (result.state, str(result.result)) == ("FAILURE", "UnicodeEncodeError")
    assert "secret" not in result.traceback


def test_the_pool_does_not_hang_on_the_brokers_connection(worker_app) -> None:
    assert worker_app.app.connection_for_read().as_uri().startswith("redis://")
    assert not resolve_transport("redis").implements.asynchronous


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", False),
        ("task_ignore_result", True),
        ("worker_send_task_events", True),
        ("worker_prefetch_multiplier", 1),
        ("broker_connection_max_retries", None),
        ("task_publish_retry", False),
    ],
)
def test_what_the_promise_rests_on_is_set(worker_app, setting: str, value: object) -> None:
    assert worker_app.app.conf[setting] == value


def test_what_celery_says_of_each_try_to_reach_the_broker_is_an_outage_with_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What else it says while the broker is down stays."""
    monkeypatch.setattr(consumer, "outage", outage := OutageLog("broker unavailable", server="redis:6379/0"))

    def stays(level: int, message: str, *arguments: object) -> bool:
        return consumer._is_no_try(logging.LogRecord("celery", level, "", 0, message, arguments, None))

    assert stays(logging.INFO, "Connected to %s", "redis://")
    refused = RedisConnectionError("Connection refused")
    with capture_logs() as said:
        for _ in range(20):
            assert not stays(logging.ERROR, CONNECTION_ERROR, "redis://", refused, "Trying again")
            assert not stays(logging.WARNING, "%s (%r)", CONNECTION_RETRY, refused)
            assert not stays(logging.INFO, "Connected to %s", "redis://")
            assert not stays(logging.CRITICAL, "Frequent restarts detected: %r", refused)
    assert [(line["event"], line["reason"]) for line in said] == [("broker unavailable", "Connection refused")]
    assert stays(logging.ERROR, "Received an invalid task")
    assert outage.down


def test_a_full_redis_drops_no_unacknowledged_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not that they cannot be read: they wait until there is room."""

    def refuse(*_: object, **__: object) -> None:
        raise OutOfMemoryError("command not allowed, in this test")

    monkeypatch.setattr(kombu_redis.QoS, "restore_visible", refuse)
    with capture_logs() as said:
        for _ in range(3):
            transport.QoS.__new__(transport.QoS).restore_visible()
    assert [(line["event"], line["reason"]) for line in said] == [
        ("broker unavailable", "command not allowed, in this test")
    ]
