"""The application factory; granian serves what it returns."""

from __future__ import annotations

from functools import partial

from flask import Flask, Response
from redis import Redis

from api import (
    docs,
    failed,
    groups,
    history,
    openapi,
    operations,
    pipeline,
    problems,
    request_ids,
    request_threads,
    status,
    submit,
)
from api.appender import Appender
from api.direct import DirectSubmit
from api.listener import listen
from api.monitor import Monitor
from api.request_threads import RequestThreads
from api.rows import Rows
from api.services import EXTENSION, Services, services, services_of
from api.settings import ApiSettings
from api.start import refuse_unkept
from core import logs
from core.connection import connect
from core.dead_letter_groups import MOST_WAITING, DeadLetterGroups
from core.dead_letters import DeadLetters
from core.journal import Journal
from core.settings import load
from core.wakeups import Waker, make_celery


def create_app(settings: ApiSettings | None = None, redis: Redis | None = None) -> Flask:
    """Return the API; without settings they come from the environment, and are checked before anything is served."""
    if settings is None:
        settings = load(ApiSettings)
        logs.configure(json=settings.log_json)
        refuse_unkept(settings)
    app = Flask("api", static_folder=None)
    app.url_map.strict_slashes = False  # a redirected preflight fails in browsers
    app.url_map.merge_slashes = False
    app.extensions[EXTENSION] = _services(settings, redis or connect(settings.redis_url))
    for module in (submit, status, history, failed, groups, pipeline, openapi, docs):
        app.register_blueprint(module.blueprint)
    request_ids.install(app)
    problems.install(app)
    app.after_request(end_when_draining)
    direct = DirectSubmit(app.wsgi_app, services_of(app))
    app.wsgi_app = threads = RequestThreads(direct, request_threads.COUNT, settings.stuck_after)  # type: ignore[method-assign]
    _serve_probes(services_of(app), threads)
    if settings.cors_origins:
        from flask_cors import CORS  # noqa: PLC0415 - few need it

        CORS(
            app,
            origins=list(settings.cors_origins),
            allow_headers=["Content-Type", "Idempotency-Key", "Authorization"],
            expose_headers=["Location", "Retry-After", "X-Request-ID"],
            max_age=600,
        )
    return app


def _serve_probes(parts: Services, threads: RequestThreads) -> None:
    port = parts.settings.operations_port
    if port is None:
        return
    alive = partial(pipeline.liveness, threads)

    def ready() -> Response:
        alive()
        return pipeline.readiness(parts)

    operations.serve(listen(port), {"/healthz": alive, "/readyz": ready}, parts.monitor)


def _services(settings: ApiSettings, redis: Redis) -> Services:
    journal = Journal(redis)
    rows = Rows(settings.database_read_url)
    waker = Waker(make_celery(settings.broker_url))
    dead_letters = DeadLetters(redis)
    return Services(
        settings=settings,
        journal=journal,
        appender=Appender(journal, waker.wake),
        waker=waker,
        dead_letters=dead_letters,
        groups=DeadLetterGroups(redis, dead_letters, min(MOST_WAITING, (settings.journal_limit + 1) // 2)),
        rows=rows,
        monitor=Monitor(journal, redis, rows, settings),
    )


def end_when_draining(response: Response) -> Response:
    """Have the client open its next connection elsewhere, before this process closes the present one on it."""
    if services().draining:
        response.headers["Connection"] = "close"
    return response
