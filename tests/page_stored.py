"""Measure how long a reader waits from Enter until the page shows a string as stored; for page_speed.py."""

from __future__ import annotations

import statistics

from playwright.sync_api import Browser

STRINGS = 120
WATCH = """
(text) => {
  window.stored = new Promise((resolve) => addEventListener("keydown", ({ timeStamp }) => {
    const watcher = new MutationObserver(() => {
      const row = document.querySelector('main li');
      if (row?.dataset.state !== "stored" || !row.textContent.includes(text)) return;
      watcher.disconnect();
      // once the frame that shows it has been painted
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - timeStamp)));
    });
    watcher.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  }, { once: true, capture: true }));
}
"""


def times_to_stored(browser: Browser, site: str) -> list[float]:
    """Send strings one after another; return for each the time (ms) from the key to the frame that says "stored"."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(site)
    field, took = page.get_by_role("textbox"), []
    for number in range(STRINGS):
        text = f"string {number} to wait for"
        field.fill(text)
        page.evaluate(WATCH, text)
        field.press("Enter")
        took.append(page.evaluate("stored"))
    context.close()
    return took


def print_times(browser: Browser, site: str) -> None:
    """Print the table."""
    took = times_to_stored(browser, site)
    p50, p99 = statistics.median(took), statistics.quantiles(took, n=100)[98]
    print(f"\n| from Enter until the page shows {STRINGS} strings as stored, one by one | p50 | p99 |")
    print(f"| --- | --: | --: |\n| Send | {p50:.0f} ms | {p99:.0f} ms |", flush=True)
