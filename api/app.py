"""The application, and the factory whose result granian serves."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from functools import partial
from multiprocessing.util import Finalize
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response
from redis import Redis

from api.fast_path import FastPath
from api.http import origins, problems, raw_bodies, request_ids, responses
from api.http.request_log import RequestLog
from api.operator_tokens import OperatorTokens
from api.process import metrics, probe_server, request_threads
from api.process.appender import Appender
from api.process.journal_monitor import JournalMonitor
from api.process.login_guard import LoginGuard
from api.process.monitor import Monitor
from api.process.reader import Reader
from api.process.request_threads import RequestThreads
from api.services import EXTENSION, Services, services
from api.settings import ApiSettings
from api.start import refuse_unfit_servers
from api.views import dead_letter_groups, dead_letters, docs, export, pipeline, strings, submit
from core import logs
from core.connection import Shard, connect_shards
from core.dead_letter_groups import MOST_WAITING, DeadLetterGroups
from core.dead_letters import AllDeadLetters, DeadLetters
from core.journals import Journals
from core.operations_port import listen
from core.scripts import Replication
from core.settings import load
from core.wakeups import Waker, make_celery


class _Api(Flask):
    """Flask, with ``/dummies`` rewritten to ``/dummies/``: werkzeug lists allowed methods only for the latter."""

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/dummies":
            environ["PATH_INFO"] = "/dummies/"
        return super().wsgi_app(environ, start_response)


def served() -> Flask:
    """Return what a process of granian's serves, which counts what it does.

    Collections of garbage pass over all that was made until now: it takes 50 ms, in which every request waits.
    """
    app = create_app()
    metrics.count_always()
    gc.collect()
    gc.freeze()
    return app


def create_app(settings: ApiSettings | None = None, redis: Redis | None = None) -> Flask:
    """Return the API. Settings default to the environment's, which are checked before anything is served.

    A client of a single Redis takes the place of what they name.
    """
    if settings is None:
        settings = load(ApiSettings)
        logs.configure(json=settings.log_json)
        refuse_unfit_servers(settings)
    app = _Api("api", static_folder=None)
    app.url_map.strict_slashes = False  # a redirected preflight fails in browsers
    app.url_map.merge_slashes = False
    app.extensions[EXTENSION] = parts = _services(settings, redis)
    for view in (submit, strings, export, dead_letters, dead_letter_groups, pipeline, docs):
        app.register_blueprint(view.blueprint)
    requests = RequestLog(complete=settings.access_log)
    requests.install(app)
    request_ids.install(app)
    responses.install(app)
    problems.install(app)
    app.after_request(end_when_draining)
    app.after_request(raw_bodies.read_rest)
    pages = origins.Origins(settings.cors_origins, settings.cors_ports, settings.allowed_hosts)
    origins.install(app, pages)
    fast = _traced(FastPath(app.wsgi_app, parts, pages, requests), settings)
    threads = RequestThreads(fast, request_threads.COUNT, settings.stuck_after)
    app.wsgi_app = threads  # type: ignore[method-assign]
    _serve_operations(parts, threads)
    return app


def _traced(application: WSGIApplication, settings: ApiSettings) -> WSGIApplication:
    if settings.otel_exporter_otlp_endpoint is None:
        return application
    from api.http.tracing import Sampling, TracedRequests  # noqa: PLC0415 - OpenTelemetry is imported only where it is used
    from core.otel import Exported  # noqa: PLC0415

    exported = Exported(settings.otel_exporter_otlp_endpoint, "ix-dummies-api")
    Finalize(None, exported.end, exitpriority=0)  # granian's processes run no atexit
    sampling = Sampling(settings.otel_traces_sampler, settings.otel_traces_sampler_arg)
    return TracedRequests(application, exported.tracer, sampling)


def _serve_operations(parts: Services, threads: RequestThreads) -> None:
    def ready() -> Response:
        pipeline.liveness(threads)
        return pipeline.readiness(parts)

    if parts.settings.operations_port is not None:
        responses: probe_server.Responses = {
            "/healthz": partial(pipeline.liveness, threads),
            "/readyz": ready,
            "/metrics": metrics.page(parts.monitor),
        }
        listener = listen("OPERATIONS_PORT", parts.settings.operations_port, shared=True)
        probe_server.serve(listener, responses, parts.monitor)


def _services(settings: ApiSettings, redis: Redis | None) -> Services:
    shards = connect_shards(settings.redis_url, settings.journal_shards) if redis is None else [Shard(redis)]
    replication = Replication.of(settings)
    journals = Journals(shards, replication)
    reader = Reader(settings.database_read_url)
    waker = Waker(make_celery(settings.broker_url))
    dead_letters = [DeadLetters(*shard, replication) for shard in shards]
    monitors = [JournalMonitor(*each, settings) for each in zip(journals.each, shards, strict=True)]
    token = settings.operator_token
    return Services(
        settings=settings,
        journals=journals,
        appenders=[Appender(journal, waker.wake) for journal in journals.each],
        waker=waker,
        dead_letters=AllDeadLetters(dead_letters),
        groups=DeadLetterGroups(dead_letters, min(MOST_WAITING, (settings.journal_limit + 1) // 2)),
        reader=reader,
        monitor=Monitor(monitors, reader),
        operator_tokens=OperatorTokens(token.get_secret_value() if token else None, settings.operators_file),
        logins=LoginGuard(),
    )


def end_when_draining(response: Response) -> Response:
    """Have the client open its next connection elsewhere, before this process closes the current one."""
    if services().draining:
        response.headers["Connection"] = "close"
    return response
