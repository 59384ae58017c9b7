"""The Celery application, which ``python -m worker`` runs and Flower looks at."""

from __future__ import annotations

import structlog
from celery import signals
from celery.worker.control import Panel

from core import logs
from core.addresses import place_of
from core.durability import refuse_volatile
from core.settings import CoreSettings, load
from core.timeouts import TASK_TIME_LIMIT
from core.wakeups import DRAIN_TASK, make_celery
from database.session import refuse_unfit
from worker import metrics
from worker.celery_patches import transport
from worker.celery_patches.consumer import QuickConsumer, note_outages
from worker.celery_patches.timer import DrainTimer
from worker.job import DrainFailed, drain
from worker.settings import WorkerSettings

log = structlog.get_logger()
transport.use()
app = make_celery(load(CoreSettings).broker_url)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=False,  # the journal recovers, not the message
    task_time_limit=TASK_TIME_LIMIT,
    task_send_sent_event=False,
    worker_send_task_events=True,
    worker_prefetch_multiplier=1,
    worker_timer_precision=0.25,  # else the shutdown waits a second for the timer's thread
    worker_enable_prefetch_count_reduction=False,  # it holds one message anyway
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_consumer=QuickConsumer,
    worker_pool="worker.celery_patches.pool:Pool",
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_channel_error_retry=True,
)
app.steps["worker"].add(DrainTimer)
# A client that may inspect workers through the broker, such as Flower, could also stop them.
for command, known in list(Panel.meta.items()):
    if known.type == "control" and command not in {"enable_events", "heartbeat"}:
        del Panel.meta[command], Panel.data[command]
app.task(name=DRAIN_TASK, throws=(DrainFailed,))(drain)


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def _configure_logs(**_: object) -> None:
    logs.configure(json=load(CoreSettings).log_json)
    note_outages()


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def _check_start(**_: object) -> None:
    """Stop the worker, with one line, when a setting is bad or a server cannot keep the promise."""
    settings = load(WorkerSettings)
    refuse_volatile(settings)
    if reason := refuse_unfit(settings.database_url, "DATABASE_URL"):  # else the first string would tell
        log.warning("PostgreSQL unavailable", reason=reason, server=place_of(settings.database_url))
    if settings.metrics_port is not None:
        metrics.serve(settings.metrics_port)


@signals.task_prerun.connect  # type: ignore[untyped-decorator]
def _count_wakeup(**_: object) -> None:
    """Count: the timer's drains are no tasks."""
    metrics.WAKEUPS_TAKEN.inc()
