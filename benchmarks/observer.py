"""What observes a system under load: a collector of its traces, and a scraper of its metrics."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

from local.ports import free_port

SCRAPED_EVERY = 5.0
"""Seconds; Prometheus' default is a minute, and what compose sets 5 s."""


class _Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def observer() -> Iterator[Sequence[Mapping[str, str]]]:
    """Observe whatever has these environments: the API's, then the worker's."""
    api, worker, ended = free_port(), free_port(), threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Collector) as collector:
        threads = [
            threading.Thread(target=collector.serve_forever),
            threading.Thread(target=_scrape, args=([api, worker], ended)),
        ]
        for thread in threads:
            thread.start()
        tiers = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}", "LOG_JSON": "true"}
        try:
            yield tiers | {"OPERATIONS_PORT": str(api)}, tiers | {"METRICS_PORT": str(worker)}
        finally:
            ended.set()
            collector.shutdown()
            for thread in threads:
                thread.join()


def _scrape(ports: Sequence[int], ended: threading.Event) -> None:
    while not ended.wait(SCRAPED_EVERY):
        for port in ports:
            with suppress(OSError):  # it starts or ends
                urlopen(f"http://127.0.0.1:{port}/metrics", timeout=SCRAPED_EVERY).read()
