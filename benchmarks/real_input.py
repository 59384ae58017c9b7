"""Real input: send two word lists through the API, and compare every row, status and id with what was sent.

``python -m benchmarks.real_input`` starts the whole system; ``--api`` and ``--database`` (any role that may read) use a
running one, to which no one else may write meanwhile.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode

import psycopg2

from benchmarks.client import Client
from local.system import System

ENGLISH = Path("/usr/share/dict/american-english")
KOREAN = Path("/usr/share/hunspell/ko.dic")
KOREAN_LINES = 50_000
PER_REQUEST = 10_000
IDS_PER_REQUEST = 100
SINGLES = 2_000
SINGLE_CLIENTS = 16
STORED_WITHIN = 120.0


class Mismatch(Exception):
    """What is stored differs from what was sent."""


@dataclass
class Sent:
    """The lines sent, byte for byte, and the id given to each."""

    lines: list[bytes] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    repeats: int = 0

    def add(self, lines: Sequence[bytes], ids: Sequence[str]) -> None:
        """Record accepted lines."""
        self.lines += lines
        self.ids += ids


def read_lines() -> list[bytes]:
    """Return the lines of the two word lists. Raises FileNotFoundError, which says what to install."""
    for path, package in ((ENGLISH, "wamerican"), (KOREAN, "hunspell-ko")):
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing; it is part of the input: apt-get install {package}")
    korean = (line for line in KOREAN.read_bytes().split(b"\n") if line)
    return [*ENGLISH.read_bytes().rstrip(b"\n").split(b"\n"), *islice(korean, KOREAN_LINES)]


def send_bulk(api: str, lines: Sequence[bytes]) -> Sent:
    """Send all lines, up to 10,000 per request, alternately as plain text and as JSON."""
    sent, run = Sent(), uuid.uuid4()
    with Client(api) as client:
        for number, start in enumerate(range(0, len(lines), PER_REQUEST)):
            part = lines[start : start + PER_REQUEST]
            if number % 2:
                body, content_type = (
                    json.dumps({"texts": [line.decode() for line in part]}).encode(),
                    "application/json",
                )
            else:
                body, content_type = b"\n".join(part), "text/plain; charset=utf-8"
            answer = client.submit("/dummies/bulk", body, content_type, f"{run}-{number}")
            sent.add(part, answer["ids"])
        sent.repeats = client.repeats
    return sent


def send_singly(api: str, lines: Sequence[bytes]) -> Sent:
    """Send each line in a request of its own, with 16 concurrent clients."""
    sent = Sent()
    with ThreadPoolExecutor(SINGLE_CLIENTS) as pool:
        shares = [lines[number::SINGLE_CLIENTS] for number in range(SINGLE_CLIENTS)]
        for share in pool.map(lambda share: _send_share(api, share), shares):
            sent.add(share.lines, share.ids)
            sent.repeats += share.repeats
    return sent


def _send_share(api: str, lines: Sequence[bytes]) -> Sent:
    sent = Sent()
    with Client(api) as client:
        for line in lines:
            body = json.dumps({"text": line.decode()}).encode()
            answer = client.submit("/dummies/", body, "application/json", str(uuid.uuid4()))
            sent.add([line], [answer["id"]])
        sent.repeats = client.repeats
    return sent


class Table:
    """The rows added since this object was created."""

    def __init__(self, database: str) -> None:
        """Connect to this database."""
        self._connection = psycopg2.connect(database, connect_timeout=3, options="-c statement_timeout=30000")
        self._connection.autocommit = True
        [[self._last]] = self._fetch("SELECT coalesce(max(seq), 0) FROM dummies")

    def wait_for(self, rows: int) -> None:
        """Wait until there are at least this many rows. Raises Mismatch after two minutes."""
        deadline = time.monotonic() + STORED_WITHIN
        while (stored := self._count()) < rows:
            if time.monotonic() > deadline:
                raise Mismatch(f"{stored} of {rows} strings are stored after {STORED_WITHIN:.0f} s")
            time.sleep(0.05)

    def texts(self) -> dict[str, bytes]:
        """Return each row's id and text, in the bytes that PostgreSQL holds."""
        rows = self._fetch("SELECT id::text, convert_to(text, 'UTF8') FROM dummies WHERE seq > %s", self._last)
        return {row_id: bytes(text) for row_id, text in rows}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _count(self) -> int:
        [[count]] = self._fetch("SELECT count(*) FROM dummies WHERE seq > %s", self._last)
        return int(count)

    def _fetch(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()


def check_rows(sent: Sent, stored: dict[str, bytes]) -> None:
    """Raise Mismatch unless all ids differ and the rows are the lines, byte for byte, each under its id."""
    if len(set(sent.ids)) != len(sent.lines):
        raise Mismatch(f"{len(set(sent.ids))} different ids for {len(sent.lines)} strings")
    if sorted(stored.values()) != sorted(sent.lines):
        raise Mismatch(f"{len(stored)} rows differ from the {len(sent.lines)} lines sent")
    if stored != dict(zip(sent.ids, sent.lines, strict=True)):
        raise Mismatch("a row has the id of another string")


def check_statuses(api: str, sent: Sent) -> None:
    """Raise Mismatch unless the API reports every id as stored, with its text."""
    expected = dict(zip(sent.ids, sent.lines, strict=True))
    with Client(api) as client:
        for ids in _parts(sent.ids, IDS_PER_REQUEST):
            items = client.get("/dummies/?" + urlencode({"id": ids}, doseq=True))["items"]
            said = {item["id"]: (item["status"], (item["text"] or "").encode()) for item in items}
            if said != {id_: ("stored", expected[id_]) for id_ in ids}:
                raise Mismatch(
                    f"the statuses of {ids[0]} and the {len(ids) - 1} ids after it differ from what was sent"
                )


def _parts(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def run(api: str, database: str, lines: Sequence[bytes], singles: int = SINGLES) -> Iterator[str]:
    """Send all lines in bulk and some also singly; yield a line of figures for each step.

    Raises Mismatch or benchmarks.client.Refused if the system breaks its promise.
    """
    table = Table(database)
    try:
        start = time.perf_counter()
        sent = send_bulk(api, lines)
        yield _figure("accepted in bulk", len(lines), start, f", {sent.repeats} requests repeated after a 503")
        table.wait_for(len(lines))
        yield _figure("stored, from the first request to the last row", len(lines), start)
        start = time.perf_counter()
        chosen = lines[:: max(1, len(lines) // singles)][:singles]
        single = send_singly(api, chosen)
        note = f" by {SINGLE_CLIENTS} clients, {single.repeats} requests repeated after a 503"
        yield _figure("accepted singly", len(chosen), start, note)
        sent.add(single.lines, single.ids)
        table.wait_for(len(sent.lines))
        yield _figure("stored, from the first request to the last row", len(chosen), start)
        check_rows(sent, table.texts())
        start = time.perf_counter()
        check_statuses(api, sent)
        yield _figure("found stored, by their status", len(sent.ids), start)
    finally:
        table.close()


def _figure(what: str, strings: int, start: float, note: str = "") -> str:
    seconds = time.perf_counter() - start
    return f"{strings:,} strings {what}: {seconds:.2f} s, {strings / seconds:,.0f}/s{note}"


def main() -> None:
    """Test the given system or one of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_input", description=__doc__)
    parser.add_argument("--api", metavar="URL", help="the API of a running system, http://host:port")
    parser.add_argument("--database", metavar="URL", help="its database, postgresql://role:password@host:port/name")
    arguments = parser.parse_args()
    if bool(arguments.api) != bool(arguments.database):
        parser.error("give both --api and --database, or neither")
    try:
        lines = read_lines()
    except FileNotFoundError as error:
        sys.exit(str(error))
    if arguments.api:
        _report(arguments.api, arguments.database, lines)
        return
    with tempfile.TemporaryDirectory() as folder, System(Path(folder)) as system:
        system.start_api()
        system.start_worker()
        _report(system.api_url, system.postgres.reader_url, lines)


def _report(api: str, database: str, lines: Sequence[bytes]) -> None:
    try:
        for figure in run(api, database, lines):
            print(figure, flush=True)
    except Mismatch as error:
        sys.exit(f"MISMATCH: {error}")
    print("every row, status and id is correct")


if __name__ == "__main__":
    main()
