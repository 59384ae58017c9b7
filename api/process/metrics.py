"""The API's metrics: what its processes counted, and the state of the journal as the monitor last saw it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.util import Finalize
from threading import Lock
from time import sleep
from typing import Any

from flask import Response
from prometheus_client import Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from api.http.request_log import count_accepted
from api.process.monitor import Monitor
from core.durability import Info
from core.loops import repeat
from core.metrics import REGISTRY, SortedHistogram, collected

ACCEPTED = Counter(
    "dummies_accepted_strings",
    "Strings whose append the journal confirmed; those of a repeated request again.",
    registry=REGISTRY,
)
APPEND_SECONDS = SortedHistogram(
    "dummies_append_seconds",
    "Time from the call of an append, which serves a group of requests, to its reply or failure.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)
APPEND_STRINGS = SortedHistogram(
    "dummies_append_strings",
    "Strings in a group that an append wrote together.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
    registry=REGISTRY,
)

COUNTED_EVERY = 1.0
"""Seconds between two counts of what was noted."""
MOST_NOTED = 10_000
_groups: deque[tuple[int, int, float]] = deque(maxlen=MOST_NOTED)
"""Of each group: its strings, those that were kept, and how long the append took (s)."""
_counting = Lock()

_COUNTERS = {
    "dummies_journal_appended_strings": ("appended", "Strings ever appended."),
    "dummies_journal_stored_strings": ("stored", "Strings ever completed; those of a repeated request again."),
    "dummies_journal_inserted_rows": ("inserted", "Rows ever inserted."),
    "dummies_journal_retried_strings": ("retried", "Dead letters ever retried."),
    "dummies_journal_discarded_strings": ("discarded", "Dead letters ever discarded."),
}
"""Metric -> field of Counts, and what it is; so are the next ones."""
_GAUGES = {
    "dummies_journal_waiting_strings": ("waiting", "Strings in the journal."),
    "dummies_journal_entries": ("entries", "Entries in the journal."),
    "dummies_journal_pending_entries": ("pending", "Claimed entries, those that are set aside too."),
    "dummies_journal_set_aside_entries": ("set_aside", "Entries whose string failed alone and waits for its next try."),
    "dummies_journal_oldest_seconds": ("oldest_s", "Age of the oldest entry by Redis' clock; 0 if nothing waits."),
    "dummies_journal_dead_letters": ("failed", "Dead letters."),
    "dummies_journal_unaccounted_strings": ("unaccounted", "Appended strings that no counter accounts for."),
    "dummies_workers": ("workers", "Workers whose heartbeat reached Redis within 5 s."),
}
_REDIS: Mapping[str, tuple[str, Callable[[Info], Any]]] = {
    "dummies_redis_memory_used_bytes": ("Memory that Redis uses.", lambda info: info.memory["used_memory"]),
    "dummies_redis_memory_max_bytes": ("Redis' maxmemory; 0 is no limit.", lambda info: info.memory["maxmemory"]),
    "dummies_redis_aof_enabled": ("1 if there is an append-only file.", lambda info: info.persistence["aof_enabled"]),
    "dummies_redis_aof_last_rewrite_ok": (
        "0 if the last rewrite of the append-only file failed.",
        lambda info: info.persistence["aof_last_bgrewrite_status"] == "ok",
    ),
    "dummies_redis_aof_bytes": (
        "Size of the append-only file; 0 without one.",
        lambda info: info.persistence.get("aof_current_size", 0),
    ),
    "dummies_redis_primary": ("1 if Redis is a primary.", lambda info: info.replication["role"] == "master"),
    "dummies_redis_replicas": ("Connected replicas.", lambda info: info.replication["connected_slaves"]),
}


def note_group(strings: int, kept: int, seconds: float) -> None:
    """Note an append; what it counts, ``count`` counts, because that takes longer than a group of few may."""
    _groups.append((strings, kept, seconds))


def count() -> None:
    """Count what was noted until now."""
    with _counting:
        count_accepted()
        if groups := [_groups.popleft() for _ in range(len(_groups))]:
            strings, kept, seconds = zip(*groups, strict=True)
            APPEND_STRINGS.observe_all(strings)
            APPEND_SECONDS.observe_all(seconds)
            ACCEPTED.inc(sum(kept))


def count_always() -> None:
    """Count each second, from a thread of its own, and when the process ends."""
    Finalize(None, count, exitpriority=0)  # granian's processes run no atexit

    def work() -> None:
        sleep(COUNTED_EVERY)
        count()

    repeat(work, "metrics")


class JournalCollector:
    """What the monitor last saw, without asking anyone; what it could not see is left out."""

    def __init__(self, monitor: Monitor) -> None:
        """Show this monitor's samples."""
        self._monitor = monitor

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        monitor = self._monitor
        accepting = {str(number): float(shard.accepting) for number, shard in enumerate(monitor.shards)}
        parts = {"journal": monitor.journal, "database": monitor.database, "workers": monitor.workers}
        up = GaugeMetricFamily("dummies_part_up", "1 if this part answers, 0 if not.", labels=["part"])
        for part, since in parts.items():
            if since.up is not None:
                up.add_metric([part], since.up)
        yield up
        yield _gauge("dummies_accepting", "1 if this process accepts strings.", monitor.accepting)
        yield _by_shard("dummies_shard_accepting", "1 if this process accepts strings for this shard.", accepting)
        yield _gauge(
            "dummies_journal_rolled_back",
            "1 if Redis lost what it had acknowledged, until an operator clears the note.",
            monitor.set_back is not None,
        )
        counts = monitor.counts
        if counts is not None:
            for name, (field, text) in (
                () if monitor.silent else _COUNTERS.items()
            ):  # a sum without some would look reset
                yield CounterMetricFamily(name, text, getattr(counts, field))
            for name, (field, text) in _GAUGES.items():
                value = getattr(counts, field)
                if value is not None or not counts.entries:  # the age is unknown while Redis' clock is put back
                    yield _gauge(name, text, value or 0)
            yield _gauge("dummies_journal_paused", "1 while draining is paused.", counts.paused is not None)
        yield from _redis(monitor)


def _redis(monitor: Monitor) -> Iterator[Metric]:
    infos = {str(number): shard.info for number, shard in enumerate(monitor.shards) if shard.info}
    for name, (text, value_of) in _REDIS.items() if infos else ():
        yield _by_shard(name, text, {number: float(value_of(info)) for number, info in infos.items()})


def _by_shard(name: str, text: str, values: Mapping[str, float]) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=["shard"])
    for number, value in values.items():
        gauge.add_metric([number], value)
    return gauge


def _gauge(name: str, text: str, value: Any) -> Metric:
    return GaugeMetricFamily(name, text, float(value))


def page(monitor: Monitor) -> Callable[[], Response]:
    """Return what answers with the metrics of the API, this monitor's samples among them."""
    registry = collected(JournalCollector(monitor))

    def respond() -> Response:
        count()
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return respond
