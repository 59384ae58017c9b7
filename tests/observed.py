"""Write what the dashboard's queries and Flower show under load, in an outage and after it: docs/observed.md.

From the repository's root: ``PYTHONPATH=.:tests .venv/bin/python tests/observed.py``. Takes two minutes.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from alerts.conftest import Watched
from browsing import launch
from playwright.sync_api import Browser, sync_playwright
from screenshots import save
from steady_load import SteadyLoad
from support import FLOWER_LOGIN, eventually, start_flower, waiting

from local.ports import free_port
from local.system import ROOT

PAGE = ROOT / "docs" / "observed.md"
IMAGES = ROOT / "docs" / "images"
RATE, LOADED, AWAY = 300, 30.0, 20.0
"""Strings per second; seconds of load before the outage and after it; seconds that PostgreSQL is away."""
HEAD = f"""# What an operator sees

`make observed` wrote this page: a system with one API process and one worker took {RATE} strings a second.
After {LOADED:.0f} s PostgreSQL was away for {AWAY:.0f} s. Each query of the [dashboard](../monitoring/dashboard.json)
was asked just before that, at the end of the outage, and {LOADED:.0f} s after it, with rates over 10 s.

"""
TABLE = "| panel | under load | in the outage | after it |\n|---|---|---|---|\n"


def answers(watched: Watched) -> dict[str, str]:
    """Return what each panel of the dashboard shows now."""
    board = json.loads((ROOT / "monitoring" / "dashboard.json").read_text("utf-8"))
    return {panel["title"]: shown(watched, panel["targets"]) for panel in board["panels"]}


def shown(watched: Watched, targets: list[dict[str, Any]]) -> str:
    """Return the values of a panel's lines, each with its legend."""
    said = []
    for target in targets:
        for answer in watched.query(target["expr"].replace("$__rate_interval", "10s")):
            legend = target["legendFormat"]
            for name, value in answer["metric"].items():
                legend = legend.replace(f"{{{{{name}}}}}", value)
            said.append(f"{legend} {float(answer['value'][1]):.4g}".strip())
    return "; ".join(said) or "none"


def shoot(browser: Browser, port: int, name: str) -> None:
    """Save Flower's list of tasks, newest first, as docs/images/flower-<name>.png."""
    user, password = FLOWER_LOGIN
    context = browser.new_context(
        viewport={"width": 1280, "height": 640}, http_credentials={"username": user, "password": password}
    )
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}/flower/tasks?sort=-received&limit=12")
    page.locator("#tasks-table tbody tr td").nth(1).wait_for()
    save(IMAGES / f"flower-{name}.png", page.screenshot(animations="disabled"))
    context.close()


def observe(watched: Watched, browser: Browser) -> list[dict[str, str]]:
    """Return the panels' answers under load, in the outage and after it."""
    port = free_port()
    flower = start_flower(watched.system, port)
    seen = []
    with SteadyLoad([watched.system.api_url], rate=RATE):
        time.sleep(LOADED)
        seen.append(answers(watched))
        shoot(browser, port, "load")
        watched.system.postgres.stop()
        time.sleep(AWAY)
        seen.append(answers(watched))
        shoot(browser, port, "outage")
        watched.system.postgres.start()
        time.sleep(LOADED)
        seen.append(answers(watched))
    eventually(lambda: waiting(watched.system) == 0, within=60)
    flower.stop()
    return seen


def main() -> None:
    """Write the page and the pictures."""
    if shutil.which("prometheus") is None:
        raise SystemExit("Install Prometheus: apt-get install prometheus")
    with tempfile.TemporaryDirectory() as folder, Watched(Path(folder)) as watched, sync_playwright() as playwright:
        browser = launch(playwright)
        seen = observe(watched, browser)
        browser.close()
    rows = [f"| {title} | {' | '.join(each[title] for each in seen)} |\n" for title in seen[0]]
    flower = [
        f"\n## Flower {when}\n\n![Flower's list of drains](images/flower-{name}.png)\n"
        for when, name in (("under load", "load"), ("in the outage", "outage"))
    ]
    PAGE.write_text(HEAD + "## The dashboard\n\n" + TABLE + "".join(rows) + "".join(flower), encoding="utf-8")


if __name__ == "__main__":
    main()
