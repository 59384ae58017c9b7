"""Writes monitoring/dashboard.json for Grafana: ``python monitoring/dashboard.py``.

Left to right a string's journey: page and programs, API, journal, worker, PostgreSQL. From top to bottom: whether the
part is well, how much passes it, how long that takes, and what goes wrong.
"""

from __future__ import annotations

from pathlib import Path

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import BigValueGraphMode
from grafana_foundation_sdk.models.dashboard import GridPos

FILE = Path(__file__).with_name("dashboard.json")
WIDTHS = (4, 5, 5, 5, 5)
Panel = tuple[str, str, dict[str, str]]
"""Title, Grafana's unit, and queries by their legend."""


def quantiles(histogram: str) -> dict[str, str]:
    """Return the queries for a histogram's p50 and p99."""
    rate = f"sum by (le) (rate({histogram}_bucket[$__rate_interval]))"
    return {f"p{percent}": f"histogram_quantile(0.{percent}, {rate})" for percent in (50, 99)}


def rate(metric: str, by: str = "") -> str:
    """Return the query for a counter's rate, of all processes together."""
    return f"sum{f' by ({by})' if by else ''} (rate({metric}[$__rate_interval]))"


STATES: list[Panel] = [
    ("Accepting", "bool_yes_no", {"": "max(dummies_accepting)"}),
    ("API processes", "none", {"": "count(dummies_accepting)"}),
    ("Waiting", "short", {"": "max(dummies_journal_waiting_strings)"}),
    ("Workers", "none", {"": "max(dummies_workers)"}),
    ("PostgreSQL answers", "bool_yes_no", {"": 'max(dummies_part_up{part="database"})'}),
]
CHARTS: list[list[Panel]] = [
    [
        ("Requests by route", "reqps", {"{{method}} {{route}}": rate("dummies_http_requests_total", "method, route")}),
        ("Accepted strings", "ops", {"accepted": rate("dummies_accepted_strings_total")}),
        ("Journal", "short", {
            "waiting strings": "max(dummies_journal_waiting_strings)",
            "pending entries": "max(dummies_journal_pending_entries)",
        }),
        ("Wake-ups", "ops", {
            "sent": rate("dummies_wakeups_sent_total"),
            "not sent": rate("dummies_wakeups_not_sent_total"),
            "taken": rate("dummies_wakeups_taken_total"),
        }),
        ("Rows", "ops", {
            "inserted": rate("dummies_stored_rows_total"),
            "skipped duplicates": rate("dummies_skipped_duplicates_total"),
        }),
    ],
    [
        ("Accepted to stored", "s", quantiles("dummies_accepted_to_stored_seconds")),
        ("Append", "s", quantiles("dummies_append_seconds")),
        ("Oldest string", "s", {"age": "max(dummies_journal_oldest_seconds)"}),
        ("Batch", "short", quantiles("dummies_batch_strings")),
        ("Batch stored in", "s", quantiles("dummies_store_seconds")),
    ],
    [
        ("Errors", "reqps", {"{{problem}}": rate('dummies_http_requests_total{problem!=""}', "problem")}),
        ("Strings in an append", "short", quantiles("dummies_append_strings")),
        ("Redis' memory", "bytes", {
            "used": "max(dummies_redis_memory_used_bytes)",
            "maxmemory": "max(dummies_redis_memory_max_bytes)",
            "append-only file": "max(dummies_redis_aof_bytes)",
        }),
        ("Set aside and failed", "short", {
            "set aside": "max(dummies_journal_set_aside_entries)",
            "dead letters": "max(dummies_journal_dead_letters)",
            "unaccounted": "max(dummies_journal_unaccounted_strings)",
        }),
        ("Batches not stored", "ops", {"{{kind}}": rate("dummies_store_failures_total", "kind")}),
    ],
]  # fmt: skip


def build() -> str:
    """Return the dashboard as JSON."""
    board = dashboard.Dashboard("ix-dummies").uid("ix-dummies").refresh("5s").time("now-30m", "now").editable()
    number, top = 1, 0
    for height, row in ((4, STATES), *((8, row) for row in CHARTS)):
        left = 0
        for width, panel in zip(WIDTHS, row, strict=True):
            made = state(*panel) if row is STATES else chart(*panel)
            board = board.with_panel(made.id(number).grid_pos(GridPos(x=left, y=top, w=width, h=height)))
            number, left = number + 1, left + width
        top += height
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


def state(title: str, unit: str, queries: dict[str, str]) -> stat.Panel:
    """Return a panel with one number."""
    return stat.Panel().title(title).unit(unit).graph_mode(BigValueGraphMode.NONE).targets(targets(queries))


def chart(title: str, unit: str, queries: dict[str, str]) -> timeseries.Panel:
    """Return a panel with lines over time."""
    legend = common.VizLegendOptions().show_legend(True)  # noqa: FBT003
    return timeseries.Panel().title(title).unit(unit).min(0).legend(legend).targets(targets(queries))


def targets(queries: dict[str, str]) -> list[prometheus.Dataquery]:
    """Return the queries as Grafana's targets."""
    named = zip("ABC", queries.items(), strict=False)
    return [prometheus.Dataquery().expr(expr).legend_format(legend).ref_id(ref) for ref, (legend, expr) in named]


if __name__ == "__main__":
    FILE.write_text(build(), encoding="utf-8")
