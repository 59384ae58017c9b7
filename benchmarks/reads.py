"""Reading: the status of stored strings, and pages of history."""

from __future__ import annotations

from urllib.parse import urlencode

from benchmarks import load
from benchmarks.environment import Environment
from benchmarks.figures import Figures
from benchmarks.profile import Profile

CLIENTS = 8
IDS = 2_000
IDS_PER_REQUEST = 100
PAGES = 100
PAGE = "/dummies/?limit=50"


def measure(environment: Environment, profile: Profile, figures: Figures) -> None:
    """Measure statuses one by one and by the hundred, and pages at both ends of the history."""
    environment.cursor.execute("SELECT id::text FROM dummies ORDER BY id LIMIT %s", [IDS])
    ids = [row[0] for row in environment.cursor.fetchall()]
    hundreds = [ids[start : start + IDS_PER_REQUEST] for start in range(0, len(ids), IDS_PER_REQUEST)]
    requests = {
        "poll.single": [f"/dummies/{row_id}" for row_id in ids],
        "poll.hundred": ["/dummies/?" + urlencode({"id": each}, doseq=True) for each in hundreds],
    }
    for key, paths in requests.items():
        seen = load.read(environment.system.api_url, paths, CLIENTS, profile.reads_s, environment.folder)
        figures.add(f"{key}.rate", seen.rate)
        figures.add(f"{key}.p99_ms", seen.p99_ms)
    read_history(environment, profile, figures, "history")


def read_history(environment: Environment, profile: Profile, figures: Figures, key: str) -> None:
    """Measure how long pages take: the newest ones, and those near the oldest rows."""
    [oldest, newest] = environment.fetch_row("SELECT min(seq), max(seq) FROM dummies")
    deep = oldest + (newest - oldest) // 50
    for depth, first in (("shallow", newest + 1), ("deep", deep)):
        pages = [f"{PAGE}&cursor={max(1, first - number)}" for number in range(PAGES)]
        seen = load.read(environment.system.api_url, pages, CLIENTS, profile.reads_s, environment.folder)
        figures.add(f"{key}.{depth}_p99_ms", seen.p99_ms)
