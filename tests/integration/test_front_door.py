"""The API's port is nginx' too: programs get all of the API there, and what slow clients leave half sent is bounded."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from email.message import Message
from itertools import chain, cycle

import pytest
from front import POST, Web, answer_of, connect, get_head, serving, with_body
from slow import raised_file_limit
from support import query

from local.system import System

TYPE = "urn:ix-dummies:problem:"
SILENCE = 10.0  # s that a client may be silent
LATE = 15.0  # s that this machine may be late


@pytest.fixture(scope="module", autouse=True)
def many_files() -> Iterator[None]:
    with raised_file_limit():
        yield


@pytest.fixture(scope="module")
def web(system: System) -> Iterator[Web]:
    """Nginx before the module's API."""
    with serving(system, "front") as made:
        yield made


def assert_problem(connection: socket.socket, status: int, name: str) -> Message:
    """Check that the response is this problem, in full; return its headers."""
    found, headers, body = answer_of(connection)
    assert (found, headers["Content-Type"]) == (status, "application/problem+json")
    problem = json.loads(body)
    assert (problem["type"], problem["status"]) == (TYPE + name, status)
    assert problem["title"]
    assert problem["detail"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Request-ID"]
    return headers


PAGE = ["/index.html", "/settings.json", "/assets/built.js", "/-draining/", "/-problem/busy"]
API = ["/dummies", "/dummies/", "/pipeline", "/openapi.json", "/docs", "/docs/style.css", "/healthz", "/readyz"]
MALFORMED = {
    "no HTTP": (b"\x16\x03\x01\r\n\r\n", 400, "bad-request"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "bad-request"),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400, "bad-request"),
    "above the root": (get_head("/../x"), 400, "bad-request"),
    "two lengths": (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400, "bad-request"),
    "length and chunks": (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "bad-request"),
    "no chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "bad-request"),
    "other coding": (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501, "bad-request"),
    "HTTP/9": (b"GET / HTTP/9.0\r\nHost: a\r\n\r\n", 505, "bad-request"),
    "TRACE": (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method-not-allowed"),
    "long line": (get_head("/" + 9000 * "a"), 414, "too-large"),
    "long header": (POST + b"X: " + b"a" * 9000 + b"\r\n\r\n", 431, "too-large"),
    "many headers": (POST + b"".join(b"X%d: %s\r\n" % (n, b"a" * 3000) for n in range(9)) + b"\r\n", 431, "too-large"),
    "large body": (POST + b"Content-Length: 99999999\r\n\r\n", 413, "too-large"),
}


@pytest.mark.parametrize("path", PAGE)
def test_programs_get_the_api_and_not_the_page(web: Web, path: str) -> None:
    with connect(web.api_port, get_head(path)) as connection:
        assert_problem(connection, 404, "not-found")


def test_people_who_open_the_apis_port_find_the_documentation(web: Web) -> None:
    with connect(web.api_port, get_head("/")) as connection:
        status, headers, _ = answer_of(connection)
    assert (status, headers["Location"], headers.get_all("Cache-Control")) == (302, "/docs", ["no-store"])


@pytest.mark.parametrize("path", API)
def test_programs_get_all_of_the_api(web: Web, path: str) -> None:
    with connect(web.api_port, get_head(path)) as connection:
        assert answer_of(connection)[0] == 200


@pytest.mark.parametrize("path", [*API, "/nothing", "/dummies/%0A"])
def test_before_nginx_ends_programs_let_go_of_their_connections(web: Web, path: str) -> None:
    with connect(web.api_port, get_head(path)) as connection:
        status, headers, _ = answer_of(connection)
        assert headers["Connection"] == "keep-alive"
    (web.folder / "draining").touch()
    try:
        with connect(web.api_port, get_head(path)) as connection:
            again, closing, _ = answer_of(connection)
            assert (again, closing["Content-Type"]) == (status, headers["Content-Type"])
            assert closing["Connection"] == "close"
    finally:
        (web.folder / "draining").unlink()


@pytest.mark.parametrize("what", MALFORMED)
def test_whatever_nginx_refuses_has_the_form_of_a_problem(web: Web, what: str) -> None:
    sent, status, name = MALFORMED[what]
    with connect(web.api_port, sent) as connection:
        assert_problem(connection, status, name)


def test_a_load_of_small_requests_from_one_address_is_not_limited(web: Web) -> None:
    sent = with_body(POST, b'{"text": "small"}')

    async def post(times: int) -> list[int]:
        reader, writer = await asyncio.open_connection("127.0.0.1", web.api_port)
        statuses = []
        for _ in range(times):
            writer.write(sent)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].split()[0]))
            statuses.append(int(head[9:12]))
        writer.close()
        return statuses

    async def post_all() -> Counter[int]:
        return Counter(chain.from_iterable(await asyncio.gather(*(post(12) for _ in range(256)))))

    with ThreadPoolExecutor(1) as thread:  # one of its own: a browser's test leaves a loop in this one
        assert thread.submit(lambda: asyncio.run(post_all())).result() == {202: 256 * 12}


def half_sent(length: int | None) -> bytes:
    """Return a request that lacks its body, or without a length the rest of a chunk."""
    return POST + (b"Content-Length: %d\r\n\r\n" % length if length else b"Transfer-Encoding: chunked\r\n\r\n5\r\n")


@pytest.mark.parametrize(
    ("lengths", "from_one"),
    [((100_000,), 32), ((1_048_600,), 8), ((8_000_000,), 3), ((None,), 3), ((8_000_000, None), 3)],
)
def test_unfinished_bodies_are_bounded_for_each_address_and_in_all(
    system: System, lengths: tuple[int | None, ...], from_one: int
) -> None:
    """On either port; one too many is told when to retry, and small ones are served meanwhile."""
    heads = cycle(map(half_sent, lengths))
    with serving(system, f"bounded-{lengths}") as web, ExitStack() as held:
        for address in ("127.0.0.2", "127.0.0.3"):
            for n in range(from_one):
                held.enter_context(connect([web.port, web.api_port][n % 2], next(heads), address))
            with connect(web.port, next(heads), address) as connection:
                assert_problem(connection, 503, "busy")
        with connect(web.api_port, next(heads), "127.0.0.4") as connection:
            assert assert_problem(connection, 503, "busy")["Retry-After"] == "2"
        with connect(web.api_port, with_body(POST, b'{"text": "a"}'), "127.0.0.2") as connection:
            assert answer_of(connection)[0] == 202
        assert web.get("/pipeline").status == 200


def test_one_address_has_one_export_at_most(system: System, web: Web) -> None:
    add_rows(system)
    with connect(web.api_port, get_head("/dummies/export"), "127.0.0.2") as reader:
        assert reader.recv(12) == b"HTTP/1.1 200"
        with connect(web.port, get_head("/dummies/export"), "127.0.0.2") as connection:
            assert_problem(connection, 503, "busy")


def test_a_silent_client_is_disconnected_and_one_that_sends_is_not(system: System, web: Web) -> None:
    """Hundreds of half-sent requests on either port shut no one out meanwhile."""
    add_rows(system)
    silent = [b"", b"GET / HTTP/1.1\r\nHost: ", POST, *map(half_sent, (200, 100_000, 8_000_000, None))]
    with ExitStack() as held, ThreadPoolExecutor(32) as pool:
        steady = pool.submit(send_steadily, web.api_port, SILENCE + 1)
        ends = [
            pool.submit(seconds_until_closed, held.enter_context(connect(port, sent, f"127.0.1.{place}")))
            for place, sent in enumerate(silent, start=1)
            for port in (web.port, web.api_port)
        ]
        export = get_head("/dummies/export")
        readers = [held.enter_context(connect(web.api_port, export, f"127.0.2.{place}")) for place in (1, 2)]
        for number in range(400):
            held.enter_context(connect(web.api_port, half_sent(200), f"127.0.3.{1 + number % 2}"))
            for port in (web.port, web.port, web.api_port):
                held.enter_context(connect(port, b"GET /pipeline HTTP/1.1\r\nX-Slow: "))
        for port, sent in ((web.port, get_head("/")), (web.api_port, with_body(POST, b'{"text": "quick"}'))):
            with connect(port, sent) as connection:
                connection.settimeout(LATE)
                assert answer_of(connection)[0] in {200, 202}
        assert [end for end in ends if not SILENCE - 1 < end.result() < SILENCE + LATE] == []
        assert steady.result() == 202
        with connect(web.api_port, export, "127.0.2.1") as connection:
            assert answer_of(connection)[2].count(b"\n") >= ROWS
        assert max(map(seconds_until_closed, readers)) < LATE


ROWS = 60


def add_rows(system: System) -> None:
    """Store more than the buffers on an export's path hold."""
    columns = "gen_random_uuid(), repeat('x', 50000), now()"
    query(system, f"INSERT INTO dummies (id, text, received_at) SELECT {columns} FROM generate_series(1, {ROWS})")


def seconds_until_closed(connection: socket.socket) -> float:
    """Return the seconds after which the other end closes a connection; many if it does not."""
    began = time.monotonic()
    try:
        while connection.recv(1024):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return float("inf")
    return time.monotonic() - began


def send_steadily(port: int, seconds: float) -> int:
    """Send 8 KiB of a body a second for this long; return the status of the response."""
    pieces, end = [b" " * 2048] * int(4 * seconds), b'{"text": "steady"}'
    with connect(port, POST + b"Content-Length: %d\r\n\r\n" % (2048 * len(pieces) + len(end))) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.25)
        connection.sendall(end)
        return answer_of(connection)[0]
