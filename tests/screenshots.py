"""Save every view, light and dark, on a desktop and a phone, as docs/images/<view>-<size>-<theme>.png.

A system of its own is started and filled with a few strings. From the repository's root, with the page built:
``PYTHONPATH=. .venv/bin/python tests/screenshots.py``.
"""

from __future__ import annotations

import os
import struct
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from browsing import PATIENCE, find_chromium, serving
from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright
from support import Client, count_rows, eventually, query

from local.system import ROOT, System

FOLDER = ROOT / "docs" / "images"
TOKEN = "token-for-the-screenshots"
SIZES = {"desktop": (1280, 860, "en-US"), "phone": (390, 844, "ko-KR")}
THEMES = ("light", "dark")
SIGNATURE = b"\x89PNG\r\n\x1a\n"

STORED = [
    "안녕하세요, IXcloud! 👋🏽",
    "Invoice 2026-0117 paid in full",
    "회의는 목요일 오후 3시, 3층 대회의실에서 진행합니다.",
    "The quick brown fox jumps over the lazy dog",
    "배송이 시작되었습니다",
    'def main():\n    print("hello")',
    "서울특별시 강남구 테헤란로 152",
    "Order 4711: green tea and rice cake, to the back door",
]
PAST = """
    INSERT INTO dummies (id, text, received_at, stored_at)
    SELECT gen_random_uuid(), text, at - interval '9 ms', at
    FROM unnest(%s) WITH ORDINALITY AS past (text, n),
         LATERAL (SELECT now() - interval '20 hours' + n * interval '7 min' AS at)
    ORDER BY n
"""
REFUSING = "ALTER TABLE dummies ADD CONSTRAINT refusing CHECK (text NOT LIKE '%%refused%%') NOT VALID"
BULKS = (300, 1_200, 2_600, 900)
"""Strings of each five seconds, for the chart."""


def fill(system: System) -> str:
    """Have strings stored and refused, now and in the past; return the id of one."""
    query(system, PAST, STORED * 5)
    query(system, REFUSING)
    with Client(base_url=system.api_url) as client:
        for count in BULKS:
            client.submit_all(f"measurement {number}" for number in range(count))
            time.sleep(5)
        client.submit_all(["refused: 주소가 너무 깁니다", "refused: no such customer"])
        eventually(lambda: client.pipeline()["failed"] == 2, within=20)
        ids = [client.submit(text).json()["id"] for text in STORED]
    eventually(lambda: count_rows(system) == len(STORED) * 6 + sum(BULKS), within=20)
    return ids[2]


def send(browser: Browser, site: str) -> StorageState:
    """Send strings as a reader does; return what their browser keeps."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(site)
    field = page.get_by_role("textbox")
    for text in reversed(STORED[:4]):
        field.fill(text)
        field.press("Enter")
    expect(page.get_by_role("main").get_by_text("Stored in")).to_have_count(4, timeout=PATIENCE)
    state = context.storage_state()
    context.close()
    return state


def show_send(page: Page) -> None:
    """Show sent strings, on a desktop with the pipeline's figures."""
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(4, timeout=PATIENCE)
    if page.viewport_size and page.viewport_size["width"] > 1_000:
        page.get_by_role("button", name="Details", exact=True).click()
        expect(page.get_by_role("img")).to_be_visible(timeout=PATIENCE)


def show_bulk(page: Page) -> None:
    """Show lines that are about to be sent."""
    page.get_by_role("textbox").fill("\n".join(STORED))


def show_history(page: Page) -> None:
    """Show stored strings."""
    expect(page.get_by_role("main").get_by_role("listitem").first).to_be_visible(timeout=PATIENCE)


def show_string(page: Page) -> None:
    """Show a single string."""
    expect(page.get_by_role("region")).to_be_visible(timeout=PATIENCE)


def show_failed(page: Page) -> None:
    """Show dead letters to an operator."""
    token = page.get_by_role("main").locator("input")
    token.fill(TOKEN)
    token.press("Enter")
    expect(page.get_by_role("main").get_by_text("refused: no such customer", exact=True)).to_be_visible(
        timeout=PATIENCE
    )


def shoot_all(browser: Browser, site: str, string: str, state: StorageState) -> None:
    """Save every view in every size and theme."""
    views: dict[str, tuple[str, Callable[[Page], None]]] = {
        "send": ("#/", show_send),
        "bulk": ("#/many", show_bulk),
        "history": ("#/history", show_history),
        "string": (f"#/string/{string}", show_string),
        "failed": ("#/failed", show_failed),
    }
    for size, (width, height, locale) in SIZES.items():
        for theme in THEMES:
            for name, (address, show) in views.items():
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    locale=locale,
                    timezone_id="Asia/Seoul",
                    color_scheme=theme,
                    reduced_motion="reduce",
                    storage_state=state,
                )
                page = context.new_page()
                page.goto(site + address)
                show(page)
                page.evaluate("document.activeElement.blur()")
                save(FOLDER / f"{name}-{size}-{theme}.png", page.screenshot(animations="disabled"))
                context.close()


def save(path: Path, image: bytes) -> None:
    """Write a PNG with the best compression; the browser compresses less."""
    chunks, position, pixels = [], len(SIGNATURE), b""
    while position < len(image):
        (length,) = struct.unpack(">I", image[position : position + 4])
        kind, content = image[position + 4 : position + 8], image[position + 8 : position + 8 + length]
        position += length + 12
        if kind == b"IDAT":
            pixels += content
        else:
            chunks.append((kind, content))
    chunks.insert(-1, (b"IDAT", zlib.compress(zlib.decompress(pixels), 9)))
    path.write_bytes(SIGNATURE + b"".join(chunk(kind, content) for kind, content in chunks))


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder, System(Path(folder) / "system") as system:
        system.start_api({"OPERATOR_TOKEN": TOKEN})
        system.start_worker()
        with sync_playwright() as playwright, serving(system) as site:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=options)
            string = fill(system)
            shoot_all(browser, site, string, send(browser, site))
            browser.close()


if __name__ == "__main__":
    main()
