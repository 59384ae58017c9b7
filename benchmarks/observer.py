"""What observes a system under load: a scraper of its metrics, and a collector of its traces."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
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
def scraped() -> Iterator[Sequence[dict[str, str]]]:
    """Scrape whatever has these environments, the API's and the worker's; both log JSON, as in the cluster."""
    api, worker, ended = free_port(), free_port(), threading.Event()
    scraper = threading.Thread(target=_scrape, args=([api, worker], ended))
    scraper.start()
    try:
        yield (
            {"LOG_JSON": "true", "OPERATIONS_PORT": str(api)},
            {"LOG_JSON": "true", "METRICS_PORT": str(worker)},
        )
    finally:
        ended.set()
        scraper.join()


@contextmanager
def observer() -> Iterator[Sequence[dict[str, str]]]:
    """Scrape and collect the traces of whatever has these environments: the API's, then the worker's."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Collector) as collector, scraped() as environments:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}"}
        try:
            yield [environment | traced for environment in environments]
        finally:
            collector.shutdown()
            thread.join()


def _scrape(ports: Sequence[int], ended: threading.Event) -> None:
    while not ended.wait(SCRAPED_EVERY):
        for port in ports:
            with suppress(OSError):  # it starts or ends
                urlopen(f"http://127.0.0.1:{port}/metrics", timeout=SCRAPED_EVERY).read()
