"""Reading: the status of stored strings, and pages of the history."""

from __future__ import annotations

from urllib.parse import urlencode

from benchmarks import load
from benchmarks.effort import Effort
from benchmarks.figures import Figures
from benchmarks.stage import Stage

CLIENTS = 8
IDS = 2_000
IDS_A_QUESTION = 100
PAGES = 100
PAGE = "/dummies/?limit=50"


def play(stage: Stage, effort: Effort, figures: Figures) -> None:
    """Ask for statuses one by one and by the hundred, and for pages at both ends of the history."""
    stage.cursor.execute("SELECT id::text FROM dummies ORDER BY id LIMIT %s", [IDS])
    ids = [row[0] for row in stage.cursor.fetchall()]
    hundreds = [ids[start : start + IDS_A_QUESTION] for start in range(0, len(ids), IDS_A_QUESTION)]
    questions = {
        "poll.single": [f"/dummies/{row_id}" for row_id in ids],
        "poll.hundred": ["/dummies/?" + urlencode({"id": each}, doseq=True) for each in hundreds],
    }
    for key, paths in questions.items():
        seen = load.read(stage.system.api_url, paths, CLIENTS, effort.reads_s, stage.folder)
        figures.add(f"{key}.rate", seen.rate)
        figures.add(f"{key}.p99_ms", seen.p99_ms)
    read_history(stage, effort, figures, "history")


def read_history(stage: Stage, effort: Effort, figures: Figures, key: str) -> None:
    """Note how long pages take: the newest ones, and those near the oldest rows."""
    [oldest, newest] = stage.fetch_row("SELECT min(seq), max(seq) FROM dummies")
    deep = oldest + (newest - oldest) // 50
    for depth, first in (("shallow", newest + 1), ("deep", deep)):
        pages = [f"{PAGE}&cursor={max(1, first - number)}" for number in range(PAGES)]
        seen = load.read(stage.system.api_url, pages, CLIENTS, effort.reads_s, stage.folder)
        figures.add(f"{key}.{depth}_p99_ms", seen.p99_ms)
