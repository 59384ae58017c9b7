"""What one reader may cost: searches that are slow by design, answers that are large, readers that do not read."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from attacks.bystander import ADDRESS, PATIENCE, Bystander
from attacks.conftest import Attacked
from attacks.limits import MIB, forget_peak, memory_limit, peak_memory
from front import connect, get_head
from support import eventually, query

from api.views.export import CONCURRENT_EXPORTS
from local.system import System

pytestmark = pytest.mark.timeout(120)
HOSTILE = {"q": "b" + "a" * 199}
"""Compared with `aaa…`, PostgreSQL looks at 200 characters at each place before it moves on by one."""
SLOW_READERS = 40


def plant(system: System, character: str) -> None:
    """Store long rows, which are the newest: pages, exports and searches begin there."""
    rows = f"SELECT gen_random_uuid(), repeat('{character}', 65536), now() FROM generate_series(1, 400)"
    query(system, f"INSERT INTO dummies (id, text, received_at) {rows}")


@pytest.fixture
def slow_to_search(attacked: Attacked) -> Attacked:
    """The tiers with rows that are slow to search."""
    plant(attacked.system, "a")
    return attacked


@pytest.fixture
def large(attacked: Attacked) -> Attacked:
    """The tiers with rows whose characters take six bytes each in JSON."""
    plant(attacked.system, "\x01")
    return attacked


def get(port: int, path: str, source: str) -> tuple[int, dict[str, Any], http.client.HTTPMessage]:
    """Return status, body and headers of an answer, which must come in time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE, source_address=(source, 0))
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null"), answer.headers
    finally:
        connection.close()


@contextmanager
def repeated(count: int, act: Callable[[int], None]) -> Iterator[None]:
    """Have this many clients, told apart by a number, do something over and over."""
    over = threading.Event()

    def repeat(number: int) -> None:
        while not over.is_set():
            try:
                act(number)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)

    threads = [threading.Thread(target=repeat, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_searches_that_are_slow_by_design_keep_no_one_from_reading(slow_to_search: Attacked) -> None:
    """A reader's own string is read, listed and found meanwhile; none is told that the database is unavailable."""
    port, word = slow_to_search.web.api_port, f"word {uuid4()}"
    own = str(uuid4())
    query(slow_to_search.system, "INSERT INTO dummies (id, text, received_at) VALUES (%s, %s, now())", own, word)
    problems: list[tuple[int, str]] = []

    def read(path: str) -> dict[str, Any]:
        """Read as a client that repeats what is answered with `busy`."""
        until = time.monotonic() + PATIENCE
        while True:
            status, body, headers = get(port, path, ADDRESS)
            if status == http.HTTPStatus.OK or time.monotonic() > until:
                assert status == http.HTTPStatus.OK, body
                return body
            problems.append((status, body["type"].rpartition(":")[2]))
            time.sleep(float(headers["Retry-After"]))

    def search(number: int) -> None:
        status, body, _ = get(port, f"/dummies/?{urlencode(HOSTILE)}", f"127.0.0.{20 + number}")
        problems.extend([(status, body["type"].rpartition(":")[2])] if status != http.HTTPStatus.OK else [])

    with repeated(8, search), Bystander(slow_to_search):
        for _ in range(5):
            assert read(f"/dummies/{own}")["status"] == "stored"
            assert read(f"/dummies/?id={own}")["items"][0]["text"] == word
            assert read("/dummies/?limit=1&preview=400")["items"]
            assert word in [found["text"] for found in read(f"/dummies/?{urlencode({'q': word})}")["items"]]
    assert {name for _, name in problems} <= {"busy"}, problems


def test_slow_searches_from_many_addresses_leave_threads_to_others(slow_to_search: Attacked) -> None:
    """Each may wait for one of the few connections for searches; together they would wait in every thread."""
    statuses: set[tuple[int, str | None]] = set()

    def search(number: int) -> None:
        status, body, _ = get(slow_to_search.web.api_port, f"/dummies/?{urlencode(HOSTILE)}", f"127.0.1.{1 + number}")
        statuses.add((status, body.get("type")))

    with repeated(64, search), Bystander(slow_to_search, least=20):
        time.sleep(3)
    assert statuses == {(200, None), (503, "urn:ix-dummies:problem:busy")}


def test_a_search_looks_at_so_much_that_it_answers_in_time(slow_to_search: Attacked) -> None:
    """However little each of its answers covers, the next one goes on behind it."""
    reached: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(5):
        began = time.monotonic()
        status, page, _ = get(slow_to_search.web.api_port, f"/dummies/?{urlencode(HOSTILE | cursor)}", ADDRESS)
        assert (status, time.monotonic() - began < PATIENCE) == (200, True)
        assert page["items"] == []
        reached.append(page["looked_back_to"])
        cursor = {"cursor": page["next_cursor"]}
    assert reached == sorted(set(reached), reverse=True)


def test_large_answers_that_no_one_reads_fit_into_memory(large: Attacked) -> None:
    """Pages, and the strings of many ids, whose texts take six times their size in JSON; alone as well."""
    ids = [row[0] for row in query(large.system, "SELECT id::text FROM dummies ORDER BY seq DESC LIMIT 200")]
    paths = [
        "/dummies/?limit=200",
        "/dummies/?" + urlencode([("id", each) for each in ids[:100]]),
        f"/dummies/{ids[0]}",
    ]
    forget_peak(large.api.pid)
    with Bystander(large), ExitStack() as opened:
        answered = [
            opened.enter_context(connect(large.web.api_port, get_head(path), f"127.0.0.{70 + number}")).recv(12)
            for number in range(SLOW_READERS)
            for path in paths
        ]
        time.sleep(2)
    _fits(large)
    assert answered.count(b"HTTP/1.1 200") > len(answered) / 2


def test_exports_that_no_one_reads_leave_a_clear_answer_to_the_next(large: Attacked) -> None:
    head, port = get_head("/dummies/export"), large.web.api_port
    forget_peak(large.api.pid)
    with Bystander(large), ExitStack() as opened:
        for number in range(2 * CONCURRENT_EXPORTS):
            opened.enter_context(connect(port, head, f"127.0.0.{40 + number}"))
        answer = http.client.HTTPResponse(opened.enter_context(connect(port, head, "127.0.0.60")))
        answer.begin()
        if answer.status != http.HTTPStatus.OK:
            assert (answer.status, json.loads(answer.read())["type"]) == (503, "urn:ix-dummies:problem:busy")
            assert int(answer.headers["Retry-After"]) > 0
        time.sleep(3)
    _fits(large)
    eventually(lambda: _begins(port, head), within=30)


def _begins(port: int, head: bytes) -> bool:
    """Tell whether a request is answered with 200; no more of the answer is read."""
    with connect(port, head, "127.0.0.61") as connection:
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status == http.HTTPStatus.OK


def _fits(attacked: Attacked) -> None:
    peak = peak_memory(attacked.api.pid)
    print(f"the API held {peak / MIB:.0f} MiB at most")
    assert peak < memory_limit("api/deployment.yaml")
